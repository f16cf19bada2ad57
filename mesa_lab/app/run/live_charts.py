"""Charts of the outcomes so far, while a study runs: drawn again only when there is more to see.

They are those of the results: each outcome against a parameter, or its spread where nothing varies. They show
aggregates, however many runs there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Choose
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_colour_mode import use_dark
from mesa_lab.errors import OutcomeError
from mesa_lab.formatting import label, shorten

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.results import Results

__all__ = ["Live", "LiveChart", "LiveCharts", "draw_live"]

MOST_CHARTS: Final = 4
HEIGHT: Final = 230


@dataclass(frozen=True, eq=False)
class LiveChart:
    """One chart.

    Attributes:
        outcome: What it shows.
        title: The same in words.
        label: What the chart says, for screen readers.
        chart: The altair chart.
        table: The rows behind it, with readable names.
    """

    outcome: str
    title: str
    label: str
    chart: Any
    table: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Live:
    """What can be shown by now.

    Attributes:
        runs: How many runs have come to their end.
        charts: A few charts.
        parameters: The varied parameters, by any of which they can be drawn.
        caption: What the charts have in common.
        others: Outcomes for which there was no room.
    """

    runs: int = 0
    charts: tuple[LiveChart, ...] = ()
    parameters: tuple[str, ...] = ()
    caption: str = ""
    others: tuple[str, ...] = ()


def draw_live(path: Path, parameter: str = "", *, dark: bool = False) -> Live:
    """Draw what the runs of a study have shown by now.

    Args:
        path: The study; it may be running.
        parameter: The varied parameter to draw outcomes against; empty for the first.
        dark: Whether the charts stand on a dark page.
    """
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study

    with Study.open(path) as study, study.snapshot():
        results = Results(study)
        parameters = results.parameters
        if not results.done.any():
            return Live(parameters=parameters)
        chosen = parameter if parameter in parameters else next(iter(parameters), "")
        charts: list[LiveChart] = []
        others: list[str] = []
        for outcome in results.outcomes:
            if len(charts) == MOST_CHARTS:
                others.append(outcome)
                continue
            try:
                charts.append(_draw(results, outcome, chosen, "dark" if dark else "light"))
            except OutcomeError:
                continue  # text, or no value yet
    caption = (
        "Means of the final values with 95 % confidence intervals"
        if chosen
        else "Final values of the runs so far"
    )
    return Live(int(results.done.sum()), tuple(charts), parameters, caption, tuple(others))


def _draw(results: Results, outcome: str, parameter: str, theme: str) -> LiveChart:
    import altair as alt

    from mesa_lab.processing.charts import distribution, effect, readable

    table = (
        effect.table(results, outcome, parameter=parameter)
        if parameter
        else distribution.table(results, outcome, by="all")
    )
    if not table["mean"].notna().any():
        raise OutcomeError(f"No run has reported '{outcome}' yet.")
    draw = effect.draw if parameter else distribution.draw
    chart: Any = draw(table, theme=theme, height=HEIGHT)
    chart.title = alt.Undefined  # the page says it
    # With axes and titles, so that charts beside each other are equally high.
    chart = chart.properties(width="container", autosize={"type": "fit", "contains": "padding"})
    return LiveChart(outcome, label(outcome), table.attrs["chart"]["alt"], chart, readable(table))


@solara.component
def LiveCharts(path: Path, finished: int, *, running: bool = True) -> None:
    """Show the outcomes of a study so far.

    Args:
        path: The study.
        finished: How many runs have a result: when this changes, there is something new to draw.
        running: Whether there may be more soon.
    """
    parameter, set_parameter = solara.use_state("")
    dark = use_dark()
    topic = (path, parameter, dark)
    fresh = use_fresh(lambda: (finished, draw_live(path, parameter, dark=dark)), finished, topic=topic)
    known = solara.use_ref((-1, Live()))
    if fresh.value is not None:
        known.current = fresh.value
    drawn: int = known.current[0]
    live: Live = known.current[1]
    with tag("section", "ml-panel", aria_label="Outcomes so far"):
        with tag("div", "ml-panel-head"):
            with tag("div"):
                tag("h2", "", "Outcomes so far" if running else "Outcomes")
                tag("p", "ml-quiet", live.caption or "Drawn as the runs come in.")
            if len(live.parameters) > 1:
                items = [(name, shorten(name, 30)) for name in live.parameters]
                value = parameter if parameter in live.parameters else live.parameters[0]
                Choose("Against", value, set_parameter, items, classes="ml-against")
        if fresh.problem:
            tag("p", "ml-error-text", fresh.problem, role="alert")
        if not live.charts:
            tag("p", "ml-nothing ml-quiet", _nothing(live, finished, running, drawing=drawn < finished))
        with tag("div", f"ml-charts ml-live ml-live-{len(live.charts)}"):
            for chart in live.charts:
                with tag("figure", "ml-figure").key(chart.outcome):
                    tag("figcaption", "", chart.title)
                    Chart(chart.chart, chart.label, table=chart.table, filename=chart.outcome)
        if live.others:
            names = ", ".join(shorten(name, 30) for name in live.others[:8]) + (
                ", …" if len(live.others) > 8 else ""
            )
            tag("p", "ml-quiet", f"Measured too, see the results: {names}.")


def _nothing(live: Live, finished: int, running: bool, drawing: bool) -> str:
    if live.runs:
        return "No run has left an outcome that is a number."
    if drawing:
        return "Drawing …"
    if not running:
        return "No run has come to its end."
    return (
        "Waiting for the first run that comes to its end …"
        if finished
        else "The first results will appear here."
    )
