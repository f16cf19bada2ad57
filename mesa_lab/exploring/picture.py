"""The curves of a session as a chart: for a talk, a paper, or a message."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from mesa_lab.formatting import label, number, plural
from mesa_lab.processing.charts.theme import config, theme_of

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.exploring.profiles import Profile
    from mesa_lab.exploring.session import Session

__all__ = ["chart_of"]


def chart_of(session: Session, outcomes: Sequence[str], theme: str = "light") -> alt.TopLevelMixin:
    """Return the curves of some outcomes through the current setting, with what was measured on them.

    Args:
        session: The session.
        outcomes: Of what.
        theme: "light" or "dark".
    """
    import altair as alt

    look = theme_of(theme)
    width = len(session.dials)
    profiles = session.profiles(outcomes)
    rows = []
    for place in range(len(outcomes)):
        mine = profiles[place * width : (place + 1) * width]
        rows.append(alt.hconcat(*(_cell(each, session, look.accent, look.ink) for each in mine)))
    setting = ", ".join(
        f"{label(dial.name)} {dial.text(session.setting[dial.name])}" for dial in session.dials
    )
    readings = []
    for name in outcomes:
        found = session.reading(name)
        if math.isfinite(found.mean):
            readings.append(f"{label(name)}: {number(found.mean, 4)} ({found.kind})")
    title = alt.TitleParams(
        text=setting,
        subtitle=[
            *readings,
            f"Dashed: predicted from {plural(session.measured.n_runs, 'run')}, with the 95 % interval of the mean. Dots: measured.",
        ],
        anchor="start",
    )
    chart: Any = alt.vconcat(*rows).properties(title=title, background=look.background, padding=12)
    return chart.configure(**config(look))  # type: ignore[no-any-return]


def _cell(profile: Profile, session: Session, accent: str, ink: str) -> Any:
    import altair as alt

    dial = next(each for each in session.dials if each.name == profile.parameter)
    kind = "Q" if dial.is_number else "N"
    known = len(profile.mean) > 0
    values = profile.values if dial.is_number else [dial.text(value) for value in profile.values]
    keep = [bool(known and allowed) for allowed in profile.allowed]
    frame = pd.DataFrame(
        {
            "value": [value for value, kept in zip(values, keep, strict=True) if kept],
            "mean": profile.mean[keep] if known else [],
            "low": profile.low[keep] if known else [],
            "high": profile.high[keep] if known else [],
        }
    )
    marks = pd.DataFrame(
        [
            {
                "value": mark.value if dial.is_number else dial.text(mark.value),
                "mean": mark.summary.mean,
                "low": mark.summary.low,
                "high": mark.summary.high,
            }
            for mark in profile.marks
        ],
        columns=["value", "mean", "low", "high"],
    )
    here = session.setting[dial.name]
    now = pd.DataFrame({"value": [here if dial.is_number else dial.text(here)]})
    log = bool(getattr(dial.parameter, "log", False))
    scale = alt.Scale(zero=False, nice=False, type="log") if log else alt.Scale(zero=False, nice=False)
    across = alt.X(
        f"value:{kind}", title=label(profile.parameter), scale=scale if dial.is_number else alt.Undefined
    )
    up = alt.Y("mean:Q", title=label(profile.outcome), scale=alt.Scale(zero=False))
    base = alt.Chart(frame)
    if dial.is_number:
        curve = base.mark_area(opacity=0.18, color=accent).encode(
            across, alt.Y("low:Q", title=label(profile.outcome)), alt.Y2("high:Q")
        ) + base.mark_line(color=accent, strokeDash=[5, 3]).encode(across, up)
    else:
        curve = base.mark_rule(color=accent).encode(
            across, alt.Y("low:Q", title=label(profile.outcome)), alt.Y2("high:Q")
        ) + base.mark_tick(color=accent, thickness=2).encode(across, up)
    dots = alt.Chart(marks).mark_rule(color=ink).encode(across, alt.Y("low:Q"), alt.Y2("high:Q")) + alt.Chart(
        marks
    ).mark_circle(color=ink, size=45, opacity=1).encode(across, up)
    line = alt.Chart(now).mark_rule(color=ink, opacity=0.5).encode(across)
    return (curve + line + dots).properties(width=190, height=130)
