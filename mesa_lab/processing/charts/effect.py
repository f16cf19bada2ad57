"""An outcome against one parameter: the mean at each level, or at each design point, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.formatting import label, measure_label
from mesa_lab.processing.charts import caption as say
from mesa_lab.processing.charts.axis_levels import Levels, is_log, is_numeric, levels_of
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.charts.theme import DASHES, SHAPES, colours, finish, in_lines, key, theme_of
from mesa_lab.processing.charts.tooltips import tooltips
from mesa_lab.processing.statistics.grouping import check_names, comparable_points, group, points_by
from mesa_lab.processing.statistics.main_effects import leading, ranked
from mesa_lab.processing.statistics.summary import checked_level, of_groups
from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["CHART", "chart", "draw", "table"]

MOST_LEVELS: Final = 40  # more values than these are a cloud of points, not levels
MOST_CATEGORIES: Final = 40
MOST_POINTS: Final = 1000
MOST_GROUPS: Final = 6
MOST_TICKS: Final = 10
ENOUGH: Final = 20  # points for a smooth line


def table(
    results: Reader, outcome: str, parameter: str | None = None, by: str | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Compute the mean of an outcome for the values of a parameter.

    Args:
        results: The results.
        outcome: An outcome, or what is recorded of each run (`steps`, `run_seconds`).
        parameter: A varied parameter; None takes the most influential.
        by: A second parameter to tell apart by colour and shape (ranges where it has many values).
        level: Level of the confidence interval.

    Returns:
        One row per level of the parameter, or per design point where nearly every point has a value of its own: `x`,
        `group`, `n_points`, `n`, `n_failed`, `n_missing`, `n_infinite`, `mean`, `sd`, `low`, `high`, `unit`. In a design
        that moves one parameter at a time only points count at which the others are at the base case.

    Raises:
        OutcomeError: If the outcome is unknown or not a number, or no parameter varies.
        ParameterError: If a parameter is unknown or held fixed.
    """
    level = checked_level(level)
    results.require_values(outcome)
    notes: list[str] = []
    if parameter is None:
        parameter = default_parameters(results, outcome, 1)[0]
        notes += _of_leading(results, outcome)
    check_names(results, [name for name in (parameter, by) if name is not None])
    if by == parameter:
        by = None
    second = None if by is None else levels_of(results, by, MOST_GROUPS)
    column = results.columns[parameter]
    names = [parameter] if second is None else [parameter, second.name]
    ranges = {} if second is None else {second.name: second.code}
    kept = comparable_points(results, names, ranges)
    values_at = results.points[column] if kept is None else results.points[column][kept]
    count = len(level_codes(values_at)[1])
    numeric = is_numeric(results, parameter)
    # Nearly each point has a level of its own, and averages over nothing.
    own = kept is None and len(results.parameters) > 1 and count > max(8, len(results.points) // 2)
    cloud = numeric and (own or count > MOST_LEVELS)
    first = levels_of(results, parameter, most=max(len(results.points), 1))
    binned = {parameter: first.code, **ranges}
    groups = group(results, "point", only=kept) if cloud else group(results, list(binned), binned, only=kept)
    found, outcomes = of_groups(results, outcome, groups, level)
    if cloud:
        x: Any = groups.keys[column].astype("float64")
        code = None if second is None else second.code.loc[groups.keys["point"]].to_numpy()
    else:
        x = [first.values[at] if numeric else first.labels[at] for at in groups.keys[column]]
        code = None if second is None else groups.keys[results.columns[second.name]].to_numpy()
    labels = ["all"] if second is None else second.labels
    codes = np.zeros(len(groups), dtype=np.int64) if code is None else code
    frame = pd.DataFrame(
        {
            **({"point": groups.keys["point"]} if cloud else {}),
            "x": x,
            "group": pd.Categorical.from_codes(codes, categories=pd.Index(labels)),
            "n_points": groups.n_points,
            **{name: found[name] for name in ("n", "n_failed", "n_missing", "n_infinite", "mean", "sd")},
            "low": found["ci_low"],
            "high": found["ci_high"],
            "unit": found["unit"],
        }
    )
    marks = say.marks(
        {"x": frame["x"], "group": frame["group"]}, points_by(results, groups.code, len(groups))
    )
    frame, kept_labels = _few_groups(frame, second, notes)
    frame = _few_rows(frame, cloud, notes, label(parameter))
    what = "Share" if outcomes.is_share else "Mean"
    sentences = [say.interval(level, found, f"{what} at each design point" if cloud else what)]
    smooth = cloud and int(frame["mean"].notna().sum()) >= ENOUGH * max(len(kept_labels), 1)
    if smooth:
        sentences.append("The line is a local regression (loess) through the points.")
    sentences += [
        *say.compared(groups, found),
        *notes,
        *say.left_out(found),
    ]
    columns = {"x": label(parameter)}
    columns |= {} if second is None else {"group": second.title}
    columns |= {} if cloud else {"n_points": "design points"}
    columns |= {
        "n": "runs",
        "n_failed": "failed",
        "mean": what.lower(),
        "sd": "sd",
        "low": "low",
        "high": "high",
    }
    title = f"{measure_label(outcome, results.outcomes)} against {label(parameter)}"
    return say.caption(
        frame,
        "effect",
        title if second is None else f"{title}, by {second.title}",
        sentences,
        columns,
        outcome=measure_label(outcome, results.outcomes),
        marks=marks,
        cloud=cloud,
        smooth=smooth,
        numeric=numeric,
        log=is_log(results, parameter),
        share=outcomes.is_share,
        group_title="" if second is None else second.title,
        groups=kept_labels,
        ordered=bool(second and second.ordered),
        order=[] if numeric else first.labels,
        # Those of the whole design, so that the axis stays as it is while points come in.
        span=[float(values_at.min()), float(values_at.max())] if numeric and len(values_at) else [],
        ticks=sorted({float(value) for value in values_at}) if numeric and count <= MOST_TICKS else [],
    )


def default_parameters(results: Reader, outcome: str, count: int) -> list[str]:
    """Return the most influential parameters.

    Raises:
        OutcomeError: If fewer than that vary.
    """
    if len(results.parameters) < count:
        varied = "one parameter varies" if results.parameters else "no parameter varies"
        raise OutcomeError(
            f"This chart compares values of {count} parameter{'s' * (count > 1)}, but {varied} in this experiment."
        )
    if count == len(results.parameters):
        return list(results.parameters)
    return ranked(results, outcome)[:count]


def _of_leading(results: Reader, outcome: str) -> list[str]:
    """Say why this parameter is shown, which nobody chose, where there are several."""
    first = leading(results, outcome) if len(results.parameters) > 1 else None
    if first is None:
        return []
    if first.clear is False:
        return ["No parameter has a clear influence: what differs may be chance."]
    if not first.share > 0:
        return []
    share = f"{round(100 * first.share)}\N{NO-BREAK SPACE}%"
    # Rough beside the answer to "Which parameters matter?", which has another number, with its interval.
    return [f"By a rough measure {label(first.name)} accounts for {share} of the differences between points."]


def _few_groups(
    frame: pd.DataFrame, second: Levels | None, notes: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    labels = [] if second is None else second.labels
    if len(labels) <= len(SHAPES):
        return frame, labels
    notes.append(f"{len(SHAPES)} of {len(labels)} levels of {second.title if second else ''} are shown.")
    labels = labels[: len(SHAPES)]
    return frame[frame["group"].isin(labels)].reset_index(drop=True), labels


def _few_rows(frame: pd.DataFrame, cloud: bool, notes: list[str], name: str) -> pd.DataFrame:
    if cloud and len(frame) > MOST_POINTS:
        # In an order of their own, so that points that are shown stay while others come in.
        order = np.argsort(frame["point"].to_numpy() * 0.6180339887498949 % 1, kind="stable")
        notes.append(f"{MOST_POINTS:,} of {len(frame):,} design points are shown.")
        return frame.iloc[np.sort(order[:MOST_POINTS])].reset_index(drop=True)
    if not cloud and frame["x"].nunique() > MOST_CATEGORIES:
        kept = frame["x"].drop_duplicates().head(MOST_CATEGORIES)
        notes.append(f"{MOST_CATEGORIES} of {frame['x'].nunique():,} levels of {name} are shown.")
        return frame[frame["x"].isin(kept)].reset_index(drop=True)
    return frame


def draw(
    table: pd.DataFrame, theme: str = "light", width: int = 560, height: int = 300, interactive: bool = True
) -> alt.TopLevelMixin:
    """Draw means with intervals.

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

    look, about = theme_of(theme), table.attrs["chart"]
    labels: list[str] = about["groups"]
    several = len(labels) > 1
    base = alt.Chart(table.astype({"group": str}))
    y_scale = alt.Scale(zero=False, domain=[0, 1]) if about["share"] else alt.Scale(zero=False)
    y_axis = alt.Axis(format="%") if about["share"] else alt.Undefined
    title = in_lines(about["outcome"], height)
    y = alt.Y("mean:Q", title=title, scale=y_scale, axis=y_axis)
    ends = {"y": alt.Y("low:Q", title=title, scale=y_scale, axis=y_axis), "y2": "high:Q"}
    encode: dict[str, Any] = {"x": _x(about, table, width)}
    marks: dict[str, Any] = {"color": alt.value(look.accent)}
    legend = key(labels, about["group_title"], width, size=90)
    if several:
        palette = colours(look, len(labels), ordered=about["ordered"])
        marks = {
            "color": alt.Color(
                "group:N", sort=labels, scale=alt.Scale(domain=labels, range=palette), legend=legend
            )
        }
        if not about["numeric"]:
            encode["xOffset"] = alt.XOffset(
                "group:N", sort=labels, scale=alt.Scale(domain=labels, paddingInner=0.5, paddingOuter=0.6)
            )
    shape = (
        {
            "shape": alt.Shape(
                "group:N",
                sort=labels,
                scale=alt.Scale(domain=labels, range=list(SHAPES[: len(labels)])),
                legend=legend,
            )
        }
        if several
        else {}
    )
    dash = (
        {
            "strokeDash": alt.StrokeDash(
                "group:N",
                sort=labels,
                scale=alt.Scale(domain=labels, range=list(DASHES[: len(labels)])),
                legend=None,
            )
        }
        if several
        else {}
    )
    layers = []
    if about["cloud"]:
        layers.append(base.mark_rule(strokeWidth=1, opacity=0.35).encode(**encode, **ends, **marks))
        if about["smooth"]:
            layers.append(
                _smooth(base, table, several)
                .mark_line(strokeWidth=2.5)
                .encode(**encode, y=y, **marks, **dash)
            )
    else:
        layers.append(base.mark_rule(strokeWidth=1.5).encode(**encode, **ends, **marks))
        if about["numeric"]:
            layers.append(
                base.transform_filter("isValid(datum.mean)")
                .mark_line(strokeWidth=1.5, opacity=0.7)
                .encode(**encode, y=y, **marks, **dash)
            )
    size, opacity = (22, 0.55) if about["cloud"] else (70, 1)
    tips = _tips(table, interactive)
    layers.append(
        base.mark_point(filled=True, size=size, opacity=opacity).encode(
            **encode, y=y, **marks, **shape, tooltip=tips
        )
    )
    return finish(alt.layer(*layers, width=width, height=height), table, look, width)


def _x(about: dict[str, Any], table: pd.DataFrame, width: int) -> Any:
    import altair as alt

    title = about["columns"]["x"]
    if about["numeric"]:
        flat: dict[str, Any] = {"domain": about["span"] or alt.Undefined, "nice": False, "padding": 12}
        scale = alt.Scale(type="log", **flat) if about["log"] else alt.Scale(zero=False, **flat)
        few = not about["cloud"] and about["ticks"]
        ticks = {"values": about["ticks"], "labelOverlap": True} if few else {"tickCount": 10}
        return alt.X("x:Q", title=title, scale=scale, axis=alt.Axis(grid=False, **ticks))
    shown = [text for text in about["order"] if text in set(table["x"])]
    fits = sum(7 * len(text) + 14 for text in shown) <= width and all(
        7 * len(text) + 8 < width / len(shown) for text in shown
    )
    return alt.X("x:N", title=title, sort=shown, axis=alt.Axis(labelAngle=0 if fits else -40, grid=False))


def _smooth(base: Any, table: pd.DataFrame, several: bool) -> Any:
    """Fit the line on the scale on which the parameter was varied."""
    import altair as alt

    about = table.attrs["chart"]
    each = len(table) / max(len(about["groups"]), 1)
    # Half of the points follow a bend too slowly where there are many, and a third of a few is too few.
    bandwidth = float(np.clip(ENOUGH / each, 0.3, 0.5))
    options: dict[str, Any] = {"bandwidth": bandwidth, "groupby": ["group"] if several else alt.Undefined}
    valid = base.transform_filter("isValid(datum.mean)")
    if not about["log"]:
        return valid.transform_loess("x", "mean", **options)
    logged = valid.transform_calculate(lx=alt.expr.log(alt.datum.x)).transform_loess("lx", "mean", **options)
    return logged.transform_calculate(x=alt.expr.exp(alt.datum.lx))


def _tips(table: pd.DataFrame, interactive: bool) -> Any:
    about = table.attrs["chart"]
    fmt = say.number_format(table["mean"])
    formats = {"n_points": ",d", "n": ",d", "n_failed": ",d"} | dict.fromkeys(
        ("mean", "sd", "low", "high"), fmt
    )
    if about["numeric"]:
        formats["x"] = say.number_format(table["x"])
    return tooltips(about["columns"], formats, interactive=interactive)


CHART = ChartKind(
    "effect",
    "Against a parameter",
    "How an outcome changes with one parameter, and how sure that is.",
    table,
    draw,
    parameters=1,
)
chart = CHART.chart
