"""The design points, each pair of parameters against each other, coloured by an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.processing.analysis.grouping import check_names, group
from mesa_lab.processing.analysis.influence import ranked
from mesa_lab.processing.analysis.summary import numbers, statistics
from mesa_lab.processing.charts import caption as say
from mesa_lab.processing.charts.effect import default_parameters
from mesa_lab.processing.charts.kind import ChartKind
from mesa_lab.processing.charts.levels import is_log, is_numeric, levels_of
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.wording import label, measure_label

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.reading import Reader

__all__ = ["CHART", "chart", "draw", "table"]

MOST_POINTS: Final = 1000
MOST_PARAMETERS: Final = 5


def table(results: Reader, outcome: str, parameters: Sequence[str] | None = None) -> pd.DataFrame:
    """Compute the mean of an outcome at each design point.

    Args:
        results: The results.
        outcome: An outcome, or what is recorded of each run.
        parameters: Which parameters to show, at most five; None takes the most influential.

    Returns:
        One row per design point: `point`, `p0`, `p1` and so on (the parameters), `n`, `n_failed`, `mean`, `sd`.

    Raises:
        OutcomeError: If the outcome is unknown or not a number, or no parameter varies.
        ParameterError: If a parameter is unknown or held fixed.
    """
    results.outcome_list(outcome, measures=True)
    default_parameters(results, outcome, 1)
    names = list(parameters or ranked(results, outcome))
    check_names(results, names)
    notes = (
        [] if len(names) <= MOST_PARAMETERS else [f"{MOST_PARAMETERS} of {len(names)} parameters are shown."]
    )
    names = [name for name in results.parameters if name in names[:MOST_PARAMETERS]]
    groups = group(results, "point")
    values, is_share = numbers(results.values(outcome), outcome)
    done = results.done
    found = statistics(values[done], groups.code[done], len(groups), is_share=is_share)
    ran, ended = (
        np.bincount(groups.code, minlength=len(groups)),
        np.bincount(groups.code[done], minlength=len(groups)),
    )
    points = groups.keys["point"]
    columns: dict[str, Any] = {"point": points}
    axes = []
    for number, name in enumerate(names):
        if is_numeric(results, name):
            columns[f"p{number}"] = (
                results.points[results.columns[name]].loc[points].to_numpy(dtype=np.float64)
            )
            axes.append({"title": label(name), "numeric": True, "log": is_log(results, name), "labels": []})
        else:
            levels = levels_of(results, name)
            columns[f"p{number}"] = [levels.labels[at] for at in levels.code.loc[points]]
            axes.append({"title": label(name), "numeric": False, "log": False, "labels": levels.labels})
    frame = pd.DataFrame(
        {**columns, "n": found["n"], "n_failed": ran - ended, "mean": found["mean"], "sd": found["sd"]}
    )
    if len(frame) > MOST_POINTS:
        at = np.linspace(0, len(frame) - 1, MOST_POINTS).round().astype(int)
        notes.append(f"{MOST_POINTS:,} of {len(frame):,} design points are shown.")
        frame = frame.iloc[at].reset_index(drop=True)
    what = "share" if is_share else "mean"
    sentences = [
        f"Each mark is a design point, coloured by its {what} over {say.counts(frame['n'])}.",
        *notes,
    ]
    if frame["mean"].isna().any():
        sentences.append("Crosses have no result.")
    sentences += say.left_out(int((ran - ended).sum()))
    name = measure_label(outcome, results.outcomes)
    titles = {"point": "point"} | {f"p{number}": axis["title"] for number, axis in enumerate(axes)}
    return say.caption(
        frame,
        "design",
        f"Design points coloured by {name}",
        sentences,
        titles | {"n": "runs", "n_failed": "failed", "mean": f"{what} of {name}", "sd": "sd"},
        outcome=name,
        share=is_share,
        axes=axes,
    )


def draw(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 560,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    """Draw a scatter matrix.

    Args:
        table: From `table`.
        theme: "light" or "dark".
        width: Of the whole in pixels.
        height: Of the whole in pixels; None makes the panels square.
        interactive: Show values under the pointer, and let a selection named "brush" be drawn with it.

    Returns:
        An altair chart.
    """
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    axes = about["axes"]
    count = max(len(axes) - 1, 1)
    side = max(70, (width - 60) // count - 16)
    tall = side if height is None else max(60, (height - 60) // count - 16)
    fmt = ".0%" if about["share"] else say.number_format(table["mean"])
    legend = alt.Legend(title=about["outcome"], format=fmt, titleLimit=160)
    shown = alt.Color(
        "mean:Q",
        scale=alt.Scale(scheme="viridis", **({"domain": [0, 1]} if about["share"] else {})),
        legend=legend,
    )
    tips: dict[str, Any] = {}
    brush = alt.selection_interval(name="brush", resolve="intersect") if interactive else None
    if interactive:
        tips = {"tooltip": [_tip(name, title, table, fmt) for name, title in about["columns"].items()]}

    def panel(row: int, column: int, *, last: bool, first: bool) -> Any:
        encode: dict[str, Any] = {"x": _axis(alt.X, column, axes, show=last)}
        encode["y"] = (
            _axis(alt.Y, row, axes, show=first)
            if row != column
            else alt.Y("mean:Q", title=about["outcome"], scale=alt.Scale(zero=False))
        )
        base = alt.Chart(table).encode(**encode, **tips)
        good = base.transform_filter("isValid(datum.mean)").mark_circle(
            size=46, opacity=0.9, stroke=look.background, strokeWidth=0.5
        )
        colour: Any = shown if brush is None else alt.condition(brush, shown, alt.value(look.line))
        dots = good.encode(color=colour)
        if brush is not None:
            dots = dots.add_params(brush)
        bad = base.transform_filter("!isValid(datum.mean)").mark_point(
            shape="cross", angle=45, size=40, color=look.muted
        )
        return (
            alt.layer(dots, bad).properties(width=side, height=tall)
            if row != column
            else dots.properties(width=side, height=min(tall, 320))
        )

    if len(axes) == 1:
        return finish(panel(0, 0, last=True, first=True), table, look, width)
    rows = [
        alt.hconcat(
            *(panel(row, column, last=row == len(axes) - 1, first=column == 0) for column in range(row)),
            spacing=12,
        )
        for row in range(1, len(axes))
    ]
    return finish(alt.vconcat(*rows, spacing=12), table, look, width)


def _axis(channel: Any, number: int, axes: list[dict[str, Any]], *, show: bool) -> Any:
    import altair as alt

    side = axes[number]
    title = side["title"] if show else None
    axis = alt.Axis(labels=show, ticks=show, tickCount=4, grid=True, labelOverlap=True, titleLimit=160)
    if side["numeric"]:
        scale = (
            alt.Scale(type="log", nice=False, padding=6)
            if side["log"]
            else alt.Scale(zero=False, nice=False, padding=6)
        )
        return channel(f"p{number}:Q", title=title, scale=scale, axis=axis)
    return channel(
        f"p{number}:N", title=title, sort=side["labels"], scale=alt.Scale(domain=side["labels"]), axis=axis
    )


def _tip(name: str, title: str, table: pd.DataFrame, fmt: str) -> Any:
    import altair as alt

    if name == "mean":
        return alt.Tooltip("mean:Q", title=title, format=fmt)
    if pd.api.types.is_numeric_dtype(table[name].dtype):
        return alt.Tooltip(f"{name}:Q", title=title, format=say.number_format(table[name]))
    return alt.Tooltip(f"{name}:N", title=title)


CHART = ChartKind(
    "design",
    "The design, coloured",
    "Where in the parameter space an outcome is high or low.",
    table,
    draw,
    parameters=1,
)
chart = CHART.chart
