"""How an outcome is spread over the runs of a group: every run as a dot, with a box of its quartiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.processing.analysis.summary import numbers, statistics
from mesa_lab.processing.charts import caption as say
from mesa_lab.processing.charts.kind import ChartKind
from mesa_lab.processing.charts.series import automatic, lines
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.wording import label, measure_label, plural

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.reading import Reader

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
        ParameterError: If `by` is unknown.
    """
    results.outcome_list(outcome, measures=True)
    by = by or automatic(results, outcome, MOST_GROUPS, points)
    groups, labels, levels, notes = lines(results, by, points, MOST_GROUPS)
    values, is_share = numbers(results.values(outcome), outcome)
    keep = results.done & (groups.code >= 0)
    measured = keep & np.isfinite(values)
    if not measured.any():
        raise OutcomeError(f"No run that came to its end reported '{outcome}': there is nothing to draw.")
    rows = np.flatnonzero(measured)
    code = groups.code[rows]
    found = statistics(values[rows], code, len(labels), quantiles=(0.25, 0.75), is_share=is_share)
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
            "seed": base["seed"].astype("str"),
            **{name: found[name].to_numpy()[code] for name in ("n", "mean", "q25", "median", "q75")},
            "low": ends["min"].to_numpy()[code],
            "high": ends["max"].to_numpy()[code],
            "jitter": (run * 0.6180339887498949) % 1,  # evenly spread, and the same each time
        }
    )
    failed = int((~results.done & (groups.code >= 0)).sum())
    what = (
        "Dots are runs, diamonds shares of yes"
        if is_share
        else "Dots are runs, boxes the middle half with the median, diamonds means"
    )
    sentences = [f"{what}; {plural(len(rows), 'run')} in all, {say.counts(found['n'][found['n'] > 0])}."]
    sentences += [] if by == "point" else say.averaged(groups.averaged_over)
    sentences += [*notes, *say.left_out(failed, int(keep.sum() - measured.sum()))]
    group_title = levels.title if levels else ""
    name = measure_label(outcome, results.outcomes)
    return say.caption(
        frame,
        "distribution",
        f"Spread of {name} over runs" + (f", by {group_title}" if group_title else ""),
        sentences,
        {
            "group": group_title or "runs",
            "run_id": "run",
            "replication": "replication",
            "seed": "seed",
            "value": name,
        },
        outcome=name,
        share=is_share,
        group_title=group_title,
        groups=[text for text in labels if text in set(frame["group"])],
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
    height = height or max(90, min(44 * len(labels), 480))
    y = alt.Y(
        "group:N",
        sort=labels,
        title=about["group_title"] or None,
        scale=alt.Scale(domain=labels, padding=0.1),
    )
    if len(labels) == 1:
        y = y.axis(None)
    title, scale = about["outcome"], alt.Scale(zero=False, padding=10)
    axis = alt.Axis(format="~%" if about["share"] else "", grid=True)

    def x(field: str) -> Any:
        return alt.X(f"{field}:Q", title=title, scale=scale, axis=axis)

    base = alt.Chart(table.astype({"group": str}))
    one = base.transform_aggregate(
        groupby=["group"],
        **{name: f"max({name})" for name in ("n", "mean", "q25", "median", "q75", "low", "high")},
    )
    place = alt.YOffset("jitter:Q", scale=alt.Scale(domain=[-0.35, 1.35]))
    fmt = say.number_format(table["value"])
    tips: dict[str, Any] = {}
    stats: dict[str, Any] = {}
    if interactive:
        formats = {"value": fmt, "run_id": "d", "replication": "d"}
        tips = {
            "tooltip": [
                alt.Tooltip(
                    f"{name}:{'Q' if name in formats else 'N'}",
                    title=text,
                    format=formats.get(name, alt.Undefined),
                )
                for name, text in about["columns"].items()
            ]
        }
        names = ("mean", "median", "q25", "q75")
        stats = {
            "tooltip": [
                alt.Tooltip("group:N", title=about["columns"]["group"]),
                alt.Tooltip("n:Q", title="runs", format=",d"),
            ]
            + [alt.Tooltip(f"{name}:Q", title=name, format=fmt) for name in names]
        }
    layers = []
    if not about["share"]:
        layers += [
            one.mark_rule(color=look.muted, strokeWidth=1).encode(x=x("low"), x2="high:Q", y=y),
            one.mark_bar(
                height=alt.RelativeBandSize(0.62),
                color=look.accent,
                opacity=0.22,
                stroke=look.accent,
                strokeWidth=1,
            ).encode(x=x("q25"), x2="q75:Q", y=y, **stats),
        ]
    layers.append(
        base.mark_circle(size=18 if len(table) > 400 else 30, opacity=0.55, color=look.accent).encode(
            x=x("value"), y=y, yOffset=place, **tips
        )
    )
    if not about["share"]:
        layers.append(
            one.mark_tick(
                thickness=2.5, height=alt.RelativeBandSize(0.62) if False else 24, color=look.ink
            ).encode(x=x("median"), y=y)
        )
    layers.append(
        one.mark_point(
            shape="diamond",
            filled=True,
            size=80,
            color=look.ink,
            stroke=look.background,
            strokeWidth=1,
            opacity=1,
        ).encode(x=x("mean"), y=y, **stats)
    )
    return finish(alt.layer(*layers).properties(width=width, height=height), table, look, width)


CHART = ChartKind(
    "distribution",
    "Spread over runs",
    "How much runs of the same point, or of the same level, differ by chance.",
    table,
    draw,
)
chart = CHART.chart
