"""Charts as pictures and pages, made on this machine: nothing is fetched from a network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ExportError
from mesa_lab.processing.export.atomic_write import whole_file

if TYPE_CHECKING:
    import altair as alt

__all__ = ["PICTURES", "render", "save_chart"]

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
    path = Path(path)
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
    import vl_convert

    spec = chart.to_dict(validate=False)  # altair has checked each part when it was made
    version = _vegalite_version(spec)
    if kind == "json":
        return json.dumps(spec, indent=1, ensure_ascii=False)
    if kind == "png":
        return bytes(vl_convert.vegalite_to_png(spec, vl_version=version, scale=scale))
    if kind == "pdf":
        return bytes(vl_convert.vegalite_to_pdf(spec, vl_version=version))
    if kind == "svg":
        return str(vl_convert.vegalite_to_svg(spec, vl_version=version))
    return str(vl_convert.vegalite_to_html(spec, vl_version=version, bundle=True, renderer="svg"))


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
