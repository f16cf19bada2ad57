"""The front-end files are those of the lock file, and those that Solara and altair want."""

import hashlib
import json
import re
from pathlib import Path

import altair as alt
import pytest
import solara.server

from mesa_lab.app import asset_paths

VENDOR = asset_paths.vendor()
VERSIONS = json.loads((asset_paths.assets() / "package.json").read_text(encoding="utf-8"))["dependencies"]


def files():
    return sorted(path for path in VENDOR.rglob("*") if path.is_file() and path.name != "SHA256SUMS")


def test_nobody_changed_a_library():
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(VENDOR).as_posix()}\n"
        for path in files()
    )
    assert sums == (VENDOR / "SHA256SUMS").read_text(encoding="utf-8")


def test_they_stay_small():
    assert sum(path.stat().st_size for path in files()) < 8_000_000


def test_the_lock_file_fixes_what_the_package_file_names():
    lock = json.loads((asset_paths.assets() / "package-lock.json").read_text(encoding="utf-8"))
    locked = {name.removeprefix("node_modules/"): entry for name, entry in lock["packages"].items() if name}
    assert {name: entry["version"] for name, entry in locked.items()} == VERSIONS
    assert all(entry["integrity"].startswith("sha512-") for entry in locked.values())
    assert "http" not in json.dumps(lock)


def wanted_by_solara():
    """The addresses that a page asks for with Vue 3, in production, with ipywidgets 8."""
    template = Path(solara.server.__file__).parent / "templates" / "solara.html.j2"
    text = template.read_text(encoding="utf-8").replace("{{ipywidget_major_version}}", "8")
    addresses = re.findall(r"\{\{cdn\}\}/([^\"']+)", text)
    unused = ("vuetify-app@", "app8.js")  # Vue 2, and the readable build
    return [address for address in addresses if not any(part in address for part in unused)]


def test_there_is_what_the_page_asks_for():
    addresses = wanted_by_solara()
    assert len(addresses) == 4
    assert [address for address in addresses if not (VENDOR / address).is_file()] == []


def test_every_font_of_the_page_is_there():
    (sheet,) = VENDOR.glob("@widgetti/*/dist/fonts.css")
    wanted = set(re.findall(r"url\((\w+\.woff2)", sheet.read_text(encoding="utf-8")))
    assert len(wanted) > 10
    assert wanted == {path.name for path in sheet.parent.glob("*.woff2")}


@pytest.mark.parametrize(
    ("package", "prefix"), [("vega-lite", alt.SCHEMA_VERSION), ("vega", alt.VEGA_VERSION)]
)
def test_the_charts_are_of_the_version_that_altair_writes_for(package, prefix):
    assert f"v{VERSIONS[package]}".startswith(f"v{prefix.removeprefix('v')}")


def test_the_licences_are_named():
    text = (asset_paths.assets() / "LICENCES.md").read_text(encoding="utf-8")
    names = {"vega": "Vega", "vega-lite": "Vega-Lite", "vega-embed": "Vega-Embed", "requirejs": "RequireJS"}
    names["@widgetti/solara-vuetify3-app"] = "Solara's page library"
    assert [
        f"{names[package]} {version}"
        for package, version in VERSIONS.items()
        if f"{names[package]} {version}" not in text
    ] == []


def test_style_is_part_of_the_page():
    # Solara puts it into the page when it is small and asks for no other file.
    style = (asset_paths.assets() / "custom.css").read_bytes()
    assert len(style) < 10 * 1024
    assert b"url" not in style
