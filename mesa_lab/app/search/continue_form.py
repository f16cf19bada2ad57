"""A search that has runs: its question and its method stay; its ranges may be narrowed, parameters locked, its budget raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import solara

from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_model import describe_model
from mesa_lab.errors import ExperimentError, MesaLabError
from mesa_lab.formatting import plural, show
from mesa_lab.workspace.trust import is_trusted

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.search.search import Search
    from mesa_lab.workspace.study_names import StudyRef
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["ContinueForm", "Held", "held_search", "narrowed", "use_held"]


_budgets: solara.Reactive[dict[tuple[str, str], str]] = solara.reactive({})
"""What was typed as the budget, by study and the budget that it had: a change of the design makes the form anew."""


@dataclass(frozen=True, eq=False)
class Held:
    """A search that has been started.

    Attributes:
        ref: Its study.
        search: What is searched, and how.
        runs: How many runs were asked for.
        over: Why it has ended; empty while it has not.
        driven: Whether it runs now.
        defaults: The model's defaults of its parameters, as far as they are known.
    """

    ref: StudyRef
    search: Search
    runs: int
    over: str = ""
    driven: bool = False
    defaults: Mapping[str, Any] = field(default_factory=dict)


def held_search(ref: StudyRef) -> Held | None:
    """Read the search of a study; None where it is none, or has no runs."""
    from mesa_lab.search.carry_out import search_of
    from mesa_lab.study import Study

    with Study.open(ref.path) as study:
        state = study.search
        if state is None or not state.runs or state.search.get("method") == "by hand":
            return None
        return Held(ref, search_of(study), state.runs, state.over or "", study.driver() is not None)


def use_held(workspace: Workspace, key: str, model: str, version: object = None) -> Held | None:
    """Return the search at hand where it is one of this model, read in the background; a hook.

    Args:
        workspace: The studies of the user.
        key: The study's key; empty for none.
        model: The model of the design.
        version: When it changes, the study is read again.
    """

    def read() -> Held | None:
        from mesa_lab.preparation.models import reference_of

        if not key:
            return None
        ref = workspace.find(key)
        held = held_search(ref) if ref.own else None
        if held is None or reference_of(held.search.experiment.model) != model:
            return None
        described = describe_model(model).description if is_trusted(model) else None
        defaults = {each.name: each.default for each in described.parameters} if described else {}
        return replace(held, defaults=defaults)

    return use_fresh(read, version, topic=key).value


def narrowed(held: Held, experiment: Experiment, budget: str) -> tuple[Search, list[str]]:
    """Return the search with the ranges of the design page, and what that changes.

    Args:
        held: The search that has runs.
        experiment: What the design page holds.
        budget: What was typed as its budget.

    Raises:
        MesaLabError: If it cannot go on so.
    """
    from mesa_lab.app.design_changed import changes
    from mesa_lab.preparation.models import REQUIRED

    old = held.search.experiment
    # A form leaves out what is held at the model's default: a parameter that is locked there, or was held there before.
    defaults = {name: value for name, value in held.defaults.items() if value is not REQUIRED}
    given = experiment.space.parameters
    parameters = {name: value for name, value in defaults.items() if name in old.space.parameters} | {
        name: value
        for name, value in given.items()
        if name in old.space.parameters or name not in defaults or show(value) != show(defaults[name])
    }
    if set(parameters) != set(old.space.parameters):
        raise ExperimentError("The design above has other parameters than this search: start a new one.")
    experiment = experiment.replace(parameters=parameters)
    changed = [name for name in parameters if parameters[name] != old.space.parameters[name]]
    other = [name for name in changes(old, experiment, searched=True) if name not in changed]
    other = [name for name in other if name not in ("the order of the parameters", "constraints")]
    if other:
        raise ExperimentError(
            f"Only ranges, constraints and the budget may change in a search that has runs, and the design above differs in: {', '.join(other)}."
        )
    if changed and not held.search.method.chooses_points:
        raise ExperimentError(
            "The points of this search come from its design, so its ranges stay as they are. Start a new search for others."
        )
    ordered = {name: parameters[name] for name in old.space.parameters}
    new = old.replace(parameters=ordered, constraints=experiment.constraints) if changed else old
    if experiment.constraints != old.constraints and held.search.method.chooses_points:
        new = new.replace(constraints=experiment.constraints)
        changed = [*changed, "constraints"]
    text = budget.strip()
    size: Any = int(text) if text.isdigit() else text or None
    search = held.search.replace(experiment=new, budget=size)
    if search.budget_runs is not None and search.budget_runs < held.runs:
        raise ExperimentError(f"{plural(held.runs, 'run')} were asked for already: the budget is less.")
    said = [
        name
        if name == "constraints"
        else f"{name}: {_range(old.space.parameters[name])} → {_range(parameters[name])}"
        for name in changed
    ]
    return search, said


def _range(parameter: Any) -> str:
    low, high = getattr(parameter, "low", None), getattr(parameter, "high", None)
    if low is not None and high is not None:
        return f"{show(low)} to {show(high)}"
    values = getattr(parameter, "values", None)
    return ", ".join(map(show, values)) if values else f"held at {show(parameter)}"


@solara.component
def ContinueForm(
    workspace: Workspace,
    held: Held,
    experiment: Experiment | None,
    on_started: Callable[[str], None],
    on_new: Callable[[], None],
) -> None:
    """Show what stays of a search that has runs, and let it go on in narrower ranges or with a larger budget.

    Args:
        workspace: The studies of the user.
        held: The search.
        experiment: What the design page holds; None while something is wrong.
        on_started: Called with the key of the study once it goes on.
        on_new: Called when another search is to be filled in.
    """
    start = "" if held.search.budget is None else str(held.search.budget)
    place = (str(held.ref.path), start)
    budget = _budgets.value.get(place, start)
    set_budget = lambda text: _budgets.set({**_budgets.peek(), place: text})  # noqa: E731
    doing = use_doing()
    problem, search, said = "", None, []
    if experiment is None:
        problem = "Something above is wrong: put it right first."
    else:
        try:
            search, said = narrowed(held, experiment, budget)
        except MesaLabError as error:
            problem = str(error)
    same = search is not None and search.to_plain() == held.search.to_plain() and not said

    def go() -> None:
        assert search is not None, "the button is shown with a search only"
        workspace.grow(held.ref, search)
        workspace.start(held.ref)
        on_started(held.ref.key)

    with tag("div", "ml-form-body ml-search-held"):
        with tag("p"):
            tag(
                "span",
                "",
                f"“{held.ref.name}” searches {held.search.method.described}: {plural(held.runs, 'run')} so far. ",
            )
            tag(
                "span",
                "ml-quiet",
                "Its question and its method are locked, since runs were chosen by them. Narrow a range above, or hold a parameter fixed, and it "
                "goes on from what it knows.",
            )
        with tag("dl", "ml-facts"):
            engine = getattr(held.search.method, "engine", "")
            for name, value in ({**held.search.to_plain()} | ({"engine": engine} if engine else {})).items():
                if name not in ("budget", "batch", "targets"):
                    tag("dt", "", name.replace("_", " "))
                    tag("dd", "", show(value) if not isinstance(value, list | dict) else str(value)[:200])
        if held.search.budget is not None:
            TextInput("Budget", budget, set_budget, hint="In all, with the runs so far. Raise it to go on.")
        for each in said:
            tag("p", "", each).key(each)
        with tag("div", "ml-actions"):
            if held.driven:
                with PageLink("/run", classes=["ml-button"]):
                    tag("span", "", "It runs: watch it")
            else:
                Action(
                    "Starting …" if doing.busy else "Go on with it",
                    lambda: doing.do("go on", go),
                    icon="mdi-play",
                    kind="primary",
                    disabled=bool(doing.busy or problem or (same and held.over)),
                )
            Action("Fill in another search", on_new, icon="mdi-plus")
            waits = "" if not (same and held.over) else f"{held.over} Raise the budget or change a range."
            tag(
                "span",
                "ml-error-text" if problem or doing.problem else "ml-quiet",
                doing.problem or problem or waits,
                role="status",
            )
