"""Charts of sensitivity: indices as bars with their intervals, Morris' plane with the box of chance, pairs as a map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mesa_lab.formatting import shorten
from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.charts.caption import caption
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

__all__ = ["bars", "pair_map", "plane"]


def bars(
    rows: Sequence[tuple[str, str, float, float, float]],
    title: str,
    sentences: Sequence[str],
    axis: str,
    floor: float | None = None,
    percent: bool = True,
) -> ConclusionChart:
    """Return a chart of indices.

    Args:
        rows: For each bar: the parameter, what kind of index it is, its value and the ends of its interval (NaN for none).
        title: Of the chart.
        sentences: Below the title.
        axis: What the bars show.
        floor: What a parameter without influence gets, drawn as a line.
        percent: Whether the values are shares.
    """
    table = pd.DataFrame(rows, columns=["name", "kind", "value", "low", "high"])
    table["name"] = [shorten(str(name)) for name in table["name"]]
    table = caption(
        table,
        "indices",
        title,
        sentences,
        {"name": "parameter", "kind": "index", "value": "value", "low": "low", "high": "high"},
        axis=axis,
        floor=floor,
        percent=percent,
    )
    return ConclusionChart("indices", "Parameters and chance", table, _draw_bars)


def _draw_bars(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    kinds = list(dict.fromkeys(table["kind"]))
    names = list(dict.fromkeys(table["name"]))
    per_name = max(table.groupby("name").size().max(), 1)
    height = height or max(90, int(len(names) * (10 + 16 * per_name)))
    fmt = ".0%" if about["percent"] else ".3~g"
    shown = table.assign(value=table["value"].clip(lower=0) if about["percent"] else table["value"])
    base = alt.Chart(shown).encode(
        y=alt.Y("name:N", sort=names, title=None, axis=alt.Axis(labelLimit=220)),
        yOffset=alt.YOffset("kind:N", sort=kinds),
    )
    formats = dict.fromkeys(("value", "low", "high"), fmt)
    tips = tooltips(about["columns"], formats, interactive=interactive)
    colours = [
        look.muted if kind == "chance" else look.colours[at % len(look.colours)]
        for at, kind in enumerate(kinds)
    ]
    colour = alt.Color(
        "kind:N",
        sort=kinds,
        scale=alt.Scale(domain=kinds, range=colours),
        legend=alt.Legend(title=None, orient="bottom") if len(kinds) > 1 else None,
    )
    axis = alt.X("value:Q", title=about["axis"], axis=alt.Axis(format=fmt))
    layers = [base.mark_bar().encode(x=axis, color=colour, tooltip=tips)]
    ends = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    layers.append(
        ends.mark_rule(color=look.ink, strokeWidth=1.5).encode(
            x=alt.X("low:Q", title=about["axis"]), x2="high:Q"
        )
    )
    if about["floor"] is not None:
        line = alt.Chart(pd.DataFrame({"floor": [about["floor"]]}))
        layers.append(line.mark_rule(color=look.muted, strokeDash=[5, 4]).encode(x="floor:Q"))
    return finish(alt.layer(*layers, width=width, height=height), table, look, width)


def plane(
    table: pd.DataFrame, box: tuple[float, float], title: str, sentences: Sequence[str], outcome: str
) -> ConclusionChart:
    """Return Morris' plane.

    Args:
        table: One row per parameter: parameter, mu_star, mu_star_low, mu_star_high, sigma.
        box: How far mu* and sigma of chance alone go; NaN for not known.
        title: Of the chart.
        sentences: Below the title.
        outcome: Label of the outcome.
    """
    shown = table[["parameter", "mu_star", "mu_star_low", "mu_star_high", "sigma"]].copy()
    shown["parameter"] = [shorten(str(name)) for name in shown["parameter"]]
    shown = caption(
        shown,
        "morris",
        title,
        sentences,
        {
            "parameter": "parameter",
            "mu_star": "mean size of effects",
            "mu_star_low": "low",
            "mu_star_high": "high",
            "sigma": "sd of effects",
        },
        box=[float(box[0]), float(box[1])],
        outcome=outcome,
    )
    return ConclusionChart("morris", "Effects and their spread", shown, _draw_plane)


def _draw_plane(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    base = alt.Chart(table)
    across, up = "mean size of the effects (μ*)", "standard deviation of the effects (σ)"
    x = alt.X("mu_star:Q", title=across, scale=alt.Scale(zero=True))
    y = alt.Y("sigma:Q", title=up, scale=alt.Scale(zero=True))
    layers: list[Any] = []
    reach, height_of_box = about["box"]
    if reach == reach and height_of_box == height_of_box:
        corner = pd.DataFrame({"zero": [0.0], "reach": [reach], "up": [height_of_box], "text": ["chance"]})
        layers.append(
            alt.Chart(corner)
            .mark_rect(color=look.muted, opacity=0.25)
            .encode(x=alt.X("zero:Q", title=across), x2="reach:Q", y=alt.Y("zero:Q", title=up), y2="up:Q")
        )
        layers.append(
            alt.Chart(corner)
            .mark_text(color=look.muted, align="right", baseline="bottom", dx=-4, dy=-4)
            .encode(x="reach:Q", y="zero:Q", text="text:N")
        )
    formats = {name: ".3~g" for name in about["columns"] if name != "parameter"}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    layers.append(
        base.mark_rule(color=look.muted).encode(
            x=alt.X("mu_star_low:Q", title=across), x2="mu_star_high:Q", y=y
        )
    )
    layers.append(base.mark_circle(size=80, color=look.accent, opacity=1).encode(x=x, y=y, tooltip=tips))
    layers.append(
        base.mark_text(align="left", dx=8, dy=-8, color=look.ink, limit=180).encode(
            x=x, y=y, text="parameter:N"
        )
    )
    return finish(alt.layer(*layers, width=width, height=height or 320), table, look, width)


def pair_map(table: pd.DataFrame, title: str, sentences: Sequence[str]) -> ConclusionChart:
    """Return a map of second order indices: one row per pair with parameter, other, second, low, high."""
    shown = table.copy()
    for name in ("parameter", "other"):
        shown[name] = [shorten(str(each)) for each in shown[name]]
    shown = caption(
        shown,
        "pairs",
        title,
        sentences,
        {"parameter": "parameter", "other": "other", "second": "share", "low": "low", "high": "high"},
    )
    return ConclusionChart("pairs", "Interactions of pairs", shown, _draw_pairs)


def _draw_pairs(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 360,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look = theme_of(theme)
    first, second = list(dict.fromkeys(table["parameter"])), list(dict.fromkeys(table["other"]))
    shown = table.assign(second=table["second"].clip(lower=0))
    formats = dict.fromkeys(("second", "low", "high"), ".1%")
    tips = tooltips(table.attrs["chart"]["columns"], formats, interactive=interactive)
    base = alt.Chart(shown).encode(
        x=alt.X("parameter:N", sort=first, title=None), y=alt.Y("other:N", sort=second, title=None)
    )
    top = max(float(shown["second"].max()), 0.01)
    cells = base.mark_rect().encode(
        color=alt.Color(
            "second:Q",
            scale=alt.Scale(scheme="viridis", domain=[0, top]),
            legend=alt.Legend(title="share", format=".0%"),
        ),
        tooltip=tips,
    )
    ink = alt.condition(f"datum.second > {0.55 * top!r}", alt.value("#101418"), alt.value("#ffffff"))
    text = base.mark_text(fontSize=11).encode(text=alt.Text("second:Q", format=".0%"), color=ink)
    height = height or max(120, 44 * len(second))
    return finish(alt.layer(cells, text, width=width, height=height), table, look, width)
