"""The curve of one run, with what an outcome over time makes of it: what is left out, what counts, and the value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.app.components.series_chart import SIZE, line

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.preparation.outcome_kinds.over_time import OverTime

__all__ = ["over_time_chart"]

_MARK: Final = "#d55e00"
"""Is read on white and on black."""


def over_time_chart(
    series: pd.DataFrame, outcome: str, said: OverTime, value: Any, max_steps: float = math.inf
) -> Any:
    """Draw an outcome over the steps of one run, with what an outcome over time makes of it.

    Args:
        series: With a column "step" and one for the outcome.
        outcome: The outcome that is drawn.
        said: What is said of it over the steps: its warm-up is shaded.
        value: What that comes to in this run, which is marked; None for nothing.
        max_steps: After how many steps every run ends; where the outcome is carried on, a dashed line goes there.

    Returns:
        An altair chart as wide as its surroundings.
    """
    import altair as alt
    import pandas as pd

    curve = line(series, outcome)
    drawn = series[["step", outcome]].dropna()
    if drawn.empty:
        return curve.properties(**SIZE)
    first, last = int(drawn["step"].iloc[0]), int(drawn["step"].iloc[-1])
    counted = drawn[drawn["step"] >= said.warm_up]
    end = int(max_steps) if said.carried and math.isfinite(max_steps) and max_steps > last else last
    layers = [curve]
    if said.warm_up > first:
        left_out = pd.DataFrame({"from": [first], "to": [min(said.warm_up, end)]})
        shade = alt.Chart(left_out).mark_rect(color="#888888", opacity=0.22, tooltip="left out: warm-up")
        layers.insert(0, shade.encode(x=_step("from"), x2="to:Q"))
    if end > last:
        carried = pd.DataFrame({"step": [last, end], "value": [float(drawn[outcome].iloc[-1])] * 2})
        on = alt.Chart(carried).mark_line(strokeDash=[3, 3], strokeWidth=1.75)
        layers.append(on.encode(x=_step(), y=_value()))
    if value is not None and math.isfinite(float(value)):
        layers.extend(_marks(said, float(value), counted.rename(columns={outcome: "value"}), end))
    return alt.layer(*layers, **SIZE)


def _marks(said: OverTime, value: float, counted: pd.DataFrame, end: int) -> list[Any]:
    """The value itself: a level, a place on the curve, a moment, or an area."""
    import altair as alt
    import pandas as pd

    begin = max(said.warm_up, int(counted["step"].iloc[0])) if len(counted) else said.warm_up
    if said.condition is not None or said.statistic.startswith("time"):
        moment = pd.DataFrame({"step": [value]})
        marks = [alt.Chart(moment).mark_rule(color=_MARK, strokeWidth=2, strokeDash=[6, 3]).encode(x=_step())]
        at = counted[counted["step"] == value]
        return [*marks, _dot(at)] if len(at) else marks
    if said.statistic in ("max", "min"):
        at = counted[counted["value"] == value].head(1)
        return [_level(begin, end, value), *([_dot(at)] if len(at) else [])]
    if said.statistic == "sum":
        area = alt.Chart(counted).mark_area(color=_MARK, opacity=0.25)
        return [area.encode(x=_step(), y=_value())]
    if said.statistic == "sd":
        if not len(counted):
            return []
        centre = float(counted["value"].mean())
        band = pd.DataFrame({"from": [begin], "to": [end], "low": [centre - value], "high": [centre + value]})
        return [
            alt.Chart(band)
            .mark_rect(color=_MARK, opacity=0.2)
            .encode(x=_step("from"), x2="to:Q", y=_value("low"), y2="high:Q")
        ]
    return [_level(begin, end, value)]


def _level(begin: int, end: int, value: float) -> Any:
    import altair as alt
    import pandas as pd

    level = pd.DataFrame({"from": [begin], "to": [end], "value": [value]})
    rule = alt.Chart(level).mark_rule(color=_MARK, strokeWidth=2, strokeDash=[6, 3])
    return rule.encode(x=_step("from"), x2="to:Q", y=_value())


def _dot(at: pd.DataFrame) -> Any:
    import altair as alt

    return alt.Chart(at).mark_point(color=_MARK, filled=True, size=70).encode(x=_step(), y=_value())


def _step(field: str = "step") -> Any:
    import altair as alt

    return alt.X(f"{field}:Q", title="Step")


def _value(field: str = "value") -> Any:
    import altair as alt

    return alt.Y(f"{field}:Q", title=None)
