"""An outcome over two parameters: the mean in each cell, and how much stands behind it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import ParameterError
from mesa_lab.formatting import label, measure_label, number
from mesa_lab.processing.charts import caption as say
from mesa_lab.processing.charts.axis_levels import Levels, is_log, levels_of
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.charts.effect import default_parameters
from mesa_lab.processing.charts.theme import finish, gradient, in_lines, theme_of
from mesa_lab.processing.charts.tooltips import tooltips
from mesa_lab.processing.statistics.grouping import check_names, comparable_points, group, points_by
from mesa_lab.processing.statistics.summary import of_groups

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["CHART", "chart", "draw", "table"]

MOST_LEVELS: Final = 20
MOST_CATEGORIES: Final = 40
MOST_PRINTED: Final = 64


def table(
    results: Reader, outcome: str, x: str | None = None, y: str | None = None, bins: int | None = None
) -> pd.DataFrame:
    """Compute the mean of an outcome for each pair of levels of two parameters.

    Args:
        results: The results.
        outcome: An outcome, or what is recorded of each run.
        x: A varied parameter; None takes the most influential left.
        y: Another one.
        bins: Into how many ranges to divide a number with more than 20 values, or with one for every other point;
            None chooses by the number of points.

    Returns:
        One row per cell that holds a design point: `x`, `y` (labels), `x_low`, `x_high`, `y_low`, `y_high` where these
        are ranges, `n_points`, `n`, `n_failed`, `n_missing`, `n_infinite`, `mean`, `sd`.

    Raises:
        OutcomeError: If the outcome is unknown or not a number, or fewer than two parameters vary.
        ParameterError: If a parameter is unknown, held fixed, or named twice.
    """
    results.require_values(outcome)
    x, y = _pair(results, outcome, x, y)
    if bins is None:
        bins = int(np.clip(np.sqrt(len(results.points) / 4), 4, 12))
    # Where nearly each point has values of its own, cells of single values would stand scattered in emptiness.
    most = min(MOST_LEVELS, max(8, len(results.points) // 2))
    across, up = (levels_of(results, name, most, bins) for name in (x, y))
    binned = {x: across.code, y: up.code}
    groups = group(results, [x, y], binned, only=comparable_points(results, [x, y], binned))
    found, outcomes = of_groups(results, outcome, groups)
    columns: dict[str, Any] = {}
    for axis, levels in (("x", across), ("y", up)):
        code = groups.keys[results.columns[levels.name]].to_numpy(dtype=np.int64)
        columns[axis] = [levels.labels[at] for at in code]
        if levels.edges is not None:
            columns |= {
                f"{axis}_low": [levels.edges[at][0] for at in code],
                f"{axis}_high": [levels.edges[at][1] for at in code],
            }
            columns[f"{axis}_mid"] = [levels.values[at] for at in code]
    frame = pd.DataFrame(
        {
            **columns,
            "n_points": groups.n_points,
            **{name: found[name] for name in ("n", "n_failed", "n_missing", "n_infinite", "mean", "sd")},
        }
    )
    marks = say.marks({"x": frame["x"], "y": frame["y"]}, points_by(results, groups.code, len(groups)))
    notes: list[str] = []
    for axis, levels in (("x", across), ("y", up)):
        if not levels.binned and len(levels.labels) > MOST_CATEGORIES:
            frame = frame[frame[axis].isin(levels.labels[:MOST_CATEGORIES])].reset_index(drop=True)
            notes.append(f"{MOST_CATEGORIES} of {len(levels.labels):,} levels of {levels.title} are shown.")
    what = "Share" if outcomes.is_share else "Mean"
    sentences = [
        f"{what} in each cell, over {say.span(frame['n'], 'run')} from {say.span(frame['n_points'], 'design point')}."
    ]
    sentences += [*say.compared(groups), *notes]
    if len(frame) < min(len(across.labels), MOST_CATEGORIES) * min(len(up.labels), MOST_CATEGORIES):
        sentences.append("Empty cells hold no design point.")
    sentences += say.left_out(found)
    titles = {"x": label(x), "y": label(y), "n_points": "design points", "n": "runs", "n_failed": "failed"}
    return say.caption(
        frame,
        "heatmap",
        f"{measure_label(outcome, results.outcomes)} by {label(x)} and {label(y)}",
        sentences,
        titles | {"mean": what.lower(), "sd": "sd"},
        outcome=measure_label(outcome, results.outcomes),
        share=outcomes.is_share,
        marks=marks,
        axes={"x": _axis(results, across), "y": _axis(results, up)},
    )


def _pair(results: Reader, outcome: str, x: str | None, y: str | None) -> tuple[str, str]:
    check_names(results, [name for name in (x, y) if name is not None])
    if x is not None and x == y:
        raise ParameterError(f"x and y are both '{x}'. Choose two different parameters.")
    rest = [name for name in default_parameters(results, outcome, 2) if name not in (x, y)]
    if x is None:
        x = rest.pop(0)
    return x, y or next(name for name in rest if name != x)


def _axis(results: Reader, levels: Levels) -> dict[str, Any]:
    log = is_log(results, levels.name)
    return {
        "title": levels.title,
        "labels": levels.labels[:MOST_CATEGORIES],
        "ticks": _ticks(levels),
        "binned": levels.binned,
        "log": log and levels.binned,
    }


def _ticks(levels: Levels) -> list[list[Any]]:
    """Where an axis of ranges is marked, and how: at their ends, or in the middle of ranges of whole numbers."""
    if levels.edges is None:
        return []
    if levels.whole:
        return [[float(at), text] for at, text in zip(levels.values, levels.labels, strict=True)]
    edges = [levels.edges[0][0], *(high for _, high in levels.edges)]
    digits = 3
    while digits < 12 and len({number(edge, digits) for edge in edges}) < len(edges):
        digits += 1
    return [[float(edge), number(edge, digits)] for edge in edges]


def _marked(ticks: list[list[Any]]) -> dict[str, Any]:
    words = json.dumps([text for _, text in ticks])
    places = json.dumps([at for at, _ in ticks])
    return {
        "values": [at for at, _ in ticks],
        "labelExpr": f"{words}[indexof({places}, datum.value)]",
        "labelOverlap": True,
    }


def draw(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 480,
    height: int | None = None,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    """Draw a heat map, with the values printed when there are few cells.

    Args:
        table: From `table`.
        theme: "light" or "dark".
        width: Of the plot in pixels.
        height: Of the plot in pixels; None suits it to the number of cells.
        interactive: Show values under the pointer.

    Returns:
        An altair chart.
    """
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    if height is None:
        up = about["axes"]["y"]
        height = 320 if up["binned"] else max(120, min(56 * len(up["labels"]), 400))
    fmt = ".0%" if about["share"] else say.number_format(table["mean"])
    place: dict[str, Any] = {}
    middle: dict[str, Any] = {}
    for axis, channel in (("x", alt.X), ("y", alt.Y)):
        side = about["axes"][axis]
        title = in_lines(side["title"], width if axis == "x" else height)
        if side["binned"]:
            scale = alt.Scale(type="log" if side["log"] else "linear", zero=False, nice=False)
            options = {
                "title": title,
                "scale": scale,
                "axis": alt.Axis(grid=False, **_marked(side["ticks"])),
            }
            place |= {axis: channel(f"{axis}_low:Q", **options), f"{axis}2": f"{axis}_high:Q"}
            middle[axis] = channel(f"{axis}_mid:Q", **options)
        else:
            labels = side["labels"] if axis == "x" else side["labels"][::-1]
            flat = axis == "y" or all(7 * len(text) + 6 < width / len(labels) for text in labels)
            options = {
                "title": title,
                "sort": labels,
                "axis": alt.Axis(labelAngle=0 if flat else -40, grid=False),
            }
            place[axis] = middle[axis] = channel(f"{axis}:N", scale=alt.Scale(domain=labels), **options)
    low, high = float(table["mean"].min()), float(table["mean"].max())
    scale = gradient(about["share"])
    legend = alt.Legend(
        title=in_lines(about["outcome"], 140, 3), format=fmt, gradientLength=min(height - 40, 200)
    )
    counts = dict.fromkeys(("n_points", "n", "n_failed"), ",d")
    formats = {**counts, "mean": fmt, "sd": say.number_format(table["sd"])}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    base = alt.Chart(table)
    cells = base.mark_rect(stroke=look.background, strokeWidth=1).encode(**place, tooltip=tips)
    layers = [
        cells.transform_filter("isValid(datum.mean)").encode(
            color=alt.Color("mean:Q", scale=scale, legend=legend)
        ),
        cells.transform_filter("!isValid(datum.mean)").encode(color=alt.value(look.grid)),
        base.transform_filter("!isValid(datum.mean)")
        .mark_text(color=look.muted)
        .encode(**middle, text=alt.value("no result")),
    ]
    if len(table) <= MOST_PRINTED:
        split = 0.55 if about["share"] else low + 0.55 * (high - low)
        ink = alt.condition(f"datum.mean > {split!r}", alt.value("#101418"), alt.value("#ffffff"))
        shown = base.transform_filter("isValid(datum.mean)").mark_text(fontSize=11)
        layers.append(shown.encode(**middle, text=alt.Text("mean:Q", format=fmt), color=ink))
    return finish(alt.layer(*layers, width=width, height=height), table, look, width)


CHART = ChartKind(
    "heatmap",
    "Over two parameters",
    "How two parameters act together on an outcome.",
    table,
    draw,
    parameters=2,
)
chart = CHART.chart
