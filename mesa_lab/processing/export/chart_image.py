"""Charts as pictures and pages, made on this machine: nothing is fetched from a network."""

from __future__ import annotations

import functools
import json
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ExportError
from mesa_lab.files import path_of
from mesa_lab.processing.charts.tooltips import with_plain_texts
from mesa_lab.processing.export.atomic_write import whole_file

if TYPE_CHECKING:
    import altair as alt

__all__ = ["PICTURES", "convert", "render", "save_chart", "warm_up"]

_STAND_IN: Final = "mesa-lab-chart"
_POLICY: Final = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:\">"
)
"""Vega compiles its expressions; a page that fetches nothing cannot be made to tell anyone that it was opened."""

_UNDRAWABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPED: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\(?:u00[01][0-9a-f]|ufff[ef]|[bf])")
"""How JSON, and an expression of Vega, write the first of them: behind backslashes in pairs, which stand for themselves."""

_EXPRESSIONS: Final = {"calculate", "expr", "filter", "labelExpr", "test"}

PICTURES: Final = (".png", ".svg", ".pdf", ".html", ".json")


def save_chart(chart: alt.TopLevelMixin, path: str | Path, scale: float = 2.0) -> Path:
    """Write a chart as a picture or a page. Nothing is fetched from a network.

    Args:
        chart: Any altair chart.
        path: Ends in `.png`, `.svg`, `.pdf`, `.html` (interactive, complete in itself) or `.json` (Vega-Lite).
        scale: Pixels per point in a PNG.

    Returns:
        The path.

    Raises:
        ExportError: If the name ends in something else, or the file cannot be written.
    """
    path = path_of(path, "picture", ExportError)
    kind = path.suffix.lower()
    if kind not in PICTURES:
        raise ExportError(
            f"'{path.name}' ends in '{path.suffix}'. Charts can be written as {', '.join(PICTURES)}."
        )
    content = render(chart, kind.removeprefix("."), scale)
    with whole_file(path) as draft:
        if isinstance(content, bytes):
            draft.write_bytes(content)
        else:
            draft.write_text(content, encoding="utf-8")
    return path


def render(chart: alt.TopLevelMixin, kind: str, scale: float = 2.0) -> bytes | str:
    """Return a chart as png or pdf bytes, or as svg, html or json text.

    Raises:
        ExportError: If the converter does not know altair's version of Vega-Lite.
    """
    return convert(
        chart.to_dict(validate=False), kind, scale
    )  # altair has checked each part when it was made


def convert(spec: dict[str, Any], kind: str, scale: float = 2.0) -> bytes | str:
    """Return a Vega-Lite specification as png or pdf bytes, or as svg, html or json text.

    Other threads of Python go on meanwhile; conversions take turns.

    Raises:
        ExportError: If the converter does not know the specification's version of Vega-Lite.
    """
    spec = with_plain_texts(spec)
    if kind == "json":
        return json.dumps(spec, indent=1, ensure_ascii=False)
    import vl_convert

    version = _vegalite_version(spec)
    if kind != "html":
        spec = _drawable(spec)
    if kind == "png":
        return bytes(vl_convert.vegalite_to_png(spec, vl_version=version, scale=scale))
    if kind == "pdf":
        return bytes(vl_convert.vegalite_to_pdf(spec, vl_version=version))
    if kind == "svg":
        return str(vl_convert.vegalite_to_svg(spec, vl_version=version))
    return _page(spec, version)


def _drawable(spec: dict[str, Any]) -> dict[str, Any]:
    """Replace the characters that no XML may hold: the converter draws by way of SVG, and ends this process where it finds one."""
    written = json.dumps(spec, ensure_ascii=False)
    # An expression is written as a text within the text: its backslashes are doubled.
    suspect = _UNDRAWABLE.search(written) or re.search(r"\\(?:u00[01]|ufff[ef]|[bf])", written)
    return _clean(spec) if suspect else spec


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _UNDRAWABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {
            _clean(name): _ESCAPED.sub(r"\1\\ufffd", each)
            if name in _EXPRESSIONS and isinstance(each, str)
            else _clean(each)
            for name, each in value.items()
        }
    return [_clean(each) for each in value] if isinstance(value, list) else value


@functools.cache
def _empty_page(version: str) -> tuple[str, str]:
    """Return what comes before and after the specification in a page with all of Vega.

    The converter writes specifications into a script as they are, and a text of the user such as `</script>` would end it.
    """
    import vl_convert

    spec = {"$schema": f"https://vega.github.io/schema/vega-lite/v{version}.json", "description": _STAND_IN}
    page = str(vl_convert.vegalite_to_html(spec, vl_version=version, bundle=True, renderer="svg"))
    found = re.search(rf"(?<=const spec = )\{{[^{{}}]*{_STAND_IN}[^{{}}]*\}}", page)
    if found is None:
        raise ExportError(
            "The installed vl-convert writes pages in a way that Mesa Lab does not know, so that charts cannot be "
            "written as .html. Write the chart as .svg, or install the version that Mesa Lab names: "
            "pip install -U mesa-lab"
        )
    before = page[: found.start()].replace("<head>", f"<head>\n    {_POLICY}", 1)
    return before, page[found.end() :]


def _page(spec: dict[str, Any], version: str) -> str:
    """Return a page that draws a chart; texts of the chart stay within their quotation marks, and nothing is fetched."""
    text = json.dumps(spec)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.join(_empty_page(version))


def warm_up() -> None:
    """Start the converter in a thread while the caller prepares what it is to draw.

    Its JavaScript engine takes as long to start as a dozen charts to draw, and needs no Python for that.
    """
    schema = "https://vega.github.io/schema/vega-lite/v6.json"
    spec = {
        "$schema": schema,
        "data": {"values": [{"x": 0}]},
        "mark": "text",
        "encoding": {"x": {"field": "x"}},
    }
    threading.Thread(target=convert, args=(spec, "svg"), name="mesa-lab-pictures").start()


def _vegalite_version(spec: dict[str, Any]) -> str:
    """Choose the converter's Vega-Lite that fits the chart: the same major version, and the nearest minor."""
    import vl_convert

    match = re.search(r"/v(\d+)\.(\d+)", str(spec.get("$schema", "")))
    known = [tuple(map(int, version.split("."))) for version in vl_convert.get_vegalite_versions()]
    if match is None:
        return ".".join(map(str, max(known)))
    major, minor = int(match[1]), int(match[2])
    fitting = sorted(
        (version for version in known if version[0] == major), key=lambda version: abs(version[1] - minor)
    )
    if not fitting:
        raise ExportError(
            f"The installed vl-convert does not know Vega-Lite {major}, which altair writes. Run: pip install -U vl-convert-python"
        )
    return ".".join(map(str, fitting[0]))
