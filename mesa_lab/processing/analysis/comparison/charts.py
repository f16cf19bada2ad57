"""The chart of differences: each with its interval, and where no difference and the margin lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import label, measure_label, shorten
from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.charts.caption import caption, number_format, percent
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.analysis.comparison.sentences import Talk

__all__ = ["charts_of"]

_MOST: Final = 40


def charts_of(table: pd.DataFrame, talk: Talk, margin: float | None) -> list[ConclusionChart]:
    """Return the chart of all differences.

    Args:
        table: One row for each scenario.
        talk: What is known of them.
        margin: A difference up to this size does not matter; drawn as a band.
    """
    name = measure_label(talk.outcome, talk.results.outcomes)
    base = shorten(talk.found.base.short, 40)
    what = "" if talk.found.parameter is None else f"{label(talk.found.parameter)} "
    shown = table[["scenario", "difference", "low", "high", "n", "n_base", "superiority", "verdict"]].head(
        _MOST
    )
    shown = shown.assign(place=np.arange(len(shown)))
    sentences = [f"Difference in the mean with {percent(talk.level)} confidence interval."]
    if talk.common:
        sentences.append("Runs with one seed are compared with each other.")
    if margin is not None:
        sentences.append("The band holds differences that do not matter.")
    if len(table) > _MOST:
        sentences.append(f"{_MOST} of {len(table)} scenarios are shown.")
    drawn = caption(
        shown,
        "differences",
        f"{name}: differences from {what}{base}",
        [*sentences, *_left_out(talk)],
        {
            "scenario": what.strip() or "scenario",
            "difference": "difference",
            "low": "low",
            "high": "high",
            "n": "runs",
            "n_base": "runs of the base",
            "superiority": "exceeds the base in",
            "verdict": "verdict",
        },
        outcome=name,
        margin=margin,
        share=talk.is_share,
    )
    return [ConclusionChart("differences", "Differences from the base", drawn, _draw)]


def _left_out(talk: Talk) -> list[str]:
    return [sentence for sentence in talk.warnings() if "left out" in sentence]


def _draw(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    order = table["scenario"].tolist()
    base = alt.Chart(table)
    axis = alt.Axis(format="+%") if about["share"] else alt.Axis(tickCount=8)
    scale = alt.Scale(zero=False, nice=False, padding=14)
    rows = alt.Y("scenario:N", sort=order, title=None, axis=alt.Axis(labelLimit=260))
    title = f"difference in {about['outcome']}"
    layers: list[Any] = []
    if about["margin"] is not None:
        band = alt.Chart(pd.DataFrame({"from": [-about["margin"]], "to": [about["margin"]]}))
        layers.append(
            band.mark_rect(color=look.accent, opacity=0.12).encode(
                x=alt.X("from:Q", title=title, scale=scale), x2="to:Q"
            )
        )
    none = alt.Chart(pd.DataFrame({"at": [0]}))
    layers.append(
        none.mark_rule(color=look.muted, strokeDash=[4, 3]).encode(x=alt.X("at:Q", title=title, scale=scale))
    )
    ends = base.transform_filter("isValid(datum.low)")
    layers.append(
        ends.mark_rule(color=look.accent, strokeWidth=2).encode(
            x=alt.X("low:Q", title=title, scale=scale, axis=axis), x2="high:Q", y=rows
        )
    )
    formats = dict.fromkeys(("difference", "low", "high"), number_format(table["difference"]))
    formats |= {"superiority": ".0%", "n": ",d", "n_base": ",d"}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    layers.append(
        base.transform_filter("isValid(datum.difference)")
        .mark_point(filled=True, size=70, color=look.accent, opacity=1)
        .encode(x=alt.X("difference:Q", title=title, scale=scale, axis=axis), y=rows, tooltip=tips)
    )
    tall = height or max(70, min(30 * len(order), 900))
    return finish(alt.layer(*layers, width=width, height=tall), table, look, width)
