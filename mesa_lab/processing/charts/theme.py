"""How charts look: colours that colour-blind people and black-and-white printers tell apart, and calm axes.

The settings belong to each chart; nothing process-wide is touched. The palette is that of Okabe and Ito (2008), each
colour with a dash and a shape of its own; ordered things take viridis (van der Walt and Smith, 2015).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import OutcomeError
from mesa_lab.formatting import shorten
from mesa_lab.processing.charts.themed import themed

if TYPE_CHECKING:
    import altair as alt

__all__ = [
    "BOTH",
    "DASHES",
    "SHAPES",
    "THEMES",
    "Theme",
    "colours",
    "finish",
    "gradient",
    "in_lines",
    "in_theme",
    "key",
    "theme_of",
]

FONT: Final = "Roboto, Helvetica Neue, Helvetica, Arial, sans-serif"

CLEAR: Final = {"labelOpacity": 1, "titleOpacity": 1}
"""The colours are quiet enough, whatever the page around a chart sets."""

DASHES: Final = ([1, 0], [8, 3], [2, 2], [8, 3, 2, 3], [14, 4], [4, 2], [8, 2, 2, 2, 2, 2], [1, 4])
SHAPES: Final = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)

_NUMBERS: Final = {
    "decimal": ".",
    "thousands": ",",
    "grouping": [3],
    "currency": ["", ""],
    "percent": "\N{NO-BREAK SPACE}%",
}
"""How Vega writes numbers: shares as in the sentences beside a chart."""

_MOST_LINES: Final = 3
"""Of a title."""

_VIRIDIS: Final = ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725")


@dataclass(frozen=True)
class Theme:
    """The colours of a chart.

    Attributes:
        background: Behind everything.
        ink: Titles and values.
        muted: Subtitles, axis labels.
        line: Axis lines.
        grid: Grid lines.
        accent: The colour of what is not told apart by colour.
        colours: For what is.
    """

    background: str
    ink: str
    muted: str
    line: str
    grid: str
    accent: str
    colours: tuple[str, ...]


THEMES: Final = {
    "light": Theme(
        background="#ffffff",
        ink="#1d2129",
        muted="#5b6370",
        line="#c4c9d1",
        grid="#eceef1",
        accent="#0072B2",
        colours=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8a7a00"),
    ),
    "dark": Theme(
        background="#1c2226",
        ink="#eceef1",
        muted="#a7afbb",
        line="#4a515c",
        grid="#2b3038",
        accent="#56B4E9",
        colours=("#56B4E9", "#E69F00", "#2fc79b", "#e3a0c8", "#F0E442", "#ff8a4c", "#ffffff", "#8fa3ff"),
    ),
}


BOTH: Final = "light or dark"
"""A chart drawn in this theme becomes a picture once, and takes the colours of either theme afterwards (`in_theme`)."""

_COLOURS: Final = ("background", "ink", "muted", "line", "grid", "accent")
# Colours that stand for those of a theme: of its fields, of its palette, and of the steps of viridis (count and number).
_FIELD, _PALETTE, _STEP = "#1b07", "#1b08", "#1e"
_STAND_INS: Final = Theme(
    **{name: f"{_FIELD}{number:02x}" for number, name in enumerate(_COLOURS)},
    colours=tuple(f"{_PALETTE}{number:02x}" for number in range(len(THEMES["light"].colours))),
)
# In the attributes of an SVG only: the texts between its tags are the user's.
_STAND_IN: Final = re.compile(r'(?<=[a-z]=")(#1b0[78][0-9a-f]{2}|#1e[0-9a-f]{4})(?=")')


def in_theme(svg: str, name: str) -> str:
    """Give a picture that was drawn in the theme `BOTH` the colours of a theme.

    Args:
        svg: The picture.
        name: "light" or "dark".

    Returns:
        The picture as it would be if its chart had been drawn in that theme.
    """
    theme = theme_of(name)

    def colour(match: re.Match[str]) -> str:
        stand_in = match[0]
        if stand_in.startswith(_STEP):
            count, number = int(stand_in[3:5], 16), int(stand_in[5:7], 16)
            return colours(theme, count, ordered=True)[number]
        number = int(stand_in[5:7], 16)
        return (
            theme.colours[number] if stand_in.startswith(_PALETTE) else str(getattr(theme, _COLOURS[number]))
        )

    return _STAND_IN.sub(colour, svg)


def theme_of(name: str) -> Theme:
    """Find a theme.

    Raises:
        OutcomeError: If there is none of this name.
    """
    if name == BOTH:
        return _STAND_INS
    if name not in THEMES:
        raise OutcomeError(f"Unknown theme '{name}'. There are: {', '.join(THEMES)}.")
    return THEMES[name]


def colours(theme: Theme, count: int, *, ordered: bool) -> list[str]:
    """Return so many colours: steps of viridis for what has an order, else the palette."""
    if not ordered or count <= 2:
        return [theme.colours[number % len(theme.colours)] for number in range(count)]
    if theme is _STAND_INS:
        return [f"{_STEP}{count:02x}{number:02x}" for number in range(count)]
    dark = theme is THEMES["dark"]
    low, high = (
        (2.0, 7.0) if dark else (0.0, 5.6)
    )  # the ends that would vanish in the background are left out
    at = [low + (high - low) * number / (count - 1) for number in range(count)]
    return [_between(_VIRIDIS[int(spot)], _VIRIDIS[min(int(spot) + 1, 7)], spot % 1) for spot in at]


def _between(one: str, other: str, share: float) -> str:
    pairs = ((int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5))
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def key(labels: Sequence[str], title: str, width: int, size: int = 420) -> Any:
    """Return the legend of some groups below a chart, in as many columns as fit; None when there is one group."""
    import altair as alt

    if len(labels) < 2:
        return None
    each = 44 + 6.2 * max(map(len, labels))
    return alt.Legend(
        title=title or None,
        orient="bottom",
        direction="horizontal",
        columns=max(1, int(width // each)),
        symbolSize=size,
        symbolOpacity=1,
        offset=12,
    )


def finish(chart: Any, table: Any, theme: Theme, width: int) -> alt.TopLevelMixin:
    """Put the title on a chart and dress it.

    Args:
        chart: An altair chart that nothing else holds.
        table: What it shows, whose `attrs["chart"]` holds the caption.
        theme: The colours.
        width: Width of the chart in pixels: titles are wrapped to it.

    Returns:
        The same chart. The theme is put on when it is shown, so that it can be put together with others.
    """
    import altair as alt

    caption = table.attrs["chart"]
    title = alt.TitleParams(
        text=_wrapped([caption["title"]], max(width, 420) / 8.2),
        subtitle=_wrapped(caption["subtitle"], max(width, 420) / 6.2),
        anchor="start",
        frame="group" if not isinstance(chart, alt.ConcatChart) else "bounds",
        offset=14,
    )
    # `properties` would copy the chart with all its layers.
    chart.title, chart.description = title, caption["alt"]
    return themed(chart, theme, _of_a_picture)  # type: ignore[no-any-return]


def _of_a_picture(theme: Theme) -> dict[str, Any]:
    return {"config": config(theme), "background": theme.background, "padding": 12}


def gradient(share: bool, extent: tuple[float, float] = (0, 1)) -> alt.Scale:
    """Return a colour scale, or a part of it; that of a share runs from 0 to 1."""
    import altair as alt

    scheme = alt.SchemeParams(name="viridis", extent=list(extent))
    return alt.Scale(scheme=scheme, domain=[0, 1] if share else alt.Undefined)


def in_lines(text: str, pixels: float, most: int = 2) -> Any:
    """Return the title of an axis or legend in as many lines as it needs, and cut in the middle where that is too many.

    Args:
        text: The title.
        pixels: How long a line may be.
        most: How many lines there may be.

    Example:
        >>> in_lines("happy", 300), in_lines("share of agents that are happy", 120)
        ('happy', ['share of agents', 'that are happy'])
    """
    letters = max(int(pixels / 6.2), 10)
    for long in (len(text), *range(letters * most, letters, -1)):
        lines = textwrap.wrap(shorten(text, long), letters)
        if len(lines) <= most:
            return lines if len(lines) > 1 else shorten(text, long)
    return shorten(text, letters)


def _wrapped(lines: Sequence[str], characters: float) -> list[str]:
    return [part for line in lines for part in _balanced(line, int(characters))]


def _balanced(text: str, characters: int) -> list[str]:
    """Wrap a text into lines that are about equally long: no word stands alone in the last."""
    parts = textwrap.wrap(text, characters, max_lines=_MOST_LINES, placeholder=" …")
    if len(textwrap.wrap(text, characters)) > _MOST_LINES:  # it is cut off, and no place is to be given away
        return parts
    for narrower in range(characters - 1, characters // 2, -1):
        tried = textwrap.wrap(text, narrower)
        if len(tried) > len(parts):
            break
        parts = tried
    return parts


def config(theme: Theme) -> dict[str, Any]:
    """Return the Vega-Lite configuration of a theme."""
    text = {"labelColor": theme.muted, "titleColor": theme.ink, "labelFontSize": 11, "titleFontSize": 12}
    return {
        "font": FONT,
        "locale": {"number": _NUMBERS},
        "view": {"stroke": None},
        "axis": {
            **text,
            **CLEAR,
            "titleFontWeight": "normal",
            "domainColor": theme.line,
            "tickColor": theme.line,
            "gridColor": theme.grid,
            "labelLimit": 180,
            "titlePadding": 8,
            "labelPadding": 4,
            "tickSize": 4,
        },
        "legend": {
            **text,
            **CLEAR,
            "titleFontWeight": "normal",
            "labelLimit": 260,
            "symbolStrokeWidth": 2,
            "titleLimit": 260,
        },
        "title": {
            "color": theme.ink,
            "fontSize": 15,
            "fontWeight": 600,
            "subtitleColor": theme.muted,
            "subtitleFontSize": 12,
            "subtitlePadding": 6,
            "lineHeight": 19,
            "subtitleLineHeight": 16,
        },
        "header": {**text, "titleFontWeight": "normal"},
        "text": {"color": theme.ink, "fontSize": 11},
    }
