"""The questions that a search answers: chosen and filled in below a design, and started."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import solara

from mesa_lab.app.components.browser import PickFile
from mesa_lab.app.components.controls import Action, Choose, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.search.typed_search import QUESTIONS, Wish, problem_with, search_of_wish
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import listing, plural
from mesa_lab.preparation.limits import FILE_BYTES
from mesa_lab.workspace.study_names import first_name
from mesa_lab.workspace.study_state import facts_of

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["SearchForm"]

_HINTS: Final = {
    "best": "New settings get few runs, contenders more; the winner is confirmed with fresh seeds.",
    "fit": "Rules out what misses the data, and says which parameters the data cannot tell apart.",
    "variety": "Goes where the model does something new. Several outcomes, divided by commas, make a pattern.",
    "boundary": "Puts points where it cannot be told on which side they lie.",
    "precise": "Runs the points of the design above until each mean is known well enough, and no longer.",
}


@solara.component
def SearchForm(
    workspace: Workspace,
    experiment: Experiment | None,
    outcomes: tuple[str, ...],
    on_started: Callable[[str], None],
) -> None:
    """Ask what is searched for, and start it.

    Args:
        workspace: Where the study goes.
        experiment: What the design page holds; None while something is wrong.
        outcomes: The outcomes that are known by name.
        on_started: Called with the key of the study that was started.
    """
    wish, set_wish = solara.use_state(Wish())
    file_problem, set_file_problem = solara.use_state("")
    doing = use_doing()

    def change(**changes: object) -> None:
        doing.clear()
        set_wish(replace(wish, **changes))  # type: ignore[arg-type]

    def choose(question: str) -> None:
        named = wish.outcome or (outcomes[0] if outcomes else "")
        change(question="" if question == wish.question else question, outcome=named)

    def load(name: str, data: bytes | None) -> None:
        try:
            change(targets=_read(name, data), file=name)
            set_file_problem("")
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
            _fields(wish, change, outcomes, load)
            problem = doing.problem or file_problem
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


def _fields(
    wish: Wish,
    change: Callable[..., None],
    outcomes: tuple[str, ...],
    load: Callable[[str, bytes | None], None],
) -> None:
    """The fields of a question."""
    if not (wish.question == "fit" and wish.targets):
        hint = f"Known: {listing(list(outcomes), 6)}." if outcomes else "The name of what the model reports."
        TextInput("Outcome", wish.outcome, lambda text: change(outcome=text), hint=hint)
    if wish.question == "best":
        goals = [("max", "as high as can be"), ("min", "as low as can be")]
        Choose("It shall be", wish.goal, lambda goal: change(goal=goal), goals)
        TextInput(
            "As long as",
            wish.subject_to,
            lambda text: change(subject_to=text),
            hint="Conditions on outcomes that must hold in 9 of 10 runs, such as Wolves > 0; one on each line.",
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
        with tag("div", "ml-actions"):
            PickFile("Data (CSV)", load, accept=".csv,.tsv,.txt", limit=FILE_BYTES)
            if wish.targets:
                tag("span", "", f"{wish.file}: {_said(wish.targets)}")
                Action("Take it away", lambda: change(targets=None, file=""))
        if not wish.targets:
            TextInput(
                "Observed at the end",
                wish.observed,
                lambda text: change(observed=text),
                hint="Or a file with a column 'step' and one column for each outcome.",
            )
        TextInput(
            "Tolerance",
            wish.tolerance,
            lambda text: change(tolerance=text),
            hint="By how much model and data may differ whatever the parameters, in units of the outcome.",
        )
    if wish.question != "precise":
        TextInput(
            "Budget",
            wish.budget,
            lambda text: change(budget=text),
            hint="A number of runs, or a time such as 20 min.",
        )


def _said(targets: dict[str, object]) -> str:
    """Which column is which outcome."""
    parts = [
        f"{name} after {plural(len(value), 'step')}" if isinstance(value, list) else f"{name} = {value}"
        for name, value in targets.items()
    ]
    return listing(parts, 4)


def _read(name: str, data: bytes | None) -> dict[str, object]:
    """Read targets from an uploaded file.

    Raises:
        ExperimentError: If it is too large, or holds no numbers.
    """
    from mesa_lab.errors import ExperimentError
    from mesa_lab.processing.analysis.calibration.targets import plain_targets, read_targets

    if data is None:
        raise ExperimentError(f"'{name}' is larger than {FILE_BYTES // 1_000_000} MB.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        path.write_bytes(data)
        try:
            found = read_targets(path)
        except ExperimentError as error:
            raise ExperimentError(str(error).replace(str(path), name)) from None
    plain_targets(found)
    return found
