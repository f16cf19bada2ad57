"""The steps of an experiment as one widget, for a notebook: model, design, run, results, without a page around them.

The steps are the components of the pages. What differs is where the state lives: in the `Lab` object,
whose session the notebook's own code can use too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import solara

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.failures import FailuresPanel
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.model_view import ModelFacts, ModelView
from mesa_lab.app.components.study_progress import ProgressPanel
from mesa_lab.app.components.test_run_panel import TryIt
from mesa_lab.app.design.page import DesignPage
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.app.hooks.use_model import use_description
from mesa_lab.app.model.page import ModelPage
from mesa_lab.app.notebook.widgets import NotebookFrame
from mesa_lab.app.results.page import ResultsView
from mesa_lab.app.run.live_charts import LiveCharts
from mesa_lab.app.state.lab_state import LabSession
from mesa_lab.drafts.draft import for_model
from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.kernel_run import LabRun
from mesa_lab.workspace.study_names import name_of
from mesa_lab.workspace.study_state import Standing

__all__ = ["LabView"]

_STEPS: Final = ("Model", "Design", "Run", "Results")


@solara.component
def LabView(session: LabSession) -> None:
    """Show the steps of a lab."""
    step, path = session.step.value, session.path.value
    with NotebookFrame():
        if session.reference or session.asks_for_model:
            ready = {
                "Design": bool(session.reference),
                "Run": session.run.value is not None,
                "Results": path is not None,
            }
            StepTabs(step, session.step.set, ready)
        if step == "Model" and session.asks_for_model:
            ChooseStep(session)
        elif step == "Model":
            ModelStep(session)
        elif step == "Design":
            DesignStep(session)
        elif step == "Run" and session.run.value is not None:
            RunStep(session, session.run.value).key(str(path))
        elif path is not None:
            StudyStep(session, path).key(str(path))


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
def ChooseStep(session: LabSession) -> None:
    """The models to choose from, when the notebook gave none."""
    trial = session.trial.value
    ModelPage(
        session.reference,
        session.choose,
        {} if trial is None else {session.reference: trial},
        lambda _, trial: session.trial.set(trial),
        on_design=lambda: session.step.set("Design"),
    )


@solara.component
def ModelStep(session: LabSession) -> None:
    """What the model is, and a trial of it."""
    solara.use_effect(session.settle)
    described = use_description(session.reference)
    description = described.description
    if described.problem:
        tag("p", "ml-error-text", described.problem, role="alert")
        return
    if description is None:
        tag("p", "ml-nothing ml-quiet", "Opening the model …", role="status")
        return
    with ModelView(description):
        Action(
            "Design an experiment", lambda: session.step.set("Design"), icon="mdi-arrow-right", kind="primary"
        )
    TryIt(description.reference, value=session.trial.value, on_value=session.trial.set)
    ModelFacts(description)


@solara.component
def DesignStep(session: LabSession) -> None:
    """The design of the experiment."""
    doing = use_doing()
    solara.use_effect(session.settle)
    described = use_description(session.reference)
    description = described.description

    def first() -> None:
        if description is not None and not session.draft.peek().model:
            session.draft.value = for_model(description)

    solara.use_effect(first, [description and description.reference])
    if described.problem:
        tag("p", "ml-error-text", described.problem, role="alert")
    if doing.problem:
        tag("p", "ml-error-text", doing.problem, role="alert")
    if not session.draft.value.model:
        tag("p", "ml-nothing ml-quiet", "Opening the model …", role="status")
        return
    DesignPage(
        session.draft.value,
        session.draft.set,
        trial=session.trial.value,
        on_trial=session.trial.set,
        on_run=lambda experiment: doing.do("start", lambda: session.start(experiment)),
    )


@solara.component
def RunStep(session: LabSession, run: LabRun) -> None:
    """Watch the runs, and start, pause or stop them."""
    standing, set_standing = solara.use_state(None)
    problem, set_problem = solara.use_state("")

    def look() -> float:
        try:
            now = Standing(run.status(), problem=run.problem)
        except MesaLabError as error:
            set_problem(run.problem or str(error))  # where its results are, if its file is gone
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
                more=[ToResults(lambda: session.step.set("Results"), standing.state == "finished")]
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
def StudyStep(session: LabSession, path: Path) -> None:
    """The results in a study file, whoever makes them, and what to run next."""
    status, set_status = solara.use_state(None)
    problem, set_problem = solara.use_state("")
    doing = use_doing()

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
        if doing.problem:
            with tag("div", "ml-notice ml-notice-error", role="alert"):
                tag("span", "", doing.problem)
                Action("Dismiss", doing.clear)
        if problem:
            tag("p", "ml-error-text", problem, role="alert")
        elif status is None:
            tag("p", "ml-nothing ml-quiet", "Opening the study …", role="status")
        else:
            ResultsView(
                path,
                name_of(path),
                status.finished,
                session.view.value,
                session.view.set,
                failed=status.failed + status.timed_out,
                running=status.is_active or bool(doing.busy),
                on_next=lambda conclusion: doing.do("next", lambda: session.go_on(conclusion)),
            )
