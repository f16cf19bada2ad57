"""Charts of effects: Pareto bars with their limit, the half-normal plot, interactions, and the effect matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.charts.caption import caption
from mesa_lab.processing.charts.theme import DASHES, SHAPES, finish, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

__all__ = ["effect_matrix", "half_normal", "interaction", "pareto"]

_MOST_BARS: Final = 30


def pareto(
    table: pd.DataFrame, limits: dict[str, float], title: str, sentences: Sequence[str]
) -> ConclusionChart:
    """Return the effects by size, with intervals.

    Args:
        table: term, effect, low, high, p_adjusted.
        limits: Sizes beyond which an effect is told from chance, by name; drawn as lines.
        title: Of the chart.
        sentences: Below the title.
    """
    shown = table[np.isfinite(table["effect"].to_numpy(dtype=np.float64))].copy()
    shown["size"] = shown["effect"].abs()
    shown = shown.sort_values("size", ascending=False, kind="stable").head(_MOST_BARS).reset_index(drop=True)
    shown["direction"] = np.where(shown["effect"] >= 0, "raises", "lowers")
    half = (shown["high"] - shown["low"]) / 2
    shown["size_low"], shown["size_high"] = (shown["size"] - half).clip(lower=0), shown["size"] + half
    left = len(table) - len(shown)
    shown = caption(
        shown[["term", "effect", "low", "high", "p", "size", "size_low", "size_high", "direction"]],
        "pareto",
        title,
        [*sentences, *([f"{left} more effects are in the table."] if left > 0 else [])],
        {"term": "term", "effect": "effect", "low": "low", "high": "high", "p": "p"},
        limits={name: float(value) for name, value in limits.items() if np.isfinite(value)},
    )
    return ConclusionChart("pareto", "Effects by size", shown, _draw_pareto)


def _draw_pareto(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    order = table["term"].tolist()
    formats = dict.fromkeys(("effect", "low", "high", "p"), ".3~g")
    tips = tooltips(about["columns"], formats, interactive=interactive)
    base = alt.Chart(table).encode(y=alt.Y("term:N", sort=order, title=None, axis=alt.Axis(labelLimit=260)))
    directions = ["raises", "lowers"]
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=alt.X("size:Q", title="size of the effect"),
        color=alt.Color(
            "direction:N",
            scale=alt.Scale(domain=directions, range=list(look.colours[:2])),
            legend=alt.Legend(title=None, orient="bottom"),
        ),
        tooltip=tips,
    )
    layers: list[Any] = [bars]
    ends = base.transform_filter("isValid(datum.size_high)")
    layers.append(
        ends.mark_rule(color=look.ink, strokeWidth=1.5).encode(
            x=alt.X("size_low:Q", title="size of the effect"), x2="size_high:Q"
        )
    )
    for place, (name, value) in enumerate(about["limits"].items()):
        line = alt.Chart(pd.DataFrame({"limit": [value], "name": [name]}))
        layers.append(
            line.mark_rule(color=look.muted, strokeDash=DASHES[1 + place % 3]).encode(
                x="limit:Q", tooltip=tooltips({"name": "limit"}, {}, interactive=interactive)
            )
        )
    height = height or max(80, 26 * len(order))
    return finish(alt.layer(*layers, width=width, height=height), table, look, width)


def half_normal(
    table: pd.DataFrame, limits: dict[str, float], title: str, sentences: Sequence[str]
) -> ConclusionChart:
    """Return the half-normal plot: sizes of effects against what they would be if all were chance."""
    from scipy.special import ndtri

    shown = table[np.isfinite(table["effect"].to_numpy(dtype=np.float64))].copy()
    shown["size"] = shown["effect"].abs()
    shown = shown.sort_values("size", kind="stable").reset_index(drop=True)
    n = max(len(shown), 1)
    shown["quantile"] = ndtri(0.5 + 0.5 * (np.arange(1, n + 1)[: len(shown)] - 0.5) / n)
    shown["stands_out"] = (shown["p_adjusted"] < 0.05).to_numpy()
    shown = caption(
        shown[["term", "effect", "size", "quantile", "stands_out"]],
        "half-normal",
        title,
        sentences,
        {"term": "term", "effect": "effect", "size": "size", "quantile": "half-normal quantile"},
        limits={name: float(value) for name, value in limits.items() if np.isfinite(value)},
    )
    return ConclusionChart("half-normal", "Which effects stand out", shown, _draw_half_normal)


def _draw_half_normal(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    tips = tooltips({"term": "term", "effect": "effect"}, {"effect": ".3~g"}, interactive=interactive)
    base = alt.Chart(table).encode(
        x=alt.X("quantile:Q", title="half-normal quantile", scale=alt.Scale(domainMin=0)),
        y=alt.Y("size:Q", title="size of the effect", scale=alt.Scale(domainMin=0)),
    )
    colour = alt.condition("datum.stands_out", alt.value(look.colours[1]), alt.value(look.accent))
    layers: list[Any] = [base.mark_circle(size=70, opacity=1).encode(color=colour, tooltip=tips)]
    layers.append(
        base.transform_filter("datum.stands_out")
        .mark_text(align="right", dx=-9, color=look.ink, limit=220)
        .encode(text="term:N")
    )
    for place, value in enumerate(about["limits"].values()):
        line = alt.Chart(pd.DataFrame({"limit": [value]}))
        layers.append(line.mark_rule(color=look.muted, strokeDash=DASHES[1 + place % 3]).encode(y="limit:Q"))
    return finish(alt.layer(*layers, width=width, height=height or 300), table, look, width)


def interaction(
    rows: pd.DataFrame, labels: tuple[str, str, str], title: str, sentences: Sequence[str]
) -> ConclusionChart:
    """Return the means over the levels of one parameter, a line for each level of another.

    Args:
        rows: x (label), line (label), mean, low, high, in the order of the levels.
        labels: Of the axis, the lines and the outcome.
        title: Of the chart.
        sentences: Below the title.
    """
    shown = caption(
        rows,
        "interaction",
        title,
        sentences,
        {"x": labels[0], "line": labels[1], "mean": "mean", "low": "low", "high": "high"},
        labels=list(labels),
    )
    return ConclusionChart("interaction", "How two parameters act together", shown, _draw_interaction)


def _draw_interaction(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 420,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look = theme_of(theme)
    about = table.attrs["chart"]
    across, line, outcome = about["labels"]
    xs, lines = list(dict.fromkeys(table["x"])), list(dict.fromkeys(table["line"]))
    formats = dict.fromkeys(("mean", "low", "high"), ".4~g")
    tips = tooltips(about["columns"], formats, interactive=interactive)
    base = alt.Chart(table).encode(
        x=alt.X("x:N", sort=xs, title=across, axis=alt.Axis(labelAngle=0), scale=alt.Scale(padding=0.4)),
        y=alt.Y("mean:Q", title=outcome, scale=alt.Scale(zero=False)),
        color=alt.Color(
            "line:N",
            sort=lines,
            scale=alt.Scale(
                domain=lines, range=[look.colours[at % len(look.colours)] for at in range(len(lines))]
            ),
            legend=alt.Legend(title=line, orient="bottom"),
        ),
    )
    dash = alt.StrokeDash(
        "line:N",
        sort=lines,
        legend=None,
        scale=alt.Scale(domain=lines, range=[DASHES[at % len(DASHES)] for at in range(len(lines))]),
    )
    shape = alt.Shape(
        "line:N",
        sort=lines,
        legend=None,
        scale=alt.Scale(domain=lines, range=[SHAPES[at % len(SHAPES)] for at in range(len(lines))]),
    )
    ends = (
        base.transform_filter("isValid(datum.low)")
        .mark_rule()
        .encode(y=alt.Y("low:Q", title=outcome, scale=alt.Scale(zero=False)), y2="high:Q")
    )
    chart = alt.layer(
        ends,
        base.mark_line().encode(strokeDash=dash),
        base.mark_point(filled=True, size=70, opacity=1).encode(shape=shape, tooltip=tips),
    )
    return finish(chart.properties(width=width, height=height or 280), table, look, width)


def effect_matrix(rows: pd.DataFrame, title: str, sentences: Sequence[str]) -> ConclusionChart:
    """Return the effect matrix: main effects on the diagonal, two-way interactions off it.

    The form in which Lorscheid, Heine and Meyer (2012) report effects of simulation models.

    Args:
        rows: across, down (parameters), effect, low, high, certain (told from chance).
        title: Of the chart.
        sentences: Below the title.
    """
    shown = caption(
        rows,
        "effect-matrix",
        title,
        sentences,
        {"across": "parameter", "down": "with", "effect": "effect", "low": "low", "high": "high"},
    )
    return ConclusionChart("effect-matrix", "Main effects and interactions", shown, _draw_matrix)


def _draw_matrix(
    table: pd.DataFrame,
    theme: str = "light",
    width: int | None = None,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look = theme_of(theme)
    names = list(dict.fromkeys(table["across"]))
    size = max(180, 72 * len(names))
    width, height = width or size, height or max(140, 46 * len(names))
    top = float(table["effect"].abs().max())
    top = top if np.isfinite(top) and top > 0 else 1.0
    formats = dict.fromkeys(("effect", "low", "high"), ".3~g")
    tips = tooltips(table.attrs["chart"]["columns"], formats, interactive=interactive)
    base = alt.Chart(table).encode(
        x=alt.X("across:N", sort=names, title=None, axis=alt.Axis(labelAngle=-30)),
        y=alt.Y("down:N", sort=names, title=None),
    )
    middle = look.background
    colour = alt.Color(
        "effect:Q",
        scale=alt.Scale(domain=[-top, 0, top], range=[look.colours[1], middle, look.colours[0]]),
        legend=alt.Legend(title="effect"),
    )
    cells = base.mark_rect(stroke=look.line, strokeWidth=0.5).encode(color=colour, tooltip=tips)
    ink = alt.condition(
        f"abs(datum.effect) > {0.6 * top!r}",
        alt.value("#ffffff" if theme == "light" else "#101418"),
        alt.value(look.ink),
    )
    text = base.mark_text(fontSize=11).encode(
        text=alt.Text("effect:Q", format=".3~g"),
        color=ink,
        opacity=alt.condition("datum.certain", alt.value(1), alt.value(0.55)),
    )
    return finish(alt.layer(cells, text, width=width, height=height), table, look, width)
