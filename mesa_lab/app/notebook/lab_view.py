"""The steps of an experiment as one widget, for a notebook: model, design, run, results, without a page around them.

The steps are the components of the pages. What differs is where the state lives: in the `Lab` object,
where the notebook's own code can get at it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.failures import FailuresPanel
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.model_view import ModelFacts, ModelView
from mesa_lab.app.components.progress import ProgressPanel
from mesa_lab.app.components.test_run_panel import TryIt
from mesa_lab.app.design.page import DesignPage
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.app.hooks.use_model import use_description
from mesa_lab.app.model.page import ModelPage
from mesa_lab.app.notebook.widgets import NotebookFrame
from mesa_lab.app.results.page import ResultsView
from mesa_lab.app.run.live_charts import LiveCharts
from mesa_lab.app.state.result_view import ResultView
from mesa_lab.drafts.draft import for_model
from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.kernel_run import LabRun
from mesa_lab.workspace.study_names import name_of
from mesa_lab.workspace.study_state import Standing

if TYPE_CHECKING:
    from mesa_lab.app.notebook.lab import Lab

__all__ = ["LabView"]

_STEPS: Final = ("Model", "Design", "Run", "Results")


@solara.component
def LabView(lab: Lab) -> None:
    """Show the steps of a lab."""
    step, path = lab._step.value, lab._path.value
    with NotebookFrame():
        if lab._reference or lab._asks:
            ready = {
                "Design": bool(lab._reference),
                "Run": lab._run.value is not None,
                "Results": path is not None,
            }
            StepTabs(step, lab._step.set, ready)
        if step == "Model" and lab._asks:
            ChooseStep(lab)
        elif step == "Model":
            ModelStep(lab)
        elif step == "Design":
            DesignStep(lab)
        elif step == "Run" and lab._run.value is not None:
            RunStep(lab, lab._run.value).key(str(path))
        elif path is not None:
            StudyStep(path, lab._view.value, lab._view.set).key(str(path))


@solara.component
def StepTabs(value: str, on_value: Any, ready: dict[str, bool]) -> None:
    """Choose a step."""
    with tag("nav", "ml-steps", aria_label="Steps of an experiment"), tag("ol"):
        for number, name in enumerate(_STEPS, start=1):
            with tag("li", "ml-step" + (" ml-step-here" if name == value else "")):
                StepButton(
                    number, name, name == value, ready.get(name, True), lambda name=name: on_value(name)
                )


@solara.component
def StepButton(number: int, name: str, here: bool, ready: bool, on_click: Any) -> solara.Element:
    """One step."""
    look = {"type": "button", **({"aria-current": "step"} if here else {})}
    look |= {} if ready else {"disabled": "disabled"}
    mark = tag("span", "ml-step-mark", str(number), aria_hidden="true")
    button = tag(
        "button", "ml-step-link ml-step-button", mark, tag("span", "ml-step-name", name), attributes=look
    )
    solara.v.use_event(button, "click", lambda *_: on_click() if ready else None)
    return button


@solara.component
def ChooseStep(lab: Lab) -> None:
    """The models to choose from, when the notebook gave none."""
    trial = lab._trial.value
    ModelPage(
        lab._reference,
        lab._choose,
        {} if trial is None else {lab._reference: trial},
        lambda _, trial: lab._trial.set(trial),
        on_design=lambda: lab._step.set("Design"),
    )


@solara.component
def ModelStep(lab: Lab) -> None:
    """What the model is, and a trial of it."""
    described = use_description(lab._reference)
    description = described.description
    if described.problem:
        tag("p", "ml-error-text", described.problem, role="alert")
        return
    if description is None:
        tag("p", "ml-nothing ml-quiet", "Opening the model …", role="status")
        return
    with ModelView(description):
        Action(
            "Design an experiment", lambda: lab._step.set("Design"), icon="mdi-arrow-right", kind="primary"
        )
    TryIt(description.reference, value=lab._trial.value, on_value=lab._trial.set)
    ModelFacts(description)


@solara.component
def DesignStep(lab: Lab) -> None:
    """The design of the experiment."""
    doing = use_doing()
    described = use_description(lab._reference)
    description = described.description

    def first() -> None:
        if description is not None and not lab._draft.peek().model:
            lab._draft.value = for_model(description)

    solara.use_effect(first, [description and description.reference])
    if described.problem:
        tag("p", "ml-error-text", described.problem, role="alert")
    if doing.problem:
        tag("p", "ml-error-text", doing.problem, role="alert")
    if not lab._draft.value.model:
        tag("p", "ml-nothing ml-quiet", "Opening the model …", role="status")
        return
    DesignPage(
        lab._draft.value,
        lab._draft.set,
        trial=lab._trial.value,
        on_trial=lab._trial.set,
        on_run=lambda experiment: doing.do("start", lambda: lab.run(experiment)),
    )


@solara.component
def RunStep(lab: Lab, run: LabRun) -> None:
    """Watch the runs, and start, pause or stop them."""
    standing, set_standing = solara.use_state(None)
    problem, set_problem = solara.use_state("")

    def look() -> float:
        try:
            now = Standing(run.status(), problem=run.problem)
        except MesaLabError as error:
            set_problem(str(error))
            return 1.0
        set_problem("")
        set_standing(now)
        return 0.5 if now.is_active or run.is_running else 2.0

    poke = use_reader(look, [run], least=0.2)
    name = name_of(run.path)
    with tag("div", "ml-stack"):
        with tag("section", "ml-panel", aria_label="Progress"):
            with tag("div", "ml-study-head"):
                tag("h1", "", name)
            if problem:
                tag("p", "ml-error-text", problem, role="alert")
            if standing is None:
                tag("p", "ml-quiet", "Opening the study …", role="status")
                return
            finished = standing.status.finished
            ProgressPanel(
                standing,
                start=lambda processes: run.ask("run") if run.is_running else run.start(processes),
                pause=lambda: run.ask("pause"),
                stop=lambda: run.ask("stop"),
                on_change=poke,
                more=[ToResults(lambda: lab._step.set("Results"), standing.state == "finished")]
                if finished
                else [],
            )
        LiveCharts(run.path, finished, running=standing.state != "finished")
        failed = standing.status.failed + standing.status.timed_out
        if failed:
            FailuresPanel(run.path, failed)


@solara.component
def ToResults(on_click: Any, finished: bool) -> solara.Element:
    """Lead on to the results."""
    children = [tag("span", "", "See the results" if finished else "Results so far"), icon("mdi-arrow-right")]
    classes = "ml-button" + (" ml-button-primary" if finished else "")
    button = tag("button", classes, *children, attributes={"type": "button"})
    solara.v.use_event(button, "click", lambda *_: on_click())
    return button


@solara.component
def StudyStep(path: Path, view: ResultView, on_view: Callable[[ResultView], None]) -> None:
    """The results in a study file, whoever makes them."""
    status, set_status = solara.use_state(None)
    problem, set_problem = solara.use_state("")

    def look() -> float:
        from mesa_lab.study import Study

        try:
            with Study.open(path) as study:
                now = study.status()
        except MesaLabError as error:
            set_problem(str(error))
            return 2.0
        set_problem("")
        set_status(now)
        return 0.5 if now.is_active else 2.0

    use_reader(look, [path], least=0.2)
    with tag("div", "ml-stack"):
        if problem:
            tag("p", "ml-error-text", problem, role="alert")
        elif status is None:
            tag("p", "ml-nothing ml-quiet", "Opening the study …", role="status")
        else:
            ResultsView(path, name_of(path), status.finished, view, on_view, running=status.is_active)
