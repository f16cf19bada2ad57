"""Charts of the outcomes so far, while a study runs: drawn again only when there is more to see."""

from __future__ import annotations

from pathlib import Path

import solara

from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Choose
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.run.live_chart_specs import Live, draw_live
from mesa_lab.app.wording import shorten

__all__ = ["LiveCharts"]


@solara.component
def LiveCharts(path: Path, finished: int, *, running: bool = True) -> None:
    """Show the outcomes of a study so far.

    Args:
        path: The study.
        finished: How many runs have a result: when this changes, there is something new to draw.
        running: Whether there may be more soon.
    """
    parameter, set_parameter = solara.use_state("")
    fresh = use_fresh(lambda: (finished, draw_live(path, parameter)), finished, topic=(path, parameter))
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
                    Chart(chart.specification, chart.label, table=chart.table, filename=chart.outcome)
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
