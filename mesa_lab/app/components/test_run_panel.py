"""The "Try it" panel: one run of the chosen model, its outcomes over the steps, and its speed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import solara
import solara.lab

from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import WatchLink
from mesa_lab.app.components.series_chart import line_chart, outcomes_of
from mesa_lab.drafts.value_text import parse_number
from mesa_lab.errors import MesaLabError, ParameterError
from mesa_lab.formatting import duration, number, plural
from mesa_lab.workspace.test_run import STEPS, Stopper, Trial, try_model

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TryIt"]

MOST_CHARTS = 6
MOST_STEPS = 100_000
_SEEDS = 10**6
"""Seeds to choose from: short enough to be written down, and read out to a neighbour."""


@solara.component
def TryIt(reference: str, value: Trial | None, on_value: Callable[[Trial], None]) -> None:
    """Run a model once and show what it does.

    Args:
        reference: The model.
        value: What the last trial showed, None before the first.
        on_value: Called with what a new one shows.
    """
    text, set_text = solara.use_state(str(STEPS))
    asked, set_asked = solara.use_state(0)
    problem, set_problem = solara.use_state("")
    stopper = solara.use_memo(Stopper, dependencies=[asked, reference])
    steps, mistake = _steps(text)

    def run() -> None:
        if not asked or steps is None:
            return
        try:
            trial = try_model(reference, steps=steps, stopper=stopper, seed=secrets.randbelow(_SEEDS))
        except MesaLabError as error:
            set_problem(str(error))
            return
        except Exception as error:  # whatever it is, a page that just stands there is worse
            set_problem(f"{type(error).__name__}: {error}")
            return
        set_problem("")
        if trial.status != "stopped":
            on_value(trial)

    task = solara.lab.use_task(run, dependencies=[asked], raise_error=False)
    running = asked > 0 and task.pending
    solara.use_effect(lambda: stopper.stop, [asked, reference])  # leaving the page ends the run

    with tag("section", "ml-panel", aria_label="Try it"):
        with tag("div", "ml-panel-head"):
            with tag("div"):
                tag("h2", "", "Try it")
                tag(
                    "p",
                    "ml-quiet",
                    "One run with the model's defaults and a seed of its own: what it does, and how fast.",
                )
            with tag("div", "ml-inline"):
                TextInput("Steps", text, set_text, error=mistake, classes="ml-narrow")
                if running:
                    Action("Stop", stopper.stop, icon="mdi-stop")
                else:
                    again = "Try again" if value else "Try it"
                    Action(
                        again,
                        lambda: set_asked(asked + 1),
                        icon="mdi-play",
                        kind="tonal",
                        disabled=bool(mistake),
                    )
        with tag("div", "ml-status", role="status"):
            Outcome(value, running, problem or mistake, reference)
        if value is not None and value.series is not None:
            Series(value.series)


def _steps(text: str) -> tuple[int | None, str]:
    try:
        steps = int(parse_number(text, whole=True))
    except ParameterError as error:
        return None, str(error)
    if not 1 <= steps <= MOST_STEPS:
        return None, f"Try between 1 and {MOST_STEPS:,} steps."
    return steps, ""


@solara.component
def Outcome(trial: Trial | None, running: bool, problem: str, reference: str = "") -> None:
    """Say in one line how a trial went, and show the traceback of one that failed."""
    if running:
        solara.v.ProgressLinear(
            indeterminate=True, color="primary", height=3, attributes={"aria-label": "Running"}
        )
        tag("span", "ml-quiet", "Running …")
        return
    if problem:
        tag("span", "ml-error-text", problem)
        return
    if trial is None:
        return
    tag("span", "" if trial.status == "done" else "ml-error-text", summary(trial))
    with tag("span", "ml-quiet ml-inline"):
        tag("span", "", f"Seed {trial.seed}.")
        if reference and not trial.parameters:
            there = f"/watch?model={quote(reference)}&seed={trial.seed}&steps={trial.steps}"
            WatchLink(there)
    for note in trial.notes:
        tag("div", "ml-quiet", note)
    if trial.failure is not None:
        # The key keeps it from taking over the element that said "Running", which is none that opens.
        with tag("details", "ml-details").key("traceback"):
            tag("summary", "", "Traceback")
            tag("pre", "ml-pre", trial.failure.traceback)


def summary(trial: Trial) -> str:
    """Return how a trial went, in one sentence."""
    took = f"{plural(trial.steps, 'step')} in {duration(trial.seconds)}"
    speed = ""
    if trial.speed is not None and trial.speed.step_seconds > 0:
        speed = f", {number(1 / trial.speed.step_seconds, 3)} steps per second"
    if trial.failure is not None and trial.status == "failed":
        said = f"{trial.failure.error_type}: {trial.failure.message}".rstrip(": ")
        return f"The run failed while {trial.failure.stage}, after {plural(trial.steps, 'step')}. {said}"
    if trial.status == "timed out":
        return f"Given up after {took}{speed}. Try fewer steps."
    return f"{took}{speed}."


@solara.component
def Series(series: pd.DataFrame) -> None:
    """Show the outcomes of one run as small charts."""
    charts = solara.use_memo(
        lambda: [(name, line_chart(series, name), series[["step", name]]) for name in outcomes_of(series)],
        dependencies=[id(series)],
    )
    if not charts:
        tag("p", "ml-quiet", "The model reports nothing that a line could show.")
    shown = charts[:MOST_CHARTS]
    with tag("div", f"ml-charts ml-charts-{len(shown)}"):
        for name, chart, table in shown:
            with tag("figure", "ml-figure").key(name):
                tag("figcaption", "", name)
                Chart(chart, f"{name} over the steps of one run", table=table, filename=name)
    if len(charts) > MOST_CHARTS:
        rest = ", ".join(name for name, _, _ in charts[MOST_CHARTS:])
        tag("p", "ml-quiet", f"Not shown: {rest}.")
