"""An outcome over the steps: the mean of each group of runs, with a band."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.formatting import label
from mesa_lab.processing.charts import caption as say
from mesa_lab.processing.charts.axis_levels import Levels, levels_of, point_labels, whole_ticks
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.charts.theme import DASHES, Theme, colours, finish, in_lines, key, theme_of
from mesa_lab.processing.charts.tooltips import tooltips
from mesa_lab.processing.statistics.grouping import (
    Groups,
    check_names,
    comparable_points,
    group,
    names_of,
    points_by,
)
from mesa_lab.processing.statistics.main_effects import ranked
from mesa_lab.processing.statistics.measurements import numbers
from mesa_lab.processing.statistics.summary import checked_level, over_steps
from mesa_lab.processing.tables.nothing_to_show import nothing_reported

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["CHART", "chart", "draw", "table"]

_HEIGHT: Final = 300  # pixels
MOST_LINES: Final = 8
MOST_STEPS: Final = 160
FEW_LEFT: Final = 0.25
MOST_RUNS: Final = 40
MOST_ROWS: Final = 3000  # of single runs; altair takes 5,000 in all


def table(
    results: Reader,
    outcome: str,
    by: str | None = None,
    points: Sequence[int] | None = None,
    band: str = "interval",
    runs: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compute the mean of an outcome at each step.

    Args:
        results: The results.
        outcome: A model-level outcome.
        by: "point" for a line per design point, a parameter for a line per level (ranges where there are many), "all"
            for one line. None takes points when there are few, else the most influential parameter.
        points: Only these design points.
        band: "interval" for the confidence interval of the mean, "spread" for where the middle of the runs lies.
        runs: Whether the runs themselves are drawn as thin lines behind the mean, at most 40 of them.
        level: Level of the interval, or share of the runs within the spread.

    Returns:
        One row per line and step: `group`, `step`, `n`, `n_failed`, `n_missing`, `mean`, `low`, `high`; at most 8 lines
        and some 160 steps, and `attrs["chart"]` says what was left out.

    Raises:
        OutcomeError: If the outcome is unknown, not a number, or has no series.
        ParameterError: If `by` or a point is unknown.
    """
    level = checked_level(level)
    if band not in ("interval", "spread"):
        raise OutcomeError(f'band is {band!r}. Write "interval" or "spread".')
    results.outcome_list(outcome, series=True)
    points = None if points is None else results.known_points(points)
    by = by or automatic(results, outcome, MOST_LINES, points)
    groups, labels, levels, notes = lines(results, by, points, MOST_LINES)
    quantiles = ((1 - level) / 2, (1 + level) / 2) if band == "spread" else ()
    stride = _stride(results)
    of_group, steps, found = over_steps(results, outcome, groups, level, quantiles, stride=stride)
    if not found["n"].any():
        raise OutcomeError(_nothing(results, outcome, collected=not found.empty))
    low, high = (found.columns[-2], found.columns[-1]) if quantiles else ("ci_low", "ci_high")
    frame = pd.DataFrame(
        {
            "group": pd.Categorical.from_codes(of_group, categories=pd.Index(labels)),
            "step": steps,
            "mean": found["mean"],
            "low": found[low],
            "high": found[high],
            **{name: found[name] for name in ("sd", "n", "n_missing", "n_infinite")},
        }
    )
    starts = frame.groupby("group", observed=True)["n"].max()
    left = frame["n"] / frame["group"].map(starts).astype("int64")
    stopping, cut = bool((left < 1).any()), bool((left < FEW_LEFT).any())
    frame = frame[left >= FEW_LEFT].reset_index(
        drop=True
    )  # what few runs say about the end says little about the rest
    what = (
        f"{say.percent(level)} confidence interval of the mean"
        if band == "interval"
        else f"middle {say.percent(level)} of the runs"
    )
    if int(frame["n"].max()) < 2:
        sentences = ["One run each: replications are needed for a band."] if len(starts) > 1 else ["One run."]
    else:
        sentences = [f"Mean (line) and {what} (band), {say.counts(starts)}."]
    if stopping:
        ends = "; lines end when fewer than a quarter are left" if cut else ""
        sentences.append(f"Runs that stop early leave the mean at that step{ends}.")
    if by != "point":
        sentences += say.compared(groups, found if band == "interval" else None)
    failed = pd.DataFrame({"n_failed": [int((~results.done & groups.counted & (groups.code >= 0)).sum())]})
    sentences += [*notes, *say.left_out(failed.assign(n_missing=0, n_infinite=0))]
    if found["n_infinite"].any():
        sentences.append("Infinite values are left out.")
    if stride > max(results.experiment.period, 1):
        sentences.append(f"One step in {stride:,} is drawn.")
    threads = ""
    if runs:
        threads, shown, there = _threads(results, outcome, groups, labels, stride)
        of = f"{shown:,} of {there:,} runs are" if shown < there else "The runs are"
        sentences.append(f"{of} drawn as thin lines.")
    group_title = "" if by in ("all", "point") else label(by)
    marks = say.marks({"group": labels}, points_by(results, groups.code, len(labels)))
    return say.caption(
        frame,
        "series",
        f"{label(outcome)} over the steps",
        sentences,
        {
            "group": group_title or "group",
            "step": "step",
            "mean": "mean",
            "low": "low",
            "high": "high",
            "n": "runs",
        },
        outcome=label(outcome),
        marks=marks,
        group_title=group_title,
        ordered=bool(levels and levels.ordered),
        threads=threads,
    )


def _threads(
    results: Reader, outcome: str, groups: Groups, labels: list[str], stride: int
) -> tuple[str, int, int]:
    """The steps of single runs, as a text (pandas copies what is attached to a table at every turn); how many; of how many."""
    there = np.flatnonzero(results.done & groups.counted & (groups.code >= 0))
    chosen = (
        there[np.unique(np.linspace(0, max(len(there) - 1, 0), MOST_RUNS).round().astype(int))]
        if len(there)
        else there
    )
    kept = np.zeros(len(results.done), dtype=bool)
    kept[chosen] = True
    run, step, raw = results.steps_of(
        outcome, kept, stride * max(1, -(-len(chosen) * MOST_STEPS // MOST_ROWS))
    )
    values = numbers(raw, outcome)[0]
    known = np.isfinite(values)
    rows = {
        "group": [labels[int(code)] for code in groups.code[run[known]]],
        "run": run[known].tolist(),
        "step": step[known].tolist(),
        "value": values[known].tolist(),
    }
    return json.dumps(rows), len(chosen), len(there)


def automatic(results: Reader, outcome: str, most: int, points: Sequence[int] | None = None) -> str:
    """Choose how to tell runs apart: by point while there are few, else by the parameter that matters most."""
    count = len(results.points) if points is None else len(points)
    if count <= 1 or not results.parameters:
        return "all"
    return "point" if count <= most else ranked(results, outcome)[0]


def lines(
    results: Reader, by: str, points: Sequence[int] | None, most: int
) -> tuple[Groups, list[str], Levels | None, list[str]]:
    """Group runs for a chart of few groups.

    Returns:
        The groups, whose code is -1 for runs that are not shown; their labels; the levels when it is by a parameter;
        and what to say about groups that are not shown.
    """
    only = None if points is None else np.isin(results.points.index, list(points))
    if by == "all":
        return group(results, (), only=only), ["all runs"], None, []
    if by == "point":
        found, notes = _few(group(results, "point", only=only), most, "design points")
        return found, point_labels(results, found.keys["point"].tolist()), None, notes
    check_names(results, names_of(by))
    levels = levels_of(results, by, most)
    binned = {by: levels.code}
    alike = comparable_points(results, [by], binned)
    if alike is not None:
        only = alike if only is None else only & alike
    found, notes = _few(group(results, by, binned, only=only), most, f"levels of {label(by)}")
    labels = [levels.labels[int(place)] for place in found.keys[results.columns[by]]]
    return found, labels, levels, notes


def _few(found: Groups, most: int, what: str) -> tuple[Groups, list[str]]:
    """Keep so many groups, evenly chosen."""
    if len(found) <= most:
        return found, []
    at = np.unique(np.linspace(0, len(found) - 1, most).round().astype(int))
    number = np.full(len(found) + 1, -1, dtype=np.int64)  # the last is for the runs in no group
    number[at] = np.arange(len(at))
    keys = found.keys.iloc[at].reset_index(drop=True)
    kept = replace(found, keys=keys, code=number[found.code], n_points=found.n_points[at])
    return kept, [f"{len(at)} of {len(found):,} {what} are shown."]


def _stride(results: Reader) -> int:
    """Return every how many steps to draw."""
    steps = results.recorded("steps")
    period = max(results.experiment.period, 1)
    last = int(steps.max()) if len(steps) and steps.notna().any() else 0
    return int(period * max(1, -(-(last // period + 1) // MOST_STEPS)))


def _nothing(results: Reader, outcome: str, *, collected: bool) -> str:
    if collected or not results.done.any():
        return nothing_reported(results, outcome)
    return f"There is no series of '{outcome}': it was not collected over the steps. Run with period=1 to see one."


def draw(
    table: pd.DataFrame,
    theme: str = "light",
    width: int = 560,
    height: int = _HEIGHT,
    interactive: bool = True,
) -> alt.TopLevelMixin:
    """Draw lines with bands.

    Args:
        table: From `table`.
        theme: "light" or "dark".
        width: Of the plot in pixels.
        height: Of the plot in pixels.
        interactive: Show values under the pointer.

    Returns:
        An altair chart.
    """
    import altair as alt

    look = theme_of(theme)
    drawn = layers(table, look, width, interactive=interactive)
    return finish(
        alt.layer(*drawn).resolve_legend(fill="independent").properties(width=width, height=height),
        table,
        look,
        width,
    )


def layers(
    table: pd.DataFrame, look: Theme, width: int, *, interactive: bool, apart: bool = False
) -> list[Any]:
    """Return what a chart over the steps is made of.

    Args:
        table: From `table`.
        look: The colours.
        width: Of the plot in pixels.
        interactive: Show values under the pointer.
        apart: Whether groups stand in panels of their own, and need no colours.
    """
    import altair as alt

    about = table.attrs["chart"]
    labels = [str(text) for text in table["group"].cat.categories]
    palette = colours(look, len(labels), ordered=about["ordered"]) if len(labels) > 1 else [look.accent]
    scale = alt.Scale(domain=labels, range=palette)
    legend = key(labels, about["group_title"], width)
    colour: Any = alt.Color("group:N", sort=labels, scale=scale, legend=legend)
    dash: Any = alt.StrokeDash(
        "group:N",
        sort=labels,
        scale=alt.Scale(domain=labels, range=list(DASHES[: len(labels)])),
        legend=legend,
    )
    fill: Any = alt.Fill("group:N", sort=labels, scale=scale, legend=None)
    if apart:
        colour = fill = alt.value(look.accent)
        dash = alt.value([1, 0])
    x = alt.X(
        "step:Q",
        title="step",
        axis=alt.Axis(grid=False, **whole_ticks(table["step"])),
        scale=alt.Scale(nice=False),
    )
    # Panels share one table, which they are given together.
    base = alt.Chart() if apart else alt.Chart(table.astype({"group": str}))
    title = in_lines(about["outcome"], _HEIGHT)
    y = alt.Y("mean:Q", title=title, scale=alt.Scale(zero=False))
    layers: list[Any] = []
    alone = table["step"].nunique() == 1
    if table["low"].notna().any():
        low = alt.Y("low:Q", title=title, scale=alt.Scale(zero=False))
        if alone:
            layers.append(base.mark_rule(strokeWidth=2).encode(x=x, y=low, y2="high:Q", color=colour))
        else:
            layers.append(base.mark_area(opacity=0.16).encode(x=x, y=low, y2="high:Q", fill=fill))
    if about["threads"]:
        runs = alt.Chart(pd.DataFrame(json.loads(about["threads"])))
        thin = runs.mark_line(strokeWidth=1, opacity=0.45)
        value = alt.Y("value:Q", title=title, scale=alt.Scale(zero=False))
        layers.append(thin.encode(x=x, y=value, detail="run:N", color=colour))
    if alone:
        layers.append(base.mark_point(filled=True, size=70).encode(x=x, y=y, color=colour))
    else:
        layers.append(base.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour, strokeDash=dash))
    if interactive:
        fmt = say.number_format(table["mean"])
        titles = {name: text for name, text in about["columns"].items() if name != "group" or len(labels) > 1}
        tips = tooltips(titles, {"step": ",d", "mean": fmt, "low": fmt, "high": fmt, "n": ",d"})
        layers.append(base.mark_point(opacity=0, size=80).encode(x=x, y=y, tooltip=tips))
    return layers


CHART = ChartKind(
    "series",
    "Over the steps",
    "How an outcome develops during the runs, and how far apart runs are.",
    table,
    draw,
)
chart = CHART.chart
