"""Before the start: what will be run, about how long that takes, and what the study is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.study_progress import Processes
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.errors import StudyError
from mesa_lab.formatting import about, plural
from mesa_lab.workspace.run_time_estimate import learned, seconds_for
from mesa_lab.workspace.study_names import clean_name, first_name
from mesa_lab.workspace.study_state import Facts, facts_of

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.test_run import Speed
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["Plan", "StartForm", "there_already"]


@dataclass(frozen=True)
class Plan:
    """What an experiment amounts to.

    Attributes:
        facts: What it is of.
        points: Design points.
        replications: Runs of each point.
        speed: What a run costs, as far as anybody knows.
    """

    facts: Facts
    points: int
    replications: int
    speed: Speed | None

    @property
    def runs(self) -> int:
        """How many runs."""
        return self.points * self.replications


def there_already(workspace: Workspace, name: str) -> str:
    """Say what happens when a study of this name is there already; an empty text when there is none.

    Raises:
        StudyError: If it is no name.
    """
    from mesa_lab.study import Study

    name = clean_name(name)
    try:
        with Study.open(workspace.find(name).path) as study:
            status = study.status()
    except StudyError:
        return ""
    has = f"There is a study of this name, with {status.finished:,} of {plural(status.n_runs, 'run')}."
    return f"{has} It is gone on with if its experiment is the same or a part of this one."


@solara.component
def StartForm(
    workspace: Workspace,
    experiment: Experiment,
    on_started: Callable[[str], None],
    *,
    speed: Speed | None = None,
) -> None:
    """Show what will be run, and start it.

    Args:
        workspace: Where the study goes.
        experiment: What will be run; the same object as long as it is the same.
        on_started: Called with the key of the study that was started.
        speed: What a run costs, from "Try it".
    """
    fresh = use_fresh(lambda: _plan(workspace, experiment, speed), 0, topic=(id(experiment), speed))
    plan = fresh.value
    typed, set_typed = solara.use_state("")
    processes, set_processes = solara.use_state(-1)
    doing = use_doing()
    offered = solara.use_memo(
        lambda: workspace.free_name(first_name(facts_of(experiment).model) + workspace.mark),
        dependencies=[id(experiment)],
    )
    name = typed or offered
    hint, mistake = _about_name(workspace, name)

    def type_name(text: str) -> None:
        doing.clear()
        set_typed(text)

    def start() -> None:
        ref = workspace.make(name, experiment)
        workspace.start(ref, processes)
        on_started(ref.key)

    with tag("section", "ml-panel ml-start", aria_label="What will be run"):
        tag("h1", "", "Run")
        if fresh.problem:
            tag("p", "ml-error-text", fresh.problem, role="alert")
        with tag("dl", "ml-facts ml-plan"):
            for title, said in _lines(experiment, plan, processes):
                tag("dt", "", title)
                tag("dd", "", said)
        with tag("div", "ml-start-fields"):
            TextInput(
                "Name of the study",
                typed,
                type_name,
                placeholder=offered,
                hint=hint,
                error=doing.problem or mistake,
                disabled=bool(doing.busy),
            )
            Processes(processes, set_processes)
        with tag("div", "ml-actions"):
            ready = "Start" if plan is None else f"Start {plural(plan.runs, 'run')}"
            label = "Preparing …" if doing.busy else ready
            blocked = bool(doing.busy or mistake or fresh.problem)
            go = lambda: doing.do("start", start)  # noqa: E731
            Action(label, go, icon="mdi-play", kind="primary", disabled=blocked)


def _plan(workspace: Workspace, experiment: Experiment, speed: Speed | None) -> Plan:
    facts = facts_of(experiment)
    return Plan(
        facts,
        workspace.count_points(experiment),
        experiment.replications,
        speed or learned(workspace, facts.model),
    )


def _about_name(workspace: Workspace, name: str) -> tuple[str, str]:
    try:
        return there_already(workspace, name), ""
    except StudyError as error:
        return "", str(error)


def _lines(experiment: Experiment, plan: Plan | None, processes: int) -> list[tuple[str, str]]:
    """What will be run, as titles and texts."""
    facts = facts_of(experiment)
    varied = ", ".join(facts.varied) or "nothing"
    steps = (
        "until the model stops"
        if facts.max_steps is None
        else f"at most {plural(facts.max_steps, 'step')} each"
    )
    runs, time = "…", "…"
    if plan is not None:
        points = f"{plural(plan.points, 'point')} × {plural(plan.replications, 'replication')}"
        runs = f"{plural(plan.runs, 'run')}: {points}, {steps}"
        seconds = seconds_for(experiment, plan.runs, plan.speed, processes)
        time = (
            about(seconds).capitalize()
            if seconds is not None
            else "Not known yet; try the model to learn its speed."
        )
    return [
        ("Model", facts.model_name),
        ("Varied", varied),
        ("Design", facts.design),
        ("Runs", runs),
        ("Time", time),
    ]
