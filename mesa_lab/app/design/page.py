"""The second step: say what varies, how often and how long, and see at once what that means."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import solara
import solara.lab

from mesa_lab.app.code_question import CodeQuestion
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.links import PageLink, SkipLink
from mesa_lab.app.components.test_run_panel import summary
from mesa_lab.app.design.actions import DesignActions
from mesa_lab.app.design.design_form import DesignForm, offered_designs
from mesa_lab.app.design.parameters import AddParameter, ParameterRows
from mesa_lab.app.design.pending_edits import Latest
from mesa_lab.app.design.preview import PreviewPanel
from mesa_lab.app.design.question_form import QuestionForm
from mesa_lab.app.design.run_settings import ConstraintsForm, MeasureForm, RunsForm
from mesa_lab.app.hooks.use_model import use_description
from mesa_lab.app.quick_imports import DRAWING, import_now
from mesa_lab.drafts.draft import Draft
from mesa_lab.drafts.points_csv import parse_points, points_text
from mesa_lab.drafts.preview import Outlook, first_point, look
from mesa_lab.drafts.read_design import place_of
from mesa_lab.drafts.to_experiment import Parsed, parse, takes_anything
from mesa_lab.errors import ExperimentError, MesaLabError, OutcomeError
from mesa_lab.formatting import listing, model_label
from mesa_lab.preparation.code_permission import permitting
from mesa_lab.preparation.limits import OWN_RUNS, RUNS
from mesa_lab.preparation.validation import check
from mesa_lab.workspace.access import AGREED, access, agree
from mesa_lab.workspace.test_run import Speed, Trial, try_model
from mesa_lab.workspace.trust import is_trusted, untrusted

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["DesignPage"]

STEPS: Final = 100
"""Steps that are enough to measure how long one takes."""
TIME_LIMIT: Final = 30.0

PAUSE: Final = 0.15
"""Seconds without typing after which the points are made."""

_CODE: Final = (
    "The points are made by Python code, which runs on this machine. Have you typed its whole name?"
)


@solara.component
def DesignPage(
    value: Draft,
    on_value: Callable[[Draft], None],
    *,
    trial: Trial | None = None,
    speed: Speed | None = None,
    on_trial: Callable[[Trial], None] | None = None,
    on_load: Callable[[Experiment, str], None] | None = None,
    on_run: Callable[[Experiment], None] | None = None,
    on_continue: Callable[[], None] | None = None,
) -> None:
    """Design an experiment.

    Args:
        value: What was typed.
        on_value: Called with the changed draft.
        trial: What trying the model showed, for estimates of time.
        speed: What a run is known to cost from elsewhere, such as earlier studies.
        on_trial: Called with what a new trial showed.
        on_load: Called with an experiment from a file, and the file's name.
        on_run: Called with the experiment when it shall run; None links to the page for that.
        on_continue: Called when that link is followed.
    """
    speed = trial.speed if trial is not None and trial.speed is not None else speed
    described = use_description(value.model if is_trusted(value.model) else "")
    description = described.description
    parsed = solara.use_memo(
        lambda: _allowed(parse(value, description), value), dependencies=[value, description]
    )
    agreed, set_agreed = solara.use_state(0)
    outlook, pending = use_outlook(parsed, agreed)
    checked = use_check(parsed, outlook)

    def run_code() -> None:
        for reference in outlook.refused if outlook is not None else ():
            agree(reference)
        set_agreed(agreed + 1)

    latest = solara.use_memo(lambda: Latest(value), dependencies=[])
    latest.see(value, on_value)
    solara.use_effect(
        lambda: latest.complete(description) if description is not None else None, [description, value.model]
    )
    change, change_row = latest.change, latest.change_row
    if not value.model:
        Nothing()
        return
    errors = {**_complaint(outlook, parsed), **checked, **parsed.errors}
    columns = _columns(value)
    varied = [row.name for row in value.rows if row.varied or row.name in columns]
    infos = {info.name: info for info in description.parameters} if description else {}
    if on_run is None:
        SkipLink("Skip to the preview and the runs", "ml-go")
    with tag("div", "ml-title"):
        with tag("div"):
            tag("h1", "", "Design")
            tag("p", "ml-quiet", f"An experiment on {model_label(value.model)}")
        DesignActions(value, parsed.experiment, on_load, linked=on_run is None)
    if described.problem:
        tag("p", "ml-error-text", described.problem, role="alert")
    with tag("div", "ml-design-page"):
        with tag("div", "ml-body"):
            steps = parsed.experiment.max_steps if parsed.experiment else None
            QuestionForm(value, change, description, speed=speed, steps=steps)
            with Panel("Parameters", "Hold a parameter fixed, or let it vary."):
                ParameterRows(value.rows, change_row, infos, errors, columns)
                if description is not None and takes_anything(description):
                    AddParameter([row.name for row in value.rows], latest.add_row)
                ConstraintsForm(value, change, errors)
            with Panel("Design", "How the points are chosen."):
                if outlook is not None and outlook.refused and outlook.experiment == parsed.experiment:
                    CodeQuestion(_CODE, outlook.refused, ("Run it", run_code))
                DesignForm(
                    value.design,
                    lambda design: change(design=design),
                    varied=varied,
                    errors=errors,
                    designs=offered_designs(code=access().opens_code),
                    parameters=[row.name for row in value.rows],
                    current_points=_points_of(outlook),
                )
            with Panel("Runs", "How often each point runs, and for how long."):
                RunsForm(value, change, errors)
            with Panel("Outcomes", "What is measured, and when a run stops early."):
                MeasureForm(
                    value,
                    change,
                    errors,
                    description,
                    point=first_point(outlook) if outlook is not None else {},
                    max_steps=steps,
                )
        with tag("div", "ml-aside", attributes={"id": "ml-go", "tabindex": "-1"} if on_run is None else {}):
            Go(parsed, errors, on_run, on_continue)
            PreviewWithTrial(value, parsed, outlook, pending, speed, on_trial, faulty=bool(errors))


def use_check(parsed: Parsed, outlook: Outlook | None) -> dict[str, str]:
    """Ask the model whether it has what outcomes and the stop rule speak of, in a thread; a hook.

    It is built at a point that the preview has: making points may take time and memory without limit here.

    Returns:
        What is wrong, by field; empty while that is not known.
    """
    experiment = parsed.experiment
    point = first_point(outlook) if outlook is not None and outlook.experiment == experiment else {}
    asked = (
        None
        if experiment is None or not point or not is_trusted(str(experiment.model))
        else (
            str(experiment.model),
            repr(experiment.stop_when),
            repr(experiment.outcomes),
            repr(experiment.agents),
        )
    )

    def work() -> tuple[object, dict[str, str]]:
        if asked is None or experiment is None:
            return asked, {}
        time.sleep(PAUSE)
        if not task.is_current():
            return asked, {}
        try:
            with permitting(AGREED):
                check(experiment, point)
        except OutcomeError as error:
            return asked, {
                "agents" if "agent" in str(error) and experiment.agents else "outcomes": str(error)
            }
        except ExperimentError as error:
            return asked, {"stop_when": str(error)} if str(error).startswith("stop_when") else {}
        except MesaLabError:  # said where the points are made
            return asked, {}
        return asked, {}

    task = solara.lab.use_task(work, dependencies=[asked], raise_error=False)
    found = task.value if task.finished else None
    return found[1] if found is not None and found[0] == asked else {}


def use_outlook(parsed: Parsed, agreed: int = 0) -> tuple[Outlook | None, bool]:
    """Work out what a design would run, in a thread, a moment after the last change; a hook.

    Args:
        parsed: The design.
        agreed: How often the user agreed to code, after which the design is looked at again.

    Returns:
        The latest outlook, kept while a newer one is made or something is wrong, and whether one is being made.
    """
    experiment = parsed.experiment
    kept = solara.use_ref(None)

    def work() -> Outlook | None:
        if experiment is None:
            return None
        time.sleep(PAUSE)
        if not task.is_current():
            return None
        import_now(DRAWING)
        with permitting(AGREED):
            return look(experiment, task.is_current, OWN_RUNS if access().local else RUNS)

    task = solara.lab.use_task(work, dependencies=[experiment, agreed], raise_error=False)
    if task.finished and task.value is not None:
        kept.current = task.value
    return kept.current, task.pending and experiment is not None


@solara.component
def Panel(title: str, text: str, children: list[solara.Element] = []) -> None:  # noqa: B006
    """One group of the form."""
    with tag("section", "ml-panel ml-form", aria_label=title):
        with tag("div", "ml-form-head"):
            tag("h2", "", title)
            tag("p", "ml-quiet", text)
        tag("div", "ml-form-body", *children)


@solara.component
def Go(
    parsed: Parsed,
    errors: Mapping[str, str],
    on_run: Callable[[Experiment], None] | None,
    on_continue: Callable[[], None] | None,
) -> None:
    """The way on, once the design is right; else what is in its way."""
    with tag("div", "ml-go"):
        tag("span", "ml-error-text", _in_the_way(errors), role="status")
        if on_run is not None:
            Action(
                "Run",
                lambda: on_run(parsed.experiment),
                icon="mdi-play",
                kind="primary",
                disabled=bool(errors),
            )
        elif not errors:
            with PageLink("/run", classes=["ml-primary"], on_follow=on_continue):
                tag("span", "", "Continue to the runs")
                icon("mdi-arrow-right")
        else:
            Action("Continue to the runs", lambda: None, kind="primary", disabled=True)


def _in_the_way(errors: Mapping[str, str]) -> str:
    """Name the fields that have a mistake."""
    if "experiment" in errors:
        return errors["experiment"]
    named = list(dict.fromkeys(_name_of(field) for field in errors))
    return f"See {listing(named, 3)}." if named else ""


def _name_of(field: str) -> str:
    """What a field is called on the page; a parameter's own name stays as it is."""
    place, _, rest = field.partition(".")
    if place == "parameters":
        return rest.rpartition(".")[0] or rest
    return {"max_steps": "steps", "stop_when": "stop a run when", "period": "collect every"}.get(
        field, (rest or place).replace("_", " ")
    )


@solara.component
def PreviewWithTrial(
    value: Draft,
    parsed: Parsed,
    outlook: Outlook | None,
    pending: bool,
    speed: Speed | None,
    on_trial: Callable[[Trial], None] | None,
    *,
    faulty: bool,
) -> None:
    """The preview, with a way to measure how long a run takes."""
    asked, set_asked = solara.use_state(0)
    problem, set_problem = solara.use_state("")
    experiment = parsed.experiment

    def measure() -> None:
        if not asked or on_trial is None or not is_trusted(value.model):
            return
        try:
            parameters = first_point(outlook) if outlook is not None else {}
            steps = experiment.max_steps if experiment is not None and experiment.max_steps else STEPS
            measured = try_model(value.model, parameters, steps=min(steps, STEPS), time_limit=TIME_LIMIT)
            set_problem("" if measured.speed else summary(measured))
            on_trial(measured)
        except MesaLabError as error:
            set_problem(str(error))

    task = solara.lab.use_task(measure, dependencies=[asked], raise_error=False)
    PreviewPanel(
        outlook,
        stale=experiment is None,
        faulty=faulty and experiment is not None,
        pending=pending,
        steps=experiment.max_steps if experiment else None,
        speed=speed,
        on_measure=None if on_trial is None else lambda: set_asked(asked + 1),
        measuring=asked > 0 and task.pending,
        log=[row.name for row in value.rows if row.kind == "real" and row.log],
    )
    if problem:
        tag("p", "ml-error-text", problem, role="alert")


@solara.component
def Nothing() -> None:
    """What stands there before a model is chosen."""
    with tag("div", "ml-empty"):
        tag("h2", "", "There is no model to design for yet")
        tag("p", "ml-quiet", "Choose a model first; its parameters then stand here.")
        with PageLink("/", classes=["ml-primary"]):
            tag("span", "", "Choose a model")


def _complaint(outlook: Outlook | None, parsed: Parsed) -> dict[str, str]:
    """What is wrong with the points of this very design, at the field that it belongs to."""
    if outlook is None or not outlook.problem or outlook.experiment != parsed.experiment:
        return {}
    if outlook.problem.startswith("The constraint"):
        return {"constraints": outlook.problem}
    return {place_of(outlook.problem, type(outlook.experiment.design).__name__): outlook.problem}


def _allowed(parsed: Parsed, draft: Draft) -> Parsed:
    """In an app for others, say at once that a function of somebody's cannot be used."""
    if access().opens_code or not (code := untrusted(draft)):
        return parsed
    return Parsed(None, {**parsed.errors, "experiment": f"'{code[0].text}' is not offered here."})


def _columns(draft: Draft) -> tuple[str, ...]:
    """The parameters whose values a table gives."""
    if draft.design.kind != "Table":
        return ()
    try:
        return tuple(parse_points(draft.design.points)[0])
    except MesaLabError:
        return ()


def _points_of(outlook: Outlook | None) -> Callable[[], str] | None:
    if outlook is None or outlook.preview is None or not len(outlook.preview.matrix.columns):
        return None
    matrix = outlook.preview.matrix
    return lambda: points_text({str(name): matrix[name].tolist() for name in matrix.columns})
