"""One answer: a sentence, its chart, what to mind, what it does not tell, and what to run next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import solara

from mesa_lab.app.components.browser import Measured, ProjectorButton
from mesa_lab.app.components.chart import Chart, Converted, converted
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.downloads import file_name
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_colour_mode import use_dark
from mesa_lab.app.results.chart_options import filling
from mesa_lab.formatting import about, plural
from mesa_lab.workspace.run_time_estimate import cores

if TYPE_CHECKING:
    from mesa_lab.app.hooks.use_answers import Answer
    from mesa_lab.processing.analysis.conclusion import Conclusion

__all__ = ["AnswerCard"]

MOST_PICTURES: Final = 8
"""Of one answer: its kinds, by day and by night, as wide as the windows are."""


@solara.component
def AnswerCard(
    answer: Answer,
    *,
    asked: bool = False,
    on_cancel: Callable[[], None] = lambda: None,
    on_ask: Callable[[], None] = lambda: None,
    on_next: Callable[[Conclusion], None] | None = None,
    seconds_each: float | None = None,
    busy: bool = False,
    choices: Callable[[], None] | None = None,
) -> None:
    """Show one answer.

    Args:
        answer: The answer, or how far it is.
        asked: Whether the experiment was made for this question.
        on_cancel: Called when it shall not be waited for.
        on_ask: Called when it was given up and is wanted after all.
        on_next: Called with the conclusion whose next runs are wanted; None where nothing can be run.
        seconds_each: What a run takes, None where that is not known.
        busy: Whether runs are going on, so that no others can be started.
        choices: Shows what can be chosen about the question; None where nothing can be.
    """
    conclusion = answer.conclusion
    with tag("section", "ml-panel ml-answer ml-projectable", aria_label=answer.text):
        with tag("div", "ml-answer-head"):
            tag("h2", "", answer.text)
            if asked:
                tag("span", "ml-tag", "Your question")
            if answer.state in ("waiting", "working"):
                Pending(answer.state, conclusion is not None, on_cancel)
            elif conclusion is not None:
                ProjectorButton()
        if choices is not None:
            with tag("div", "ml-answer-choices"):
                choices()
        if answer.state == "left":
            with tag("div", "ml-actions"):
                tag("span", "ml-quiet", "Not computed.")
                Action("Compute it", on_ask, icon="mdi-play")
        elif answer.state == "failed":
            tag("p", "ml-quiet", answer.problem)
        elif conclusion is not None:
            Concluded(conclusion, answer.before, on_next, seconds_each, busy).key(str(id(conclusion)))


@solara.component
def Pending(state: str, renewed: bool, on_cancel: Callable[[], None]) -> None:
    """Say that an answer is on its way."""
    said = "Computing anew …" if renewed else "Computing …"
    with tag("div", "ml-answer-pending"):
        if state == "working":
            tag("span", "ml-busy ml-busy-on", aria_hidden="true")
        tag("span", "ml-quiet", said if state == "working" else "Waiting for the one before …", role="status")
        Action("Leave it out", on_cancel)


@solara.component
def Concluded(
    conclusion: Conclusion,
    before: str,
    on_next: Callable[[Conclusion], None] | None,
    seconds_each: float | None,
    busy: bool,
) -> None:
    """Show a conclusion."""
    with tag("div", "ml-answer-body" + ("" if conclusion.charts else " ml-answer-alone")):
        with tag("div", "ml-answer-words"):
            tag("p", "ml-answer-sentence", conclusion.sentence)
            if before:
                with tag("p", "ml-quiet ml-answer-before"):
                    icon("mdi-history")
                    tag("span", "", f" Before: {before}")
            if conclusion.warnings:
                with tag("ul", "ml-warnings", aria_label="What to mind"):
                    for text in conclusion.warnings:
                        with tag("li", "ml-warning"):
                            icon("mdi-alert-outline")
                            tag("span", "", text)
            if conclusion.unknown:
                tag("h3", "", "What this does not tell")
                with tag("ul", "ml-unknown"):
                    for text in conclusion.unknown:
                        tag("li", "", text)
            if conclusion.next_sentence:
                Next(conclusion, on_next, seconds_each, busy)
            if conclusion.method:
                with tag("details", "ml-details"):
                    tag("summary", "ml-quiet", "How it was computed")
                    tag("p", "ml-hint", conclusion.method)
        if conclusion.charts:
            Picture(conclusion)


@solara.component
def Next(
    conclusion: Conclusion,
    on_next: Callable[[Conclusion], None] | None,
    seconds_each: float | None,
    busy: bool,
) -> None:
    """What would answer better, and the button that does it."""
    tag("h3", "", "What to do next")
    tag("p", "", conclusion.next_sentence)
    if conclusion.next is None or on_next is None or not conclusion.next_in_proportion:
        return
    runs = plural(conclusion.next_runs, "run")
    if conclusion.next_grows:
        label, symbol = f"Add {runs}", "mdi-plus"
    else:
        label, symbol = f"Design the follow-up: {runs}", "mdi-arrow-right"
    with tag("div", "ml-actions"):
        Action(label, lambda: on_next(conclusion), icon=symbol, kind="tonal", disabled=busy)
        if busy:
            tag("span", "ml-quiet", "Once the runs that are going on have finished.")
        elif seconds_each is not None:
            used = max(1, min(cores(), conclusion.next_runs))
            taken = about(seconds_each * conclusion.next_runs / used)
            tag("span", "ml-quiet", f"{taken[:1].upper()}{taken[1:]} on {plural(used, 'core')}.")


@solara.component
def Picture(conclusion: Conclusion) -> None:
    """The charts of a conclusion, one at a time."""
    dark = use_dark()
    names = [chart.name for chart in conclusion.charts]
    kind, set_kind = solara.use_state(names[0])
    width, set_width = solara.use_state(0)

    fresh = use_fresh(
        lambda: _picture(conclusion, kind, dark, width) if width else None,
        (kind, dark, width),
        topic=id(conclusion),
        least=0.1,
    )
    shown = next(chart for chart in conclusion.charts if chart.name == kind)
    about = shown.table.attrs.get("chart", {})
    with tag("div", "ml-answer-chart"):
        Measured(event_measured=set_width, step=40)
        if len(names) > 1:
            with tag("div", "ml-tabs", role="group", aria_label="Charts of this answer"):
                for chart in conclusion.charts:
                    ChartTab(chart.title, chart.name == kind, lambda name=chart.name: set_kind(name)).key(
                        chart.name
                    )
        if fresh.problem:
            tag("p", "ml-quiet", fresh.problem)
        elif fresh.value is None:
            tag("p", "ml-nothing ml-quiet", "Drawing …")
        else:
            Chart(
                fresh.value,
                str(about.get("alt") or f"{shown.title}: {conclusion.outcome}"),
                table=shown.table,
                filename=file_name(f"{conclusion.outcome} {conclusion.name} {kind}"),
            )


_pictures: WeakKeyDictionary[Conclusion, dict[tuple[str, bool, int], Converted]] = WeakKeyDictionary()
"""Those of answers, which are kept with their results: whoever comes back to them, in this page or another, has them at once."""


def _picture(conclusion: Conclusion, kind: str, dark: bool, width: int) -> Converted:
    """Return a chart of a conclusion in so many pixels."""
    kept = _pictures.setdefault(conclusion, {})
    found = kept.get((kind, dark, width))
    if found is None:
        drawn = conclusion.chart(kind, theme="dark" if dark else "light", width=max(220, width - 150))
        found = converted(filling(drawn, width))
        while len(kept) >= MOST_PICTURES:
            kept.pop(next(iter(kept)), None)
        kept[kind, dark, width] = found
    return found


@solara.component
def ChartTab(title: str, here: bool, on_click: Callable[[], None]) -> solara.Element:
    """The button of one chart."""
    look = {"type": "button", "aria-pressed": "true" if here else "false"}
    button = tag("button", "ml-tab" + (" ml-tab-on" if here else ""), title, attributes=look)
    solara.v.use_event(button, "click", lambda *_: on_click())
    return button
