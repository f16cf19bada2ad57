"""The chart of the best settings: their means with intervals, and what the winner is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.point_names import names_axis, names_of
from mesa_lab.processing.charts.caption import caption, number_format, percent
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

__all__ = ["ranking"]

type Floats = npt.NDArray[np.float64]

_MOST: Final = 15


def ranking(
    table: pd.DataFrame,
    rows: Sequence[int],
    worth: Floats,
    outcome: str,
    observed: Observations,
    level: float,
) -> ConclusionChart:
    """Return the best settings in their order.

    Args:
        table: One row for each point, the best first.
        rows: The row of each among the points.
        worth: The corrected value of the winner, with its interval.
        outcome: Its label.
        observed: The outcome at the points.
        level: Level of the intervals.
    """
    head = table.head(_MOST)
    shown = pd.DataFrame(
        {
            "setting": names_of(observed, rows[: len(head)], head["point"].tolist()),
            **{name: head[name] for name in ("point", "n", "mean", "low", "high")},
            "status": np.where(head["candidate"], "may be the best", "excluded"),
            "corrected": [worth[0], *[np.nan] * (len(head) - 1)],
            "corrected_low": [worth[1], *[np.nan] * (len(head) - 1)],
            "corrected_high": [worth[2], *[np.nan] * (len(head) - 1)],
        }
    )
    sentences = [
        f"Mean with {percent(level)} confidence interval of each setting alone.",
        "The diamond is the winner corrected for having been picked.",
    ]
    if len(table) > _MOST:
        sentences.append(f"The first {_MOST} of {len(table):,} settings are shown.")
    shown = caption(
        shown,
        "ranking",
        f"The best settings for {outcome}",
        [*sentences, *observed.left_out()],
        {
            "setting": "setting",
            "point": "point",
            "n": "runs",
            "mean": "mean",
            "low": "low",
            "high": "high",
            "status": "status",
        },
        outcome=outcome,
        share=observed.is_share,
    )
    return ConclusionChart("ranking", "The best settings", shown, _draw)


def _draw(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    axis = alt.Axis(format="%") if about["share"] else alt.Axis(tickCount=8)
    scale = alt.Scale(zero=False, nice=False, padding=14)
    bearing, row = names_axis(table["setting"].tolist())
    y = alt.Y("setting:N", sort=table["setting"].tolist(), title=None, axis=alt.Axis(**bearing))
    domain = ["may be the best", "excluded"]
    colour = alt.Color(
        "status:N",
        scale=alt.Scale(domain=domain, range=[look.accent, look.muted]),
        legend=alt.Legend(title=None, orient="bottom"),
    )

    def x(field: str) -> Any:
        return alt.X(f"{field}:Q", title=about["outcome"], scale=scale, axis=axis)

    texts, counts = ("setting", "status"), {"n": ",d", "point": ",d"}
    numbers = [field for field in about["columns"] if field not in texts]
    formats = dict.fromkeys(numbers, number_format(table["mean"])) | counts
    tips = tooltips(about["columns"], formats, interactive=interactive)
    base = alt.Chart(table)
    layers = [
        base.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=2)
        .encode(x=x("low"), x2="high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=60, opacity=1).encode(x=x("mean"), y=y, color=colour, tooltip=tips),
        base.transform_filter("isValid(datum.corrected)")
        .mark_point(shape="diamond", filled=True, size=110, opacity=1, color=look.ink)
        .encode(x=x("corrected"), y=y),
        base.transform_filter("isValid(datum.corrected_low)")
        .mark_rule(strokeWidth=1, color=look.ink)
        .encode(x=x("corrected_low"), x2="corrected_high:Q", y=y),
    ]
    tall = height or max(70, row * len(table))
    return finish(alt.layer(*layers, width=width, height=tall), table, look, width)
