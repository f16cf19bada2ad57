"""What an experiment is for: one question of a few, which fills in the design, its size, the replications and the seeds.

Optional. What it fills in can be changed like anything else; the recommendation then stays at hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import solara
import solara.lab

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import icon, tag
from mesa_lab.drafts.draft import can_vary, with_others_varied
from mesa_lab.drafts.question import Advice, advise, ranges_in_words
from mesa_lab.formatting import about, listing, plural, shorten
from mesa_lab.preparation.questions import QUESTIONS
from mesa_lab.workspace.run_time_estimate import cores
from mesa_lab.workspace.test_run import estimate

if TYPE_CHECKING:
    from mesa_lab.drafts.draft import Draft
    from mesa_lab.preparation.models import ModelDescription
    from mesa_lab.workspace.test_run import Speed

__all__ = ["QuestionForm", "first_runs"]

_PAUSE: Final = 0.15
_FIRST_SECONDS: Final = 180
"""A first look shall take no longer than this, where it is known how long runs take."""
_FEWEST: Final = 120


def first_runs(speed: Speed | None, steps: int | None) -> int | None:
    """Return how many runs a first look may have, None for the usual number.

    Args:
        speed: What a run costs, as far as it was measured.
        steps: The most steps that a run takes.
    """
    from mesa_lab.preparation.advice import FIRST_RUNS

    if speed is None or not steps:
        return None
    each = estimate(speed, cores(), steps, cores()) / cores()
    return max(_FEWEST, min(FIRST_RUNS, int(_FIRST_SECONDS / each))) if each > 0 else None


@solara.component
def QuestionForm(
    value: Draft,
    on_value: Callable[..., None],
    description: ModelDescription | None,
    *,
    speed: Speed | None = None,
    steps: int | None = None,
) -> None:
    """Ask what the experiment is for.

    Args:
        value: What was typed.
        on_value: Called with the names and new values of fields that change.
        description: The model's, None while it is being read.
        speed: What a run costs, as far as it was measured.
        steps: The most steps that a run takes.
    """
    advice = _use_advice(value, description, first_runs(speed, steps))
    pressed = solara.use_ref("")  # the question that was just chosen and is not filled in yet

    def choose(question: str) -> None:
        pressed.current = "" if question == value.question else question
        on_value(question=pressed.current)

    def vary() -> None:
        assert description is not None
        if advice is not None and advice.is_taken(value):
            pressed.current = value.question  # the design was the recommended one, and stays that
        on_value(rows=with_others_varied(value, description).rows)

    def fill() -> None:
        if advice is not None and advice.first is not None and pressed.current == value.question != "":
            on_value(**advice.first.fields)
        if advice is not None:
            pressed.current = ""

    solara.use_effect(fill, [advice])
    with tag("section", "ml-panel ml-form", aria_label="Question"):
        with tag("div", "ml-form-head"):
            tag("h2", "", "What do you want to know?")
            tag(
                "p",
                "ml-quiet",
                "Fills in the design, the replications and the seeds; you can change all of it.",
            )
        with tag("div", "ml-chips ml-questions", role="group", aria_label="What do you want to know?"):
            for question in QUESTIONS.values():
                QuestionChip(
                    question.label, question.text, question.name == value.question, choose, question.name
                )
        if value.question:
            Recommended(value, on_value, None if pressed.current else advice, speed, steps)
            asks_of_parameters = value.question != "replications"
            if asks_of_parameters and any(row.kind == "fixed" for row in value.rows):
                HeldFixed(value, description, vary)


@solara.component
def QuestionChip(
    label: str, title: str, chosen: bool, on_choose: Callable[[str], None], name: str
) -> solara.Element:
    """One question; pressed once more it is taken back."""
    chip = tag(
        "button",
        "ml-chip ml-question" + (" ml-chip-on" if chosen else ""),
        *([icon("mdi-check")] if chosen else []),
        tag("span", "", label),
        attributes={
            "type": "button",
            "aria-pressed": "true" if chosen else "false",
            **({"title": title} if title != label else {}),
        },
    )
    solara.v.use_event(chip, "click", lambda *_: on_choose(name))
    return chip


@solara.component
def Recommended(
    value: Draft,
    on_value: Callable[..., None],
    advice: Advice | None,
    speed: Speed | None,
    steps: int | None,
) -> None:
    """What the question asks for, why, how long it takes, and the way to more or back."""
    with tag("div", "ml-recommended", role="status"):
        if advice is None or advice.first is None or advice.thorough is None:
            tag("p", "ml-quiet", "Choosing a design …" if advice is None else advice.problem)
            return
        first, thorough = advice.first, advice.thorough
        full = thorough.is_in(value)
        shown, changed = (thorough if full else first), not full and not first.is_in(value)
        said = f"{shown.reason}{_time(shown.n_runs, speed, steps)}"
        tag(
            "p",
            "ml-quiet" if changed else "",
            f"Recommended: {said} The design below differs." if changed else said,
        )
        with tag("div", "ml-actions"):
            if changed:
                Action("Take the recommendation", lambda: on_value(**first.fields), icon="mdi-check")
            if thorough.n_runs > first.n_runs and full:
                less = f"First look: {plural(first.n_runs, 'run')}"
                Action(less, lambda: on_value(**first.fields), icon="mdi-speedometer")
            elif thorough.n_runs > first.n_runs:
                more = f"Thorough: {plural(thorough.n_runs, 'run')}"
                Action(more, lambda: on_value(**thorough.fields), icon="mdi-speedometer-slow")


@solara.component
def HeldFixed(value: Draft, description: ModelDescription | None, on_vary: Callable[[], None]) -> None:
    """Say which parameters the answer will be silent about, and offer to let them vary."""
    names = [shorten(row.name, 30) for row in value.rows if row.kind == "fixed"]
    is_held, them = ("is", "it") if len(names) == 1 else ("are", "them")
    with tag("div", "ml-recommended"):
        if description is None or not names:
            return
        count, ranges = len(can_vary(value, description)), ranges_in_words(value, description)
        silent = f"{listing(names, 4)} {is_held} held fixed: the answer says nothing about {them}."
        tag("p", "ml-quiet", f"{silent} {ranges}")
        if count:
            with tag("div", "ml-actions"):
                label = f"Let {plural(count, 'more parameter')} vary: {_all_of(value, count)}"
                Action(label, on_vary, icon="mdi-arrow-expand-horizontal", kind="tonal")


def _all_of(value: Draft, more: int) -> str:
    varied = len(value.varied) + more
    return f"all {varied}" if varied == len(value.rows) else f"{varied} of {len(value.rows)}"


def _time(runs: int, speed: Speed | None, steps: int | None) -> str:
    if speed is None or not steps:
        return ""
    time_needed = about(estimate(speed, runs, steps, cores()))
    return f" {time_needed[:1].upper()}{time_needed[1:]} on {plural(cores(), 'core')}."


def _use_advice(value: Draft, description: ModelDescription | None, most_runs: int | None) -> Advice | None:
    """What the question of a draft asks for, worked out in a thread; a hook.

    It depends on the parameters and not on the design, and is asked for anew only when those change.
    """
    asked = (value.question, value.rows, value.constraints, value.correlations, value.redraw)

    def work() -> tuple[object, Advice | None]:
        if value.question:
            time.sleep(_PAUSE)
        if not value.question or not task.is_current():
            return asked, None
        return asked, advise(value, description, most_runs, task.is_current)

    task = solara.lab.use_task(work, dependencies=[asked, description, most_runs], raise_error=False)
    seen = task.value if task.finished else None
    return seen[1] if seen is not None and seen[0] == asked else None
