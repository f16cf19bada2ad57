"""The questions that a search answers: chosen and filled in below a design, and started."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import solara

from mesa_lab.app.components.browser import PickFile
from mesa_lab.app.components.controls import Action, Choose, TextInput, Toggle
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.search.continue_form import ContinueForm, use_held
from mesa_lab.app.search.data_file import DataFile, DataForm, DataOverTrial, read_data_file
from mesa_lab.app.search.typed_search import (
    QUESTIONS,
    Wish,
    engines_of,
    fields_beside,
    problem_with,
    search_of_wish,
)
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import listing
from mesa_lab.preparation.limits import FILE_BYTES
from mesa_lab.workspace.study_names import first_name
from mesa_lab.workspace.study_state import facts_of

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.test_run import Trial
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["SearchForm"]

_HINTS: Final = {
    "best": "New settings get few runs, contenders more; the winner is confirmed with fresh seeds.",
    "fit": "Rules out what misses the data, and says which parameters the data cannot tell apart.",
    "variety": "Goes where the model does something new. Several outcomes, divided by commas, make a pattern.",
    "boundary": "Puts points where it cannot be told on which side they lie.",
    "precise": "Runs the points of the design above until each mean is known well enough, and no longer.",
    "select": "Drops points of the design above, one after the other, until the best is left with a promised probability.",
    "compare": "Runs the points of the design above until each is told from the first, or called alike.",
}


_wishes: solara.Reactive[dict[str, Wish]] = solara.reactive({})
"""What was typed, by model: it outlasts a look at another page, as the design does."""

_files: solara.Reactive[dict[str, DataFile]] = solara.reactive({})
"""The file of observed values, by model."""


@solara.component
def SearchForm(
    workspace: Workspace,
    experiment: Experiment | None,
    outcomes: tuple[str, ...],
    on_started: Callable[[str], None],
    *,
    study: str = "",
    model: str = "",
    trial: Trial | None = None,
    on_trial: Callable[[Trial], None] = lambda trial: None,
) -> None:
    """Ask what is searched for, and start it; a search that has runs may go on in narrower ranges.

    Args:
        workspace: Where the study goes.
        experiment: What the design page holds; None while something is wrong.
        outcomes: The outcomes that are known by name.
        on_started: Called with the key of the study that was started.
        study: The key of the study at hand, empty for none.
        model: The model of the design.
        trial: What trying the model showed.
        on_trial: Called with what a new trial showed.
    """
    anew, set_anew = solara.use_state("")
    held = use_held(workspace, study, model)
    if held is not None and anew != study:
        with tag("section", "ml-panel ml-form ml-search-form", aria_label="Search"):
            with tag("div", "ml-form-head"):
                tag("h2", "", "The search that has begun")
            ContinueForm(workspace, held, experiment, on_started, lambda: set_anew(study)).key(study)
        return
    NewSearch(workspace, experiment, outcomes, on_started, model, trial, on_trial).key(model)


@solara.component
def NewSearch(
    workspace: Workspace,
    experiment: Experiment | None,
    outcomes: tuple[str, ...],
    on_started: Callable[[str], None],
    model: str,
    trial: Trial | None,
    on_trial: Callable[[Trial], None],
) -> None:
    """Ask what is searched for, and start it; the arguments are those of `SearchForm`."""
    wish, data = _wishes.value.get(model, Wish()), _files.value.get(model)
    file_problem, set_file_problem = solara.use_state("")
    doing = use_doing()
    reported = (
        [str(name) for name in trial.series if name not in ("step", "time")]
        if trial is not None and trial.series is not None
        else []
    )
    known = tuple(dict.fromkeys([*outcomes, *reported]))

    def latest() -> Wish:
        """What was typed last, which need not have been drawn yet."""
        return _wishes.peek().get(model, Wish())

    def change(**changes: object) -> None:
        doing.clear()
        _wishes.set({**_wishes.peek(), model: replace(latest(), **changes)})  # type: ignore[arg-type]

    def say(name: str, text: object) -> None:
        change(more={**latest().more, name: str(text)})

    def choose(question: str) -> None:
        named = wish.outcome or (known[0] if known else "")
        change(question="" if question == wish.question else question, outcome=named, engine="", more={})

    def use(file: DataFile | None) -> None:
        others = {name: each for name, each in _files.peek().items() if name != model}
        _files.set(others if file is None else {**others, model: file})
        try:
            change(targets=None if file is None else file.targets(), file="" if file is None else file.name)
            set_file_problem("")
        except MesaLabError as error:
            change(targets=None, file="")
            set_file_problem(str(error))

    def load(name: str, content: bytes | None) -> None:
        try:
            use(read_data_file(name, content, known))
        except MesaLabError as error:
            set_file_problem(str(error))

    def start() -> None:
        assert experiment is not None, "the button is shown with an experiment only"
        name = workspace.free_name(f"{first_name(facts_of(experiment).model)}_search{workspace.mark}")
        ref = workspace.make_search(name, search_of_wish(wish, experiment))
        workspace.start(ref)
        on_started(ref.key)

    with tag("section", "ml-panel ml-form ml-search-form", aria_label="Search"):
        with tag("div", "ml-form-head"):
            tag("h2", "", "Or search: let the results decide what runs next")
            tag("p", "ml-quiet", "Takes the parameters, the steps and the outcomes from above.")
        with tag("div", "ml-chips ml-questions", role="group", aria_label="What to search for"):
            for name, text in QUESTIONS.items():
                _chip(text, wish.question == name, lambda name=name: choose(name))
        if not wish.question:
            return
        with tag("div", "ml-form-body"):
            tag("p", "ml-quiet", _HINTS[wish.question])
            _fields(wish, change, known)
            if wish.question == "fit":
                with tag("div", "ml-actions"):
                    PickFile("Data (CSV)", load, accept=".csv,.tsv,.txt", limit=FILE_BYTES)
                    if data is not None:
                        tag("span", "", data.name)
                        Action("Take it away", lambda: use(None))
                if data is not None:
                    DataForm(data, use, known)
                    if wish.targets:
                        DataOverTrial(wish.targets, experiment, trial, on_trial)
            _settings(wish, change, say)
            problem = doing.problem or (file_problem if wish.question == "fit" else "")
            if experiment is None:
                problem = problem or "Something above is wrong: put it right first."
            elif not problem:
                problem = problem_with(wish, experiment)
            with tag("div", "ml-actions"):
                Action(
                    "Starting …" if doing.busy else "Start the search",
                    lambda: doing.do("start", start),
                    icon="mdi-play",
                    kind="primary",
                    disabled=bool(doing.busy or (problem and not doing.problem)),
                )
                tag("span", "ml-error-text", problem, role="status")


def _chip(text: str, chosen: bool, on_choose: Callable[[], None]) -> solara.Element:
    chip = tag(
        "button",
        "ml-chip ml-question" + (" ml-chip-on" if chosen else ""),
        tag("span", "", text),
        attributes={"type": "button", "aria-pressed": "true" if chosen else "false"},
    )
    solara.v.use_event(chip, "click", lambda *_: on_choose())
    return chip


def _fields(wish: Wish, change: Callable[..., None], outcomes: Sequence[str]) -> None:
    """The fields of a question."""
    if not (wish.question == "fit" and wish.targets):
        hint = f"Known: {listing(list(outcomes), 6)}." if outcomes else "The name of what the model reports."
        if wish.question == "best":
            hint += " Several make a front: cost min, gain max."
        TextInput("Outcome", wish.outcome, lambda text: change(outcome=text), hint=hint)
    if wish.question in ("best", "select"):
        goals = [("max", "as high as can be"), ("min", "as low as can be")]
        Choose("It shall be", wish.goal, lambda goal: change(goal=goal), goals)
    if wish.question == "best":
        TextInput(
            "As long as",
            wish.subject_to,
            lambda text: change(subject_to=text),
            hint="Conditions on outcomes that must hold in 9 of 10 runs, such as "
            f"{outcomes[0] if outcomes else 'Wolves'} > 0; one on each line.",
            lines=2,
        )
    if wish.question == "boundary":
        TextInput(
            "Value at the boundary",
            wish.where,
            lambda text: change(where=text),
            hint="0.5 for as likely as not; empty for wherever least is known.",
        )
    if wish.question == "precise":
        TextInput(
            "Half the width of the interval",
            wish.relative,
            lambda text: change(relative=text),
            suffix="% of the mean",
        )
    if wish.question == "fit":
        if not wish.targets:
            TextInput(
                "Observed at the end",
                wish.observed,
                lambda text: change(observed=text),
                hint="Or a file: one column for the steps and one for each outcome.",
            )
        TextInput(
            "Tolerance",
            wish.tolerance,
            lambda text: change(tolerance=text),
            hint="By how much model and data may differ whatever the parameters, in units of the outcome.",
        )


def _settings(wish: Wish, change: Callable[..., None], say: Callable[[str, object], None]) -> None:
    """How it is searched: the engine, the budget, and what else the method can be told."""
    engines = engines_of(wish.question)
    if len(engines) > 1:
        Choose(
            "How",
            wish.engine or engines[0][0],
            lambda engine: change(engine=engine),
            [(name, title) for name, title, _ in engines],
            notes=[note for _, _, note in engines],
        )
    if wish.needs_budget:
        TextInput(
            "Budget",
            wish.budget,
            lambda text: change(budget=text),
            hint="A number of runs, or a time such as 20 min.",
        )

    with tag("details", "ml-details").key(wish.question):
        tag("summary", "", "More settings")
        with tag("div", "ml-grid ml-grid-small"):
            for field in fields_beside(wish.question):
                typed = wish.more.get(field.name, "")
                if field.kind == "flag":
                    on = (typed or str(field.default)) == "True"
                    Toggle(field.label, on, lambda on, name=field.name: say(name, on), hint=field.help).key(
                        field.name
                    )
                else:
                    TextInput(
                        field.label,
                        typed,
                        lambda text, name=field.name: say(name, text),
                        hint=field.help,
                        placeholder=field.hint,
                    ).key(field.name)
