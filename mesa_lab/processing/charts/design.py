"""The design points, each pair of parameters against each other, coloured by an outcome."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import label, measure_label
from mesa_lab.processing.charts import caption as say
from mesa_lab.processing.charts.axis_levels import fitted, is_log, is_numeric, levels_of
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.charts.effect import default_parameters
from mesa_lab.processing.charts.theme import THEMES, Theme, finish, gradient, in_lines, theme_of
from mesa_lab.processing.charts.tooltips import tooltips
from mesa_lab.processing.statistics.grouping import check_names, group
from mesa_lab.processing.statistics.main_effects import ranked
from mesa_lab.processing.statistics.summary import of_groups

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["CHART", "chart", "draw", "table"]

MOST_POINTS: Final = 1000
MOST_PARAMETERS: Final = 5
MOST_LEVELS: Final = 12
FEW: Final = 50
"""Up to so many points are drawn larger."""
_GAP: Final = 14
_LETTERS: Final = 16
"""Of the name of a level."""


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
    results.require_values(outcome)
    default_parameters(results, outcome, 1)
    names = list(parameters or ranked(results, outcome))
    check_names(results, names)
    notes = (
        [] if len(names) <= MOST_PARAMETERS else [f"{MOST_PARAMETERS} of {len(names)} parameters are shown."]
    )
    names = [name for name in results.parameters if name in names[:MOST_PARAMETERS]]
    groups = group(results, "point")
    found, outcomes = of_groups(results, outcome, groups)
    points = groups.keys["point"]
    columns: dict[str, Any] = {"point": points}
    axes: list[dict[str, Any]] = []
    moved = _hidden(results.points[[results.columns[name] for name in names]].loc[points])
    for number, name in enumerate(names):
        levels = levels_of(results, name, most=MOST_LEVELS)
        numeric = is_numeric(results, name)
        if numeric:
            at = results.points[results.columns[name]].loc[points].to_numpy(dtype=np.float64)
            columns[f"p{number}"] = at
        else:
            at = levels.code.loc[points].to_numpy(dtype=np.float64)
            columns[f"p{number}"] = [levels.labels[int(code)] for code in at]
        discrete = not levels.binned and not is_log(results, name)
        columns[f"at{number}"] = at + _apart(at, number) if moved and discrete else at
        ticks = levels.values if numeric and not levels.binned and len(levels.values) <= 5 else []
        axes.append(
            {
                "title": label(name),
                "log": is_log(results, name),
                "labels": [] if numeric else levels.labels,
                "ticks": ticks,
            }
        )
    if moved:
        notes.append("Marks are moved a little so that those at the same level do not hide each other.")
    frame = pd.DataFrame(
        {**columns, **{name: found[name] for name in ("n", "n_failed", "n_infinite", "mean", "sd")}}
    )
    if len(frame) > MOST_POINTS:
        at = np.linspace(0, len(frame) - 1, MOST_POINTS).round().astype(int)
        notes.append(f"{MOST_POINTS:,} of {len(frame):,} design points are shown.")
        frame = frame.iloc[at].reset_index(drop=True)
    what = "share" if outcomes.is_share else "mean"
    sentences = [
        f"Each mark is a design point, coloured by its {what} over {say.counts(frame['n'])}.",
        *notes,
    ]
    if frame["mean"].isna().any():
        sentences.append("Crosses have no result.")
    sentences += say.left_out(found)
    name = measure_label(outcome, results.outcomes)
    titles = {"point": "point"} | {f"p{number}": str(axis["title"]) for number, axis in enumerate(axes)}
    return say.caption(
        frame,
        "design",
        f"Design points coloured by {name}",
        sentences,
        titles | {"n": "runs", "n_failed": "failed", "mean": f"{what} of {name}", "sd": "sd"},
        outcome=name,
        share=outcomes.is_share,
        axes=axes,
    )


def _hidden(points: pd.DataFrame) -> bool:
    """Whether some design points share their place in a panel."""
    pairs = itertools.combinations(points.columns, min(2, points.shape[1]))
    return any(bool(points[list(pair)].astype(str).duplicated().any()) for pair in pairs)


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
        interactive: Show values under the pointer, and offer an interval selection named "brush".

    Returns:
        An altair chart.
    """
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    count = max(len(about["axes"]) - 1, 1)
    side = max(70, (width - 60) // count - _GAP)
    tall = min(side, 320) if height is None else max(60, (height - 60) // count - _GAP)
    if len(about["axes"]) == 1:
        places = [(0, 0)]  # one parameter: the outcome against it
    else:
        places = [(row, column) for row in range(1, count + 1) for column in range(row)]
    panels = {place: _panel(table, look, *place, (side, tall), interactive=interactive) for place in places}
    whole: Any = panels[places[0]].properties(data=table)
    if len(places) > 1:
        blank = alt.Chart().mark_text(text="").properties(width=side, height=tall)
        grid = [panels.get((row, column), blank) for row in range(1, count + 1) for column in range(count)]
        whole = alt.concat(*grid, data=table, columns=count, spacing=_GAP, bounds="flush")
    if interactive:
        select = alt.IntervalSelectionConfig(type="interval")
        views = [_view(*place) for place in places]
        whole.params = [alt.TopLevelSelectionParameter(name="brush", select=select, views=views)]
    return finish(whole, table, look, width)


def _panel(
    table: pd.DataFrame, look: Theme, row: int, column: int, size: tuple[int, int], *, interactive: bool
) -> Any:
    """Return one pair of parameters; row and column alike stand for the outcome against its only parameter."""
    import altair as alt

    about = table.attrs["chart"]
    fmt = ".0%" if about["share"] else say.number_format(table["mean"])
    last = row == len(about["axes"]) - 1
    encode: dict[str, Any] = {"x": _axis(alt.X, column, about["axes"], size[0], show=last)}
    if row == column:
        encode["y"] = alt.Y(
            "mean:Q", title=in_lines(about["outcome"], size[1]), scale=alt.Scale(zero=False, padding=10)
        )
    else:
        encode["y"] = _axis(alt.Y, row, about["axes"], size[1], show=column == 0)
    numeric = [name for name in about["columns"] if pd.api.types.is_numeric_dtype(table[name].dtype)]
    formats = {name: say.number_format(table[name]) for name in numeric} | {"mean": fmt}
    tips = tooltips(about["columns"], formats, interactive=interactive)
    legend = alt.Legend(title=in_lines(about["outcome"], 160, 3), format=fmt, gradientLength=140)
    # Marks must stand out from the background.
    scale = gradient(
        about["share"], (0 if look is THEMES["light"] else 0.2, 1 if look is THEMES["dark"] else 0.95)
    )
    base = alt.Chart().encode(**encode, tooltip=tips)
    good = base.transform_filter("isValid(datum.mean)").mark_circle(
        size=100 if len(table) <= FEW else 44, opacity=0.95, stroke=look.line, strokeWidth=0.5
    )
    bad = base.transform_filter("!isValid(datum.mean)").mark_point(
        shape="M-1,-1L1,1M-1,1L1,-1", size=30, color=look.muted
    )
    layers = [
        good.properties(name=_view(row, column)).encode(color=alt.Color("mean:Q", scale=scale, legend=legend))
    ]
    if row != column:
        layers.append(bad)
    return alt.layer(*layers, width=size[0], height=size[1])


def _view(row: int, column: int) -> str:
    return f"panel_{row}_{column}"


def _axis(channel: Any, number: int, axes: list[dict[str, Any]], room: int, *, show: bool) -> Any:
    import altair as alt

    side = axes[number]
    labels = side["labels"]
    scale = (
        alt.Scale(type="log", nice=False, padding=8)
        if side["log"]
        else alt.Scale(zero=False, nice=False, padding=8)
    )
    options: dict[str, Any] = {
        "labels": show,
        "ticks": show,
        "labelOverlap": True,
        "labelSeparation": 6,
        "tickCount": 4 if room >= 110 else 3,
    }
    if side["ticks"]:
        options |= {"values": side["ticks"]}
    if labels:
        labels = fitted(labels, _LETTERS)
        flat = channel is alt.Y or all(7 * len(text) + 6 < room / len(labels) for text in labels)
        options |= {
            "values": list(range(len(labels))),
            "labelExpr": f"{json.dumps(labels)}[datum.value]",
            "labelAngle": 0 if flat else -40,
            "labelOverlap": room < 12 * len(labels),
        }
        scale = alt.Scale(zero=False, nice=False, domain=[-0.5, len(labels) - 0.5])
    return channel(
        f"at{number}:Q",
        title=in_lines(side["title"], room) if show else None,
        scale=scale,
        axis=alt.Axis(**options),
    )


def _apart(at: Any, number: int) -> Any:
    """Spread marks around their levels, evenly and alike each time, each parameter in its own order."""
    levels = np.unique(at)
    gap = float(np.diff(levels).min()) if len(levels) > 1 else 1.0
    return gap * 0.3 * ((np.arange(len(at)) * np.sqrt((2, 3, 5, 7, 11)[number % 5])) % 1 - 0.5)


CHART = ChartKind(
    "design",
    "The design, coloured",
    "Where in the parameter space an outcome is high or low.",
    table,
    draw,
    parameters=1,
)
chart = CHART.chart
