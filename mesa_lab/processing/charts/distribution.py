"""How an outcome is spread over the runs of a group: every run as a dot, with a box of its quartiles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import measure_label
from mesa_lab.processing.charts import caption as say
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.charts.series import automatic, lines
from mesa_lab.processing.charts.theme import Theme, finish, in_lines, theme_of
from mesa_lab.processing.charts.tooltips import tooltips
from mesa_lab.processing.statistics.grouping import points_by
from mesa_lab.processing.statistics.summary import of_groups

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["CHART", "chart", "draw", "table"]

MOST_GROUPS: Final = 16
MOST_DOTS: Final = 2400


def table(
    results: Reader, outcome: str, by: str | None = None, points: Sequence[int] | None = None
) -> pd.DataFrame:
    """List the runs of each group with the quartiles of the group.

    Args:
        results: The results.
        outcome: An outcome, or what is recorded of each run.
        by: "point", a parameter, or "all". None takes points when there are few, else the most influential parameter.
        points: Only these design points.

    Returns:
        One row per run that is drawn: `group`, `value`, `run_id`, `seed`, `replication`, and of its group `n`, `median`,
        `q25`, `q75`, `low`, `high` (the furthest runs within 1.5 boxes of the box; Tukey, 1977) and `mean`. The
        statistics are those of all runs of the group, also where not every run is drawn.

    Raises:
        OutcomeError: If the outcome is unknown, not a number, or no run reported it.
        ParameterError: If `by` or a point is unknown.
    """
    results.require_values(outcome)
    points = None if points is None else results.known_points(points)
    by = by or automatic(results, outcome, MOST_GROUPS, points)
    groups, labels, levels, notes = lines(results, by, points, MOST_GROUPS)
    found, outcomes = of_groups(results, outcome, groups, quantiles=(0.25, 0.75))
    values = outcomes.values + outcomes.offset
    rows = np.flatnonzero(results.done & groups.counted & (groups.code >= 0) & outcomes.finite)
    code = groups.code[rows]
    reach = 1.5 * (found["q75"] - found["q25"]).to_numpy()
    inside = (values[rows] >= found["q25"].to_numpy()[code] - reach[code]) & (
        values[rows] <= found["q75"].to_numpy()[code] + reach[code]
    )
    ends = (
        pd.Series(values[rows][inside]).groupby(code[inside]).agg(["min", "max"]).reindex(range(len(labels)))
    )
    every = -(-len(rows) // MOST_DOTS)
    if every > 1:
        order = np.lexsort((rows, code))  # thin each group alike
        drawn = np.sort(order[::every])
        notes.append(f"One run in {every:,} is drawn as a dot; the boxes use all.")
    else:
        drawn = np.arange(len(rows))
    code, run = code[drawn], rows[drawn]
    base = results.base.iloc[run].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "group": pd.Categorical.from_codes(code, categories=pd.Index(labels)),
            "value": values[run],
            "run_id": base["run_id"],
            "replication": base["replication"],
            "seed": results.recorded("seed").iloc[run].astype("str").to_numpy(),
            **{name: found[name].to_numpy()[code] for name in ("n", "mean", "q25", "median", "q75")},
            "low": ends["min"].to_numpy()[code],
            "high": ends["max"].to_numpy()[code],
            "ci_low": found["ci_low"].to_numpy()[code],
            "ci_high": found["ci_high"].to_numpy()[code],
            "row": code,
            "dot": code
            - 0.28
            + 0.56 * ((run * 0.6180339887498949) % 1),  # spread evenly, and alike each time
        }
    )
    total = say.counts(found["n"][found["n"] > 0])
    if outcomes.is_share:
        sentences = [f"Share of yes with {say.percent(0.95)} confidence interval (Wilson), {total}."]
    else:
        sentences = [f"Dots are runs, boxes the middle half with the median, diamonds means; {total}."]
    sentences += [] if by == "point" else say.compared(groups, found if outcomes.is_share else None)
    sentences += [*notes, *say.left_out(found)]
    marks = say.marks({"group": labels}, points_by(results, groups.code, len(labels)))
    group_title = levels.title if levels else ""
    name = measure_label(outcome, results.outcomes)
    return say.caption(
        frame,
        "distribution",
        f"Spread of {name} over runs" + (f", by {group_title}" if group_title else ""),
        sentences,
        {
            "group": group_title or "group",
            "run_id": "run",
            "replication": "replication",
            "seed": "seed",
            "value": name,
        },
        listed={"group": group_title or "group", "n": "n", "mean": "mean"}
        | (
            {"ci_low": "low", "ci_high": "high"}
            if outcomes.is_share
            else {"q25": "25 %", "median": "median", "q75": "75 %"}
        ),
        outcome=name,
        share=outcomes.is_share,
        marks=marks,
        group_title=group_title,
        groups=labels,
    )


def draw(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 560,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    """Draw a strip of dots with a box for each group.

    Args:
        table: From `table`.
        theme: "light" or "dark".
        width: Of the plot in pixels.
        height: Of the plot in pixels; None gives each group its room.
        interactive: Show values under the pointer.

    Returns:
        An altair chart.
    """
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    labels = about["groups"]
    height = height or max(90, min(46 * len(labels), 520))
    base = alt.Chart(table.astype({"group": str}))
    fields = ("row", "n", "mean", "q25", "median", "q75", "low", "high", "ci_low", "ci_high")
    largest = [
        alt.AggregatedFieldDef(op="max", field=name, **{"as": name}) for name in fields
    ]  # they are all alike
    each = base.transform_aggregate(largest, groupby=["group"])
    each = each.transform_calculate(top="datum.row - 0.3", bottom="datum.row + 0.3")
    layers = (
        _shares(each, about, look, interactive=interactive)
        if about["share"]
        else _boxes(base, each, table, look, interactive=interactive)
    )
    axis = alt.Axis(
        values=list(range(len(labels))),
        labelExpr=f"{json.dumps(labels)}[datum.value]",
        title=in_lines(about["group_title"], height) or None,
        grid=False,
        domain=False,
        ticks=False,
        labelLimit=260,
    )
    scale = alt.Scale(domain=[len(labels) - 0.5, -0.5], nice=False, zero=False)
    rows = alt.Y("row:Q", scale=scale, axis=axis if len(labels) > 1 else None)
    anchor = each.mark_point(opacity=0).encode(y=rows)
    return finish(alt.layer(anchor, *layers, width=width, height=height), table, look, width)


def _x(field: str, about: dict[str, Any]) -> Any:
    import altair as alt

    if about["share"]:
        return alt.X(
            f"{field}:Q", title=about["outcome"], scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="~%")
        )
    scale = alt.Scale(zero=False, nice=False, padding=10)
    return alt.X(f"{field}:Q", title=about["outcome"], scale=scale, axis=alt.Axis(tickCount=10))


def _boxes(base: Any, each: Any, table: pd.DataFrame, look: Theme, *, interactive: bool) -> list[Any]:
    """Return whisker, box, runs, median and mean."""
    about = table.attrs["chart"]
    fmt = say.number_format(table["value"])
    formats = {"value": fmt, "run_id": "d", "replication": "d"}
    runs = {"tooltip": tooltips(about["columns"], formats, interactive=interactive)}
    boxes = {name: name for name in ("mean", "median", "q25", "q75")}
    stats = {"tooltip": _of_group(about, boxes, fmt, interactive)}
    size = 16 if len(table) > 600 else 30
    return [
        each.mark_rule(color=look.muted).encode(x=_x("low", about), x2="high:Q", y="row:Q"),
        each.mark_rect(fill=look.accent, fillOpacity=0.18, stroke=look.accent).encode(
            x=_x("q25", about), x2="q75:Q", y="top:Q", y2="bottom:Q", **stats
        ),
        base.mark_circle(size=size, opacity=0.5, color=look.accent).encode(
            x=_x("value", about), y="dot:Q", **runs
        ),
        each.mark_rule(color=look.ink, strokeWidth=2.5).encode(
            x=_x("median", about), y="top:Q", y2="bottom:Q"
        ),
        each.mark_point(
            shape="diamond",
            filled=True,
            size=90,
            color=look.ink,
            stroke=look.background,
            strokeWidth=1.5,
            opacity=1,
        ).encode(x=_x("mean", about), y="row:Q", **stats),
    ]


def _shares(each: Any, about: dict[str, Any], look: Theme, *, interactive: bool) -> list[Any]:
    """Return a bar for each share, with its interval: of yes and no nothing else is to be seen."""
    bars = each.transform_calculate(zero="0")
    return [
        bars.mark_rect(fill=look.accent, fillOpacity=0.35).encode(
            x=_x("zero", about), x2="mean:Q", y="top:Q", y2="bottom:Q"
        ),
        each.mark_rule(color=look.ink, strokeWidth=1.5).encode(
            x=_x("ci_low", about), x2="ci_high:Q", y="row:Q"
        ),
        each.mark_point(shape="diamond", filled=True, size=90, color=look.ink, opacity=1).encode(
            x=_x("mean", about),
            y="row:Q",
            tooltip=_of_group(about, _SHARE, ".1%", interactive),
        ),
    ]


def _of_group(about: dict[str, Any], titles: dict[str, str], fmt: str, interactive: bool) -> Any:
    """What is shown of a group: its name, how many runs it has, and some statistics."""
    formats = dict.fromkeys(titles, fmt) | {"n": ",d"}
    return tooltips(
        {"group": about["columns"]["group"], "n": "runs", **titles}, formats, interactive=interactive
    )


_SHARE: Final = {"mean": "share", "ci_low": "low", "ci_high": "high"}

CHART = ChartKind(
    "distribution",
    "Spread over runs",
    "How much runs of the same point, or of the same level, differ by chance.",
    table,
    draw,
)
chart = CHART.chart
