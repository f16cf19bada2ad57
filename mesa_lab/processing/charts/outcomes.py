"""Several outcomes over the steps: together in one chart, or each in a panel of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.formatting import label, plural
from mesa_lab.processing.charts import caption as say
from mesa_lab.processing.charts import series
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.charts.theme import finish, theme_of

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["CHART", "chart", "draw", "table"]

MOST: Final = 8
ALIKE: Final = 20.0
"""Outcomes whose sizes lie within this factor can be read off one axis."""
PANEL: Final = 300  # pixels that a panel needs at least


def table(
    results: Reader,
    outcome: str,
    outcomes: Sequence[str] | None = None,
    points: Sequence[int] | None = None,
    panels: bool | None = None,
    band: str = "interval",
    level: float = 0.95,
) -> pd.DataFrame:
    """Compute the mean of several outcomes at each step.

    Args:
        results: The results.
        outcome: The first outcome.
        outcomes: Which others; None takes all that are numbers and have a series.
        points: Only these design points.
        panels: Whether each outcome has a panel with an axis of its own; None puts outcomes of about the same size together.
        band: "interval" for the confidence interval of the mean, "spread" for where the middle of the runs lies.
        level: Level of the interval, or share of the runs within the spread.

    Returns:
        One row per outcome and step: `group` (the outcome), `step`, `n`, `mean`, `low`, `high`, `sd`, `n_missing`,
        `n_infinite`; at most 8 outcomes, and `attrs["chart"]` says what was left out.

    Raises:
        OutcomeError: If an outcome that is named is unknown, not a number, or has no series.
        ParameterError: If a point is unknown.
    """
    words: dict[str, Any] = {"by": "all", "points": points, "band": band, "level": level}
    first = series.table(results, outcome, **words)
    found = {outcome: first}
    wanted = results.outcomes if outcomes is None else results.outcome_list(list(outcomes), series=True)
    left_out = 0
    for name in dict.fromkeys(wanted):
        if name == outcome:
            continue
        try:
            other = series.table(results, name, **words)
        except OutcomeError:
            if outcomes is not None:
                raise
            continue
        if len(found) == MOST:
            left_out += 1
        else:
            found[name] = other
    labels = _labels(list(found))
    frame = pd.concat([each.assign(group=label) for each, label in zip(found.values(), labels, strict=True)])
    frame["group"] = pd.Categorical(frame["group"], categories=labels)
    frame.attrs = {}
    apart = not _alike(frame) if panels is None else panels
    about = first.attrs["chart"]
    # What is said of the first holds for all: they are of the same runs.
    sentences = list(about["subtitle"])
    if left_out:
        sentences.append(f"{plural(left_out, 'outcome')} more {'is' if left_out == 1 else 'are'} not shown.")
    title = (
        label(outcome)
        if len(found) == 1
        else f"{label(outcome)} and {plural(len(found) - 1, 'other outcome')}"
    )
    return say.caption(
        frame.reset_index(drop=True),
        "outcomes",
        f"{title} over the steps",
        sentences,
        {"group": "outcome", "step": "step", "mean": "mean", "low": "low", "high": "high", "n": "runs"},
        outcome=label(outcome) if len(found) == 1 else "mean",
        group_title="",
        ordered=False,
        panels=bool(apart and len(found) > 1),
        threads="",
    )


def _labels(names: list[str]) -> list[str]:
    """What outcomes are called; by their own names where two would be called the same."""
    words = [label(name) for name in names]
    return names if len(set(words)) < len(words) else words


def _alike(frame: pd.DataFrame) -> bool:
    """Whether outcomes can be read off one axis."""
    with np.errstate(all="ignore"):
        sizes = frame["mean"].abs().groupby(frame["group"], observed=True).max()
    sizes = sizes[(sizes > 0) & np.isfinite(sizes)]
    return len(sizes) < 2 or bool(sizes.max() / sizes.min() <= ALIKE)


def draw(
    table: pd.DataFrame, theme: str = "light", width: int = 560, height: int = 300, interactive: bool = True
) -> alt.TopLevelMixin:
    """Draw outcomes together, or side by side.

    Args:
        table: From `table`.
        theme: "light" or "dark".
        width: Of the whole in pixels.
        height: Of the plot, of panels of each, in pixels.
        interactive: Show values under the pointer.

    Returns:
        An altair chart.
    """
    import altair as alt

    look, about = theme_of(theme), table.attrs["chart"]
    if not about["panels"]:
        return series.draw(table, theme, width, height, interactive)
    labels = [str(text) for text in table["group"].cat.categories]
    columns = max(1, min(len(labels), 3, int(width // PANEL)))
    columns = 2 if len(labels) == 4 and columns == 3 else columns
    each = max(160, width // columns - 70)
    layers = series.layers(table, look, each, interactive=interactive, apart=True)
    panels = (
        alt.layer(*layers, data=table.astype({"group": str}))
        .properties(width=each, height=max(140, min(height, 220)))
        .facet(facet=alt.Facet("group:N", sort=labels, title=None), columns=columns)
        .resolve_scale(y="independent")
    )
    return finish(panels, table, look, width)


CHART = ChartKind(
    "outcomes",
    "Several outcomes",
    "How all outcomes develop during the runs, together or side by side.",
    table,
    draw,
)
chart = CHART.chart
