"""Each page loads the style sheets of the classes that it uses."""

import re
from pathlib import Path

import pytest

import mesa_lab

ROOT = Path(mesa_lab.__file__).parent
APP = ROOT / "app"
SHEETS = [*APP.rglob("*.css"), ROOT.parent / "assets" / "custom.css"]
EVERYWHERE = {"frame.css", "custom.css"}


def classes(text):
    return set(re.findall(r"(?<![#\w-])ml-[a-z][a-z0-9-]*", text))


def folders():
    """Where pages are; components look as the pages in which they stand."""
    return sorted(
        each.name for each in APP.iterdir() if (each / "__init__.py").exists() and each.name != "components"
    )


@pytest.mark.parametrize("folder", folders())
def test_no_class_is_styled_by_a_sheet_that_its_page_does_not_load(folder):
    text = "".join(path.read_text(encoding="utf-8") for path in (APP / folder).glob("*.py"))
    loaded = {sheet.name for sheet in SHEETS if sheet.name in text} | EVERYWHERE
    if "RunLook" in text:
        loaded.add("run.css")
    styled = {}
    for sheet in SHEETS:
        for name in classes(sheet.read_text(encoding="utf-8")):
            styled.setdefault(name, set()).add(sheet.name)
    missing = {name: styled[name] for name in classes(text) & styled.keys() if not styled[name] & loaded}
    assert not missing


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_width_reaches_below_a_scrollbar(sheet):
    """100vw is the window with its vertical scrollbar: what is as wide as that lies below it, and its edges beside those of the page."""
    assert "100vw" not in sheet.read_text(encoding="utf-8")
