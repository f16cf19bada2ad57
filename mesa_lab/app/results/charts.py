"""The charts of an outcome: one at a time, of all kinds that fit the study, with its table and its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import solara

from mesa_lab.app.components.browser import Measured, ProjectorButton
from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Choose
from mesa_lab.app.components.downloads import file_name
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.outcome_picker import OutcomePicker, settled
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_colour_mode import use_dark
from mesa_lab.app.quick_imports import ANSWERING, import_now
from mesa_lab.app.results.chart_options import (
    Drawn,
    brushed,
    draw,
    kinds_for,
    leading_words,
    options_of,
    picked,
)
from mesa_lab.workspace.shared_results import Opened

__all__ = ["ChartPanel", "Tabs"]

FIRST: Final = {0: "distribution", 1: "effect"}
"""Which chart is shown first, by how many parameters vary."""


PROJECTED: Final = 860
"""Pixels of a chart that a projector view enlarges."""


@solara.component
def Tabs(value: str, on_value: Callable[[str], None], items: list[tuple[str, str]], label: str) -> None:
    """Choose one of several views.

    Args:
        value: Which one is shown.
        on_value: Called with another.
        items: Values with their words.
        label: What they have in common, for screen readers.
    """
    with tag("div", "ml-tabs", role="tablist", aria_label=label):
        for name, title in items:
            here = name == value
            look = {"type": "button", "role": "tab", "aria-selected": "true" if here else "false"}
            button = tag("button", "ml-tab" + (" ml-tab-on" if here else ""), title, attributes=look)
            Pressed(button, lambda name=name: on_value(name)).key(name)


@solara.component
def Pressed(element: solara.Element, on_click: Callable[[], None]) -> solara.Element:
    """An element that can be pressed."""
    solara.v.use_event(element, "click", lambda *_: on_click())
    return element


@solara.component
def ChartPanel(
    opened: Opened,
    outcome: str,
    on_outcome: Callable[[str], None],
    *,
    kind: str = "",
    on_kind: Callable[[str], None],
    options: Callable[[str], Mapping[str, str]],
    on_option: Callable[[str, str, str | None], None],
    on_points: Callable[[list[int] | None], None] | None = None,
    on_run: Callable[[int], None] = lambda run: None,
    width: int = 0,
) -> None:
    """Show the charts of an outcome.

    Args:
        opened: The results.
        outcome: The outcome.
        on_outcome: Called with another one.
        kind: The kind of chart; empty for the one that suits the study.
        on_kind: Called with another one.
        options: What was chosen about a kind of chart, by option; what it does not have counts as not chosen.
        on_option: Called with the kind of chart, the option and what was chosen, None for what suits the study.
        on_points: Called with the design points that were chosen in a chart, None when none are any more; without it
            charts are to be looked at only.
        on_run: Called with a run that was chosen in a chart.
        width: Of the place in pixels; 0 measures it.
    """
    kinds = solara.use_memo(lambda: kinds_for(opened), dependencies=[id(opened)])
    wanted = kind or FIRST.get(len(opened.parameters), "effect")
    measured, set_measured = solara.use_state(width)
    outcome = settled(outcome, opened.outcomes)
    drawn = next((each for each in kinds if each.name == wanted), kinds[0])
    asks = bool(outcome) and {"parameter", "x"} & set(drawn.options)

    def lead() -> str:
        import_now(ANSWERING)
        return leading_words(opened, outcome)

    leading = use_fresh(
        lambda: lead() if asks else "",
        (outcome, bool(asks)),
        topic=("leading", id(opened)),
        least=0.1,
    )
    offered = options_of(
        drawn, opened.parameters, opened.points, "" if leading.pending else leading.value or ""
    )
    asked = options(drawn.name)
    chosen = {option.name: option.settled(asked.get(option.name)) for option in offered}

    with tag("section", "ml-panel", aria_label="Charts"):
        with tag("div", "ml-panel-head"):
            tag("h2", "", "Charts")
            if opened.outcomes:
                OutcomePicker(outcome, on_outcome, opened.outcomes)
        if not opened.outcomes:
            tag("p", "ml-nothing ml-quiet", "No run has reported an outcome that is a number.")
            return
        Tabs(drawn.name, on_kind, [(each.name, each.title) for each in kinds], "Kinds of charts")
        with tag("div", "ml-chart-options"):
            tag("p", "ml-quiet", drawn.summary)
            for option in offered:
                Choose(
                    option.title,
                    chosen[option.name],
                    lambda value, option=option: on_option(
                        drawn.name, option.name, None if value == option.default else value
                    ),
                    option.items,
                    classes="ml-against",
                )
        if not width:
            Measured(event_measured=set_measured, step=40)
        if measured:
            place = OneChart(opened, drawn, outcome, chosen, measured, on_points, on_run)
            place.key(drawn.name)
        else:
            tag("p", "ml-nothing ml-quiet", "Drawing …", role="status")


@solara.component
def OneChart(
    opened: Opened,
    kind: Any,
    outcome: str,
    options: dict[str, Any],
    width: int,
    on_points: Callable[[list[int] | None], None] | None,
    on_run: Callable[[int], None],
) -> None:
    """Draw one chart in the background, and show it."""
    dark = use_dark()
    projected, set_projected = solara.use_state(False)
    if projected:  # what is drawn small and enlarged has large letters
        width = min(width, PROJECTED)
    version = (outcome, tuple(options.items()), dark, width)
    fresh = use_fresh(
        lambda: draw(opened, kind, outcome, options, dark=dark, width=width),
        version,
        topic=(id(opened), kind.name),
        least=0.1,
    )
    drawn: Drawn | None = fresh.value

    def click(datum: dict[str, Any]) -> None:
        if drawn is None or on_points is None:
            return
        points, run = picked(opened, drawn, datum)
        if run is not None:
            on_run(run)
        elif points:
            on_points(points)

    def select(_: str, value: Any) -> None:
        if drawn is not None and on_points is not None:
            on_points(brushed(drawn, value))

    if fresh.problem:
        tag("p", "ml-nothing ml-error-text", fresh.problem, role="alert")
        return
    if drawn is None:
        with tag("p", "ml-nothing ml-quiet", role="status"):
            tag("span", "", "Drawing …")
        return
    brush = "brush" in str(getattr(drawn.chart, "params", ""))
    hint = "Drag over points to see their runs below." if brush else "Click a mark to see its runs below."
    with tag("div", "ml-projectable ml-projectable-chart"):
        with tag("div", "ml-answer-head"):
            ProjectorButton(set_projected)
        Chart(
            drawn.chart,
            drawn.label,
            table=drawn.readable,
            filename=f"{file_name(outcome)}_{kind.name}",
            on_click=click if on_points is not None else None,
            on_select=select if brush and on_points is not None else None,
            hint=hint if on_points is not None else "",
        )
