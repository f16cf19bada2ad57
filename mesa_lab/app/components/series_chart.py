"""The charts of one run: each outcome over the steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mesa_lab.processing.charts.axis_levels import whole_ticks
from mesa_lab.processing.charts.tooltips import tooltips

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SIZE", "line", "line_chart", "outcomes_of"]

MOST_POINTS: Final = 1_000
SIZE: Final[dict[str, Any]] = {
    "width": "container",
    "height": 196,  # with axis and title, so that charts beside each other are equally high
    "autosize": {"type": "fit", "contains": "padding"},
}


def outcomes_of(series: pd.DataFrame) -> list[str]:
    """Return the outcomes that a line can show: those that are numbers."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return [
        str(name)
        for name in series.columns
        if name not in ("step", "time") and is_numeric_dtype(series[name]) and not is_bool_dtype(series[name])
    ]


def line_chart(series: pd.DataFrame, outcome: str) -> Any:
    """Draw an outcome over the steps of one run; of a very long one, evenly chosen steps.

    Args:
        series: With a column "step" and one for the outcome.
        outcome: The outcome.

    Returns:
        An altair chart as wide as its surroundings.
    """
    return line(series, outcome).properties(**SIZE)


def line(series: pd.DataFrame, outcome: str) -> Any:
    """Return the line of `line_chart`, whose fields are called step and value, for charts that lay more over it."""
    import altair as alt
    import pandas as pd

    # Plain names, as Vega-Lite reads dots and brackets in names as paths.
    shown = pd.DataFrame({"step": series["step"], "value": series[outcome]}).dropna()
    if len(shown) > MOST_POINTS:
        shown = shown.iloc[:: -(-len(shown) // MOST_POINTS)]
    low, high = (float(shown["value"].min()), float(shown["value"].max())) if len(shown) else (0.0, 0.0)
    zero = 0 <= low < high / 3
    return (
        alt.Chart(shown)
        .mark_line(strokeWidth=1.75, interpolate="linear", clip=True)
        .encode(
            x=alt.X(
                "step:Q",
                title="Step",
                axis=alt.Axis(grid=False, **whole_ticks(shown["step"])),
                scale=alt.Scale(nice=False),
            ),
            y=alt.Y("value:Q", title=None, scale=alt.Scale(zero=zero), axis=alt.Axis(tickCount=4)),
            tooltip=tooltips({"step": "Step", "value": outcome}, {"step": ",d", "value": ",.4~g"}),
        )
    )
