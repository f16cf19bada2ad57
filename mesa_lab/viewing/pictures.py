"""Pictures of a model: what Mesa's viewer would show of it, as images.

Mesa's viewer is made of Solara components, and an author may have written more of them. They are shown here to nobody, and what
they would have put on a page is taken: images, Vega-Lite charts (drawn here as well) and text. Nothing of it is HTML any more
when it leaves this process.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import html
import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

__all__ = ["Picture", "pictures_of", "png_of_figure"]

type Picture = dict[str, str]
"""What is shown of a model: `title`, and `png` (base64) or `text`."""

_TEXT_CHARACTERS: Final = 2_000
_DPI: Final = 110


def pictures_of(model: Any, renderer: Any, components: Sequence[Any]) -> list[Picture]:
    """Return what a model's viewer would show.

    Args:
        model: The model.
        renderer: A `SpaceRenderer` for the model; None for none.
        components: Components as `SolaraViz` takes them.
    """
    found: list[Picture] = []
    parts: list[tuple[str, Callable[[], Any]]] = []
    if renderer is not None:
        parts.append(("Space", functools.partial(_space_component, model, renderer)))
    for component in components:
        function = component[0] if isinstance(component, tuple) else component
        name = str(getattr(function, "__name__", "") or getattr(function, "name", ""))
        if "CommandConsole" in name or "CommandConsole" in str(getattr(function, "f", "")):
            continue
        parts.append((_title(name), functools.partial(function, model)))
    for title, make in parts:
        try:
            found += _shown(title, make)
        except Exception as error:
            found.append({"title": title, "text": f"It could not be drawn: {type(error).__name__}: {error}"})
    return found


def png_of_figure(figure: Any) -> str:
    """Return a matplotlib figure as a PNG, in base64."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=_DPI, bbox_inches="tight")
    return base64.b64encode(out.getvalue()).decode("ascii")


def _space_component(model: Any, renderer: Any) -> Any:
    from mesa.visualization import solara_viz

    component = getattr(solara_viz, "SpaceRendererComponent", None)
    if component is None:  # before Mesa 3.3
        raise LookupError("this release of Mesa has no space renderer")
    return component(model, renderer)


def _shown(title: str, make: Callable[[], Any]) -> list[Picture]:
    """Render a component and take what it shows."""
    from reacton import render

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        box, context = render(make(), handle_error=False)
    try:
        return [{"title": title, **what} for what in _contents(box)]
    finally:
        with contextlib.suppress(Exception):
            context.close()  # type: ignore[no-untyped-call]


def _contents(widget: Any) -> Iterator[Picture]:
    """Yield the images and texts within a widget."""
    import ipywidgets  # type: ignore[import-untyped]

    if isinstance(widget, ipywidgets.Image):
        yield _image(bytes(widget.value), str(widget.format))
        return
    spec = getattr(widget, "spec", None)
    if isinstance(spec, dict) and (
        "mark" in spec or "layer" in spec or "$schema" in spec or "hconcat" in spec
    ):
        import vl_convert

        png = vl_convert.vegalite_to_png(spec, scale=1.5)
        yield {"png": base64.b64encode(png).decode("ascii")}
        return
    for name in ("template", "value", "unsafe_innerHTML"):
        text = getattr(widget, name, None)
        if isinstance(text, str) and "<" in text and (plain := _plain(text)):
            yield {"text": plain}
    for child in getattr(widget, "children", None) or ():
        if isinstance(child, str):
            if child.strip():
                yield {"text": child[:_TEXT_CHARACTERS]}
        else:
            yield from _contents(child)


def _image(data: bytes, kind: str) -> Picture:
    if kind.startswith("svg"):
        import vl_convert

        data = vl_convert.svg_to_png(data.decode())
    elif not data.startswith(b"\x89PNG"):
        from PIL import Image

        out = io.BytesIO()
        Image.open(io.BytesIO(data)).save(out, "PNG")
        data = out.getvalue()
    return {"png": base64.b64encode(data).decode("ascii")}


def _plain(markup: str) -> str:
    """The text of some HTML."""
    without = re.sub(r"(?is)<(script|style)\b.*?</\1>", " ", markup)
    without = re.sub(r"(?i)<br\s*/?>|</p>|</div>|</li>", "\n", without)
    text = html.unescape(re.sub(r"<[^>]*>", " ", without))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)[:_TEXT_CHARACTERS]


def _title(name: str) -> str:
    """A component's name as a heading."""
    if name.startswith(("MakePlot", "MakeSpace", "Plot", "function")):
        return "Space" if "Space" in name else "Outcomes"
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.removeprefix("get_")).replace("_", " ").strip()
    return words[:1].upper() + words[1:] if words else "Picture"
