"""Charts of replications: the running mean of a point, the runs that each point needs, and the curve of consistency analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import measure_label, plural
from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.point_names import name_of, names_axis, names_of
from mesa_lab.processing.analysis.replications.consistency import SETS, SMALL, consistency
from mesa_lab.processing.analysis.replications.needed import Wanted
from mesa_lab.processing.analysis.replications.running import Running
from mesa_lab.processing.charts.axis_levels import whole_ticks
from mesa_lab.processing.charts.caption import caption, number_format, percent
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.analysis.replications.sentences import Talk

__all__ = ["charts_of"]

_MOST_MARKS: Final = 400
_MOST_POINTS: Final = 30


def charts_of(
    found: Running,
    observed: Observations,
    table: pd.DataFrame,
    aim: Wanted,
    talk: Talk,
    precision: float,
    level: float,
    scale: float,
) -> list[ConclusionChart]:
    """Return the charts: the running mean of the point that is farthest from what is wanted, the runs needed, consistency.

    Args:
        found: The running means.
        observed: The outcome at the points.
        table: One row for each point.
        aim: The half-widths that are wanted.
        talk: What is known of them, in words.
        precision: As asked for.
        level: Level of the intervals.
        scale: What values were divided by.
    """
    charts = [_running_mean(found, observed, table, aim, talk, precision, level, scale)]
    if len(table) > 1:
        charts.append(_needed(observed, table, talk))
    return [*charts, _consistency()]


def _running_mean(
    found: Running,
    observed: Observations,
    table: pd.DataFrame,
    aim: Wanted,
    talk: Talk,
    precision: float,
    level: float,
    scale: float,
) -> ConclusionChart:
    row = talk.worst
    count = int(found.count[row])
    # Early runs change most: steps that grow with the number of runs show as much with fewer marks.
    at = np.unique(np.geomspace(1, max(count, 1), _MOST_MARKS).round().astype(int)) - 1
    at = np.arange(count) if count <= _MOST_MARKS else at
    mean, half = found.mean[row, at], found.half_width[row, at]
    want = aim.along(precision, found.mean)[row, at]
    ends = (0.0, 1.0) if observed.is_share else (-np.inf, np.inf)
    rows = pd.DataFrame(
        {
            "n": at + 1,
            "mean": mean * scale,
            "low": np.clip(mean - half, *ends) * scale,
            "high": np.clip(mean + half, *ends) * scale,
            "want_low": np.clip(mean - want, *ends) * scale,
            "want_high": np.clip(mean + want, *ends) * scale,
        }
    )
    name = measure_label(talk.outcome, talk.results.outcomes)
    steady = int(table["steady_from"].iloc[row])
    where = (
        ""
        if len(table) == 1
        else f" at {name_of(observed, row, int(table['point'].iloc[row]))}, where most are needed"
    )
    said = [
        f"Mean of the first runs{where}, with {percent(level)} confidence interval.",
        f"Dashed: {talk.target}.",
    ]
    said.append(
        f"From {plural(steady, 'run')} on it is as precise as that."
        if steady
        else "It is not as precise as that yet."
    )
    rows = caption(
        rows,
        "running-mean",
        f"{name}: the running mean",
        said,
        {"n": "runs", "mean": "mean", "low": "low", "high": "high"},
        outcome=name,
        steady=steady,
        share=observed.is_share,
    )
    return ConclusionChart("running-mean", "The running mean", rows, _draw_running_mean)


def _draw_running_mean(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    axis = alt.Axis(format="%") if about["share"] else alt.Axis(tickCount=6)
    scale = alt.Scale(zero=False, nice=True, domain=_extent(table))
    x = alt.X("n:Q", title="runs", axis=alt.Axis(**whole_ticks(table["n"])), scale=alt.Scale(nice=False))

    def y(field: str) -> Any:
        return alt.Y(f"{field}:Q", title=f"mean of {about['outcome']}", scale=scale, axis=axis)

    formats = dict.fromkeys(about["columns"], number_format(table["mean"])) | {"n": ",d"}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    base = alt.Chart(table)
    known = base.transform_filter("isValid(datum.low)")
    layers: list[Any] = [
        known.mark_area(color=look.accent, opacity=0.18, clip=True).encode(x=x, y=y("low"), y2="high:Q"),
        base.mark_line(color=look.muted, strokeDash=[4, 3], clip=True).encode(x=x, y=y("want_low")),
        base.mark_line(color=look.muted, strokeDash=[4, 3], clip=True).encode(x=x, y=y("want_high")),
        base.mark_line(color=look.accent, strokeWidth=2).encode(x=x, y=y("mean")),
        base.mark_point(
            color=look.accent, filled=True, size=24, opacity=0.01 if len(table) > 60 else 1
        ).encode(x=x, y=y("mean"), tooltip=tips),
    ]
    if about["steady"]:
        at = alt.Chart(pd.DataFrame({"n": [about["steady"]]}))
        layers.append(at.mark_rule(color=look.ink, strokeDash=[2, 2]).encode(x=x))
    return finish(alt.layer(*layers, width=width, height=height or 280), table, look, width)


def _extent(table: pd.DataFrame) -> list[float] | Any:
    """What the axis shows: the intervals from the fifth run on; those before are wide and would press the rest flat."""
    import altair as alt

    late = table[table["n"] >= min(5, int(table["n"].max()))]
    ends = np.concatenate(
        [late[name].to_numpy() for name in ("low", "high", "want_low", "want_high")] + [table["mean"]]
    )
    ends = ends[np.isfinite(ends)]
    if not len(ends) or ends.min() == ends.max():
        return alt.Undefined
    return [float(ends.min()), float(ends.max())]


def _needed(observed: Observations, table: pd.DataFrame, talk: Talk) -> ConclusionChart:
    order = np.argsort(-table["n_needed"].fillna(-1).to_numpy(), kind="stable")[:_MOST_POINTS]
    head = table.iloc[order]
    rows = pd.DataFrame(
        {
            "point": names_of(observed, order.tolist(), head["point"].tolist()),
            "n_needed": head["n_needed"].where(np.isfinite(head["n_needed"])).to_numpy(),
            "n": head["n"].to_numpy(),
            "state": np.where(head["steady_from"] > 0, "reached", "estimated"),
        }
    )
    name = measure_label(talk.outcome, talk.results.outcomes)
    said = [f"Runs for {talk.target} at each point; the tick is how many there are."]
    if len(table) > len(rows):
        said.append(f"The {len(rows)} of {len(table):,} points that need most are shown.")
    rows = caption(
        rows,
        "needed",
        f"{name}: runs needed",
        said,
        {"point": "point", "n_needed": "runs needed", "n": "runs", "state": "precision"},
    )
    return ConclusionChart("needed", "Runs needed at each point", rows, _draw_needed)


def _draw_needed(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    bearing, row = names_axis(table["point"].tolist())
    y = alt.Y("point:N", sort=table["point"].tolist(), title=None, axis=alt.Axis(**bearing))
    large = float(table["n_needed"].max()) > 20 * max(float(table["n"].max()), 1.0)
    ticks = whole_ticks([0], table["n"], table["n_needed"])
    if "values" not in ticks:
        ticks["tickCount"] = 6
    scale = alt.Scale(type="log", nice=True) if large else alt.Scale(zero=True, nice=True)
    tips = tooltips(about["columns"], {"n": ",d", "n_needed": ",d"}, interactive=interactive)
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=["reached", "estimated"], range=[look.accent, look.muted]),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    base = alt.Chart(table)

    def x(field: str) -> Any:
        return alt.X(f"{field}:Q", title="runs", scale=scale, axis=alt.Axis(**ticks))

    layers = [
        base.transform_filter("isValid(datum.n_needed)")
        .mark_point(filled=True, size=70, opacity=1)
        .encode(x=x("n_needed"), y=y, color=colour, tooltip=tips),
        base.mark_tick(color=look.ink, thickness=2).encode(x=x("n"), y=y),
    ]
    tall = height or max(70, row * len(table))
    return finish(alt.layer(*layers, width=width, height=tall), table, look, width)


def _consistency() -> ConclusionChart:
    rows = consistency()
    rows = caption(
        rows,
        "consistency",
        "Consistency analysis (A-test)",
        [
            f"How far A strays from 0.5 among {SETS} sets of n runs of one distribution: typically, and at most (line).",
            "This depends on n alone, not on this model: it is here because reviewers ask for it.",
        ],
        {"n": "runs of a set", "typical_a": "typical A", "largest_a": "largest A"},
    )
    return ConclusionChart("consistency", "Consistency analysis", rows, _draw_consistency)


def _draw_consistency(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    x = alt.X(
        "n:Q",
        title="runs of a set",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(format="d", values=table["n"].tolist()),
    )

    def y(field: str) -> Any:
        return alt.Y(f"{field}:Q", title="A (0.5: no difference)", scale=alt.Scale(domain=[0.5, 0.9]))

    formats = dict.fromkeys(about["columns"], ".3f") | {"n": ",d"}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    base = alt.Chart(table)
    line = alt.Chart(pd.DataFrame({"at": [SMALL], "text": ["small difference (0.56)"]}))
    layers: list[Any] = [
        line.mark_rule(color=look.muted, strokeDash=[4, 3]).encode(y=y("at")),
        base.mark_line(color=look.accent, point=True).encode(x=x, y=y("largest_a"), tooltip=tips),
        base.mark_point(color=look.muted, filled=True).encode(x=x, y=y("typical_a")),
    ]
    return finish(alt.layer(*layers, width=width, height=height or 240), table, look, width)
