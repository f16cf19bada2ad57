"""Outcomes over time: one number for all steps of a run, chosen beside the curve of one run.

What is chosen becomes a phrase among the outcomes ("mean of infected from step 100"), which can be typed there as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import solara
import solara.lab

from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Action, Choose, TextInput, Toggle
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.design.over_time_chart import over_time_chart
from mesa_lab.drafts.over_time import FIRST, Wish, wanted, wish_of
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import listing, number, plural
from mesa_lab.preparation.outcome_kinds.over_time import STATISTICS
from mesa_lab.workspace.test_run import Trial, try_model, value_over_time
from mesa_lab.workspace.trust import is_trusted

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.drafts.draft import Draft
    from mesa_lab.preparation.outcomes import Outcome

__all__ = ["OverTimeForm", "suggestion"]

STEPS: Final = 1_000
"""Steps of the run whose curve is shown, where nothing says how long runs are."""
TIME_LIMIT: Final = 30.0

_WORDS: Final = {
    "mean": "its mean",
    "max": "its largest value",
    "min": "its smallest value",
    "sum": "its sum",
    "sd": "its standard deviation",
    "time of max": "the step of its largest value",
    "time of min": "the step of its smallest value",
    FIRST: "the step at which a condition first holds",
}


@solara.component
def OverTimeForm(
    value: Draft,
    on_value: Callable[[tuple[tuple[str, str], ...]], None],
    sources: list[str],
    reporters: tuple[str, ...],
    *,
    point: Mapping[str, Any],
    max_steps: int | None,
) -> None:
    """Choose what of an outcome counts over the steps of a run, beside the curve of one run.

    Args:
        value: The draft.
        on_value: Called with the outcomes once one was added or changed.
        sources: What can be measured.
        reporters: What is measured while no outcome is named; it is kept when the first is added.
        point: The parameters' values of the run whose curve is shown.
        max_steps: The most steps of a run, None when another rule stops it.
    """
    wish, set_wish = solara.use_state(Wish())
    changed, set_changed = solara.use_state("")
    run, measure, busy, problem = use_curve(value.model, point, max_steps)
    known = {
        source if not name or name == source else f"{name} = {source}": (name, source)
        for name, source in value.outcomes
    }
    over = {text: each for text, pair in known.items() if (each := wish_of(pair, reporters)) is not None}
    plain = [
        source for name, source in known.values() if ":" not in source and wish_of((name, source)) is None
    ]
    offered = list(dict.fromkeys([*sources, *plain, *(each.source for each in over.values())]))
    shown = wish if wish.source in offered else replace(wish, source=offered[0] if offered else "")
    try:
        outcome, mistake = shown.outcome(), ""
    except MesaLabError as error:
        outcome, mistake = None, str(error)

    def change(**words: Any) -> None:
        set_wish(replace(shown, **words))

    def edit(text: str) -> None:
        set_changed(text)
        set_wish(over[text])

    def keep() -> None:
        if outcome is None:
            return
        pair = (shown.name.strip(), outcome.phrase)
        before = list(known.values()) or [("", name) for name in reporters]
        at = list(known).index(changed) if changed in known else len(before)
        on_value((*before[:at], pair, *before[at + 1 :]))
        set_changed("")

    if over:
        with tag("div", "ml-chips", role="group", aria_label="Outcomes over the steps"):
            for text in over:
                Edit(text, text == changed, lambda text=text: edit(text)).key(text)
    if not offered:
        tag("p", "ml-quiet", "Nothing to measure is known of this model; write it into the field above.")
        return
    with tag("div", "ml-over-time"):
        with tag("div", "ml-over-time-fields"):
            Fields(shown, change, offered, outcome, mistake, max_steps)
            with tag("div", "ml-inline"):
                Action(
                    "Change it" if changed in known else "Add this outcome",
                    keep,
                    icon="mdi-check" if changed in known else "mdi-plus",
                    kind="tonal",
                    disabled=outcome is None or _twice(outcome, known, changed),
                )
                if changed in known:
                    Action("Leave it", lambda: set_changed(""))
        with tag("div", "ml-over-time-run"):
            Curve(shown, outcome, run, max_steps, change)
            with tag("div", "ml-inline", role="status"):
                if busy:
                    tag("span", "ml-quiet", "One run is under way …")
                else:
                    label = "Run once again" if run is not None else "Run once to see the curve"
                    Action(label, lambda: measure(shown), icon="mdi-play")
                if problem:
                    tag("span", "ml-error-text", problem)


def use_curve(
    model: str, point: Mapping[str, Any], max_steps: int | None
) -> tuple[Trial | None, Callable[[Wish], None], bool, str]:
    """Run the model once for the curve of an outcome; a hook.

    Returns:
        What the run showed, None before the first; the function that runs it; whether it runs; and what went wrong.
    """
    asked, set_asked = solara.use_state((0, Wish()))
    trial, set_trial = solara.use_state(None)
    problem, set_problem = solara.use_state("")

    def work() -> None:
        count, wish = asked
        if not count or not is_trusted(model):
            return
        try:
            names = wanted(wish)
            shown = try_model(
                model, point, steps=max_steps or STEPS, time_limit=TIME_LIMIT, outcomes=names or None
            )
        except MesaLabError as error:
            set_problem(str(error))
            return
        failed = shown.failure.message if shown.failure is not None and shown.status == "failed" else ""
        set_problem(failed or (" ".join(shown.notes) if shown.series is None else ""))
        if shown.series is not None:
            set_trial(shown)

    task = solara.lab.use_task(work, dependencies=[asked], raise_error=False)
    return trial, lambda wish: set_asked((asked[0] + 1, wish)), asked[0] > 0 and task.pending, problem


@solara.component
def Fields(
    shown: Wish,
    change: Callable[..., None],
    offered: list[str],
    outcome: Outcome | None,
    mistake: str,
    max_steps: int | None,
) -> None:
    """What is typed."""
    is_first = shown.statistic == FIRST
    statistics = [*STATISTICS, FIRST]
    Choose(
        "Over the steps of a run",
        shown.statistic,
        lambda name: change(statistic=name),
        [(name, f"{name}: {_WORDS[name]}") for name in statistics],
    )
    if is_first:
        TextInput(
            "Condition",
            shown.condition,
            lambda text: change(condition=text),
            hint="Over reporters and attributes of the model, such as "
            f"{next((name for name in offered if name.isidentifier()), 'infected')} == 0.",
            error=mistake if shown.condition.strip() else "",
            classes="ml-mono",
        )
    else:
        Choose("Of", shown.source, lambda source: change(source=source), [(name, name) for name in offered])
    long = _too_long(outcome, max_steps)
    TextInput(
        "Warm-up",
        shown.warm_up,
        lambda text: change(warm_up=text),
        hint="Steps at the beginning that are left out.",
        error=(mistake if shown.warm_up.strip() and not is_first else "") or long,
        suffix="steps",
    )
    if not is_first:
        Toggle(
            "A run that ends early goes on with its last value",
            shown.carried,
            lambda on: change(carried=on),
            hint="Up to the number of steps above; else only the steps that it took count.",
        )
    TextInput(
        "Called",
        shown.name,
        lambda text: change(name=text),
        placeholder=outcome.over_time.phrase(shown.source)
        if outcome is not None and outcome.over_time is not None
        else "",
        hint="",
    )


@solara.component
def Edit(text: str, chosen: bool, on_click: Callable[[], None]) -> solara.Element:
    """The button of an outcome over time that is there: puts it into the form."""
    button = tag(
        "button",
        "ml-chip" + (" ml-chip-on" if chosen else ""),
        icon("mdi-pencil-outline"),
        tag("span", "", text),
        type="button",
        aria_pressed="true" if chosen else "false",
    )
    solara.v.use_event(button, "click", lambda *_: on_click())
    return button


@solara.component
def Curve(
    shown: Wish,
    outcome: Outcome | None,
    trial: Trial | None,
    max_steps: int | None,
    change: Callable[..., None],
) -> None:
    """The curve of one run: what is left out of it is shaded, and the value is marked."""
    said = outcome.over_time if outcome is not None else None
    series = trial.series if trial is not None else None
    names = wanted(shown)
    missing = [name for name in names if series is not None and name not in series.columns]
    drawn = names[0] if series is not None and names and not missing else ""
    limit = math.inf if max_steps is None else float(max_steps)

    def look() -> tuple[Any, str]:
        if series is None or outcome is None or said is None or not drawn:
            return None, ""
        try:
            value, why = value_over_time(series, outcome, limit)
            return over_time_chart(series, drawn, said, value, limit), _sentence(outcome, value, why)
        except (TypeError, ValueError, KeyError) as error:
            return None, f"No curve: {error}"

    key = (shown, id(series), max_steps)
    chart, sentence = solara.use_memo(look, dependencies=[key])
    Chart(
        chart,
        f"{drawn or shown.source} over the steps of one run",
        filename="one_run",
        empty="The curve of one run stands here.",
        actions=False,
    )
    if missing:
        sentence = f"This run did not measure {listing(missing)}: run once again."
    if sentence:
        tag("p", "", sentence, role="status")
    if series is not None and drawn and said is not None and said.condition is None:
        Advice(series, drawn, shown.warm_up, lambda text: change(warm_up=text))


@solara.component
def Advice(series: pd.DataFrame, outcome: str, typed: str, on_value: Callable[[str], None]) -> None:
    """The warm-up that this run suggests."""
    steps, said = solara.use_memo(lambda: suggestion(series, outcome), dependencies=[id(series), outcome])
    with tag("div", "ml-inline"):
        tag("span", "ml-quiet", said)
        if steps and str(steps) != typed.strip():
            Action(f"Leave out {plural(steps, 'step')}", lambda: on_value(str(steps)))


def suggestion(series: pd.DataFrame, outcome: str) -> tuple[int | None, str]:
    """Return how many steps the MSER-5 rule would leave out of one run, and that in words.

    Example:
        >>> import pandas as pd
        >>> values = [0, 2, 4, 6, 8, 9, 9, 10, 10, 10, *[10, 11, 9, 10, 10] * 20]
        >>> suggestion(pd.DataFrame({"step": range(len(values)), "infected": values}), "infected")
        (10, 'This run settles after 10 steps (MSER-5); other points may take longer.')
    """
    from mesa_lab.processing.analysis.warm_up import BATCH, mser

    read = series[["step", outcome]].dropna()
    if len(read) < 10 * BATCH:
        return None, f"A warm-up is suggested from {10 * BATCH} steps on."
    place = mser(read[outcome].to_numpy(dtype=float))
    if place is None:
        return (
            None,
            "This run does not settle in its first half (MSER-5): it needs more steps, or never settles.",
        )
    steps = int(read["step"].iloc[place])
    if not place:
        return 0, "This run needs no warm-up (MSER-5)."
    return steps, f"This run settles after {plural(steps, 'step')} (MSER-5); other points may take longer."


def _sentence(outcome: Outcome, value: Any, why: str) -> str:
    if value is None:
        never = outcome.over_time is not None and outcome.over_time.condition is not None and not why
        return (
            "In this run it never holds: the outcome is missing."
            if never
            else f"No value in this run. {why}".strip()
        )
    return f"{outcome.name} in this run: {number(float(value))}"


def _too_long(outcome: Outcome | None, max_steps: int | None) -> str:
    said = outcome.over_time if outcome is not None else None
    if said is None or max_steps is None or said.warm_up <= max_steps:
        return ""
    return f"Runs have {plural(max_steps, 'step')}: nothing is left of them."


def _twice(outcome: Outcome, known: Mapping[str, tuple[str, str]], changed: str) -> bool:
    others = (name or source for text, (name, source) in known.items() if text != changed)
    return outcome.name in others
