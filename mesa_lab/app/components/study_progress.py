"""How far a study is, in words and as a bar, and what can be done about it: start, pause, continue, stop.

The words are made by plain functions. What a button does may take seconds; it is done in the
background, and the button says at once that it was heard.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

import solara

from mesa_lab.app.components.controls import Action, Choose
from mesa_lab.app.components.html import tag
from mesa_lab.classroom.classroom import current
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import about, duration, number, plural
from mesa_lab.workspace.run_time_estimate import cores
from mesa_lab.workspace.study_state import Standing

__all__ = ["Bar", "Processes", "ProgressPanel", "headline", "numbers", "sentence"]

_HEADLINES: Final = {
    "new": "Not started",
    "waiting": "Waiting",
    "starting": "Starting …",
    "running": "Running",
    "paused": "Paused",
    "stopping": "Stopping …",
    "stopped": "Stopped",
    "interrupted": "Interrupted",
    "finished": "Finished",
}
_HEARD: Final = {"start": "Starting …", "pause": "Pausing …", "continue": "Going on …", "stop": "Stopping …"}


def headline(standing: Standing) -> str:
    """Return the state of a study in a word or two."""
    return "Could not start" if standing.problem else _HEADLINES[standing.state]


def sentence(standing: Standing) -> str:
    """Return what a person should know about the state of a study."""
    status, state = standing.status, standing.state
    failed = status.failed + status.timed_out
    if standing.problem:
        return standing.problem
    if state == "waiting":
        if standing.ahead:
            before = "1 study is" if standing.ahead == 1 else f"{standing.ahead} studies are"
            return f"{before} before it in the queue."
        return f"Starts when {standing.behind} has ended." if standing.behind else "Starts in a moment."
    if state == "running" and not status.finished:
        return "The worker processes are being started."
    if state == "finished":
        took = f", in {duration(standing.seconds)}" if standing.seconds is not None else ""
        if not failed:
            every = "The one run is done" if status.n_runs == 1 else f"All {status.n_runs:,} runs are done"
            return f"{every}{took}."
        return f"All {status.n_runs:,} runs have ended: {status.done:,} done, {failed:,} failed{took}."
    if state == "paused":
        return "No new runs are started. Its results so far are safe."
    if state in ("stopped", "interrupted"):
        why = f"{status.message} " if status.message and state == "interrupted" else ""
        return f"{why}{plural(status.pending, 'run')} to go; what is done is kept."
    if state == "new":
        return f"{plural(status.n_runs, 'run')} to do."
    return ""


def numbers(standing: Standing) -> list[tuple[str, str]]:
    """Return the figures of a study with their names, the same ones until it has ended, so that nothing jumps."""
    status, seconds = standing.status, standing.seconds
    failed = status.failed + status.timed_out
    counts = [("Done", f"{status.done:,} of {status.n_runs:,}"), ("Failed", f"{failed:,}")]
    if standing.state == "finished":
        took = (
            [("Rate", rate_text(status.finished / seconds)), ("Took", duration(seconds))] if seconds else []
        )
        return counts + took
    return [
        *counts,
        ("Rate", rate_text(status.rate)),
        (
            "Time left",
            "–" if status.seconds_left is None or not status.pending else about(status.seconds_left),
        ),
    ]


def rate_text(rate: float | None) -> str:
    """Return a rate as people count: by the second, the minute or the hour.

    Example:
        >>> rate_text(42.3), rate_text(0.2), rate_text(0.002)
        ('42 runs per second', '12 runs per minute', '7.2 runs per hour')
    """
    if not rate:
        return "–"
    for size, name in ((1, "second"), (60, "minute"), (3600, "hour")):
        if rate * size >= 1 or size == 3600:
            said = number(rate * size, 2)
            return f"{said} run{'' if said == '1' else 's'} per {name}"
    return "–"


@solara.component
def ProgressPanel(
    standing: Standing,
    *,
    own: bool = True,
    start: Callable[[int], None],
    pause: Callable[[], None],
    stop: Callable[[], None],
    on_change: Callable[[], None] = lambda: None,
    more: list[solara.Element] = [],  # noqa: B006
) -> None:
    """Show how far a study is, with the buttons that its state allows.

    Args:
        standing: How it stands.
        own: Whether who looks may do anything about it.
        start: Starts or goes on, with so many worker processes. Like the others, called in the background.
        pause: Pauses.
        stop: Stops, or takes out of the queue.
        on_change: Called after any of these.
        more: Shown beside the buttons.
    """
    heard, set_heard = solara.use_state(("", ("", "")))
    problem, set_problem = solara.use_state("")
    processes, set_processes = solara.use_state(-1)
    now = (standing.state, standing.problem)
    waiting_for = heard[0] if heard[1] == now else ""

    def do(what: str, action: Callable[[], None]) -> None:
        set_problem("")
        set_heard((what, now))

        def work() -> None:
            try:
                action()
            except MesaLabError as error:
                set_heard(("", ("", "")))
                set_problem(str(error))
            on_change()

        threading.Thread(target=work, name="mesa-lab-action", daemon=True).start()

    with tag("div", "ml-progress"):
        with tag("div", "ml-progress-head"):
            with tag("div", "ml-progress-said", role="status"):
                state = "problem" if standing.problem else standing.state
                tag("span", f"ml-state ml-state-{state}", _HEARD.get(waiting_for) or headline(standing))
                tag("span", "ml-error-text" if standing.problem else "", sentence(standing))
            with tag("div", "ml-actions"):
                if own:
                    Buttons(
                        standing,
                        heard=waiting_for,
                        on_start=lambda what: do(what, lambda: start(processes)),
                        on_pause=lambda: do("pause", pause),
                        on_stop=lambda: do("stop", stop),
                        processes=processes,
                        on_processes=set_processes,
                    )
                if more:
                    tag("span", "ml-beside", *more)
        if problem:
            tag("p", "ml-error-text", problem, role="alert")
        Bar(standing)
        with tag("dl", "ml-figures"):
            for name, value in numbers(standing):
                with tag("div"):
                    tag("dt", "", name)
                    tag("dd", "", value)
        for notice in standing.status.notices:
            tag("p", "ml-notice", notice, role="status").key(notice)


@solara.component
def Buttons(
    standing: Standing,
    heard: str,
    on_start: Callable[[str], None],
    on_pause: Callable[[], None],
    on_stop: Callable[[], None],
    processes: int,
    on_processes: Callable[[int], None],
) -> None:
    """The buttons that the state of a study allows."""
    state, status = standing.state, standing.status
    with tag("div", "ml-actions"):
        if state in ("new", "stopped", "interrupted"):
            Processes(processes, on_processes)
            label = "Try again" if standing.problem else "Continue" if status.finished else "Start"
            Action(label, lambda: on_start("start"), icon="mdi-play", kind="primary", disabled=bool(heard))
        elif state == "paused":
            Action(
                "Continue",
                lambda: on_start("continue"),
                icon="mdi-play",
                kind="primary",
                disabled=bool(heard),
            )
        elif state == "running":
            why = "Start no new runs; those under way end first"
            Action("Pause", on_pause, icon="mdi-pause", disabled=bool(heard), title=why)
        if state in ("running", "paused", "starting"):
            why = "End it; what is done is kept"
            Action("Stop", on_stop, icon="mdi-stop", disabled=heard == "stop", title=why)
        elif state == "waiting":
            Action("Leave the queue", on_stop, icon="mdi-close", disabled=bool(heard))


@solara.component
def Processes(value: int, on_value: Callable[[int], None]) -> None:
    """Let the user choose how many runs go on at once.

    Args:
        value: How many; -1 for one on each core.
        on_value: Called with another number.
    """
    if current() is not None:  # a class shares the cores in turns: there is nothing to choose
        return
    most = cores()
    fewer = [size for size in (128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1) if size < most]
    items = [
        (-1, "1 core" if most == 1 else f"all {most} cores"),
        *((size, plural(size, "core")) for size in fewer),
    ]
    if len(items) > 1:
        Choose("Runs at once on", value, on_value, items, classes="ml-cores")


@solara.component
def Bar(standing: Standing, label: str = "Progress") -> None:
    """Show how much is done and how much failed, as a bar."""
    status = standing.status
    whole = max(status.n_runs, 1)
    failed = status.failed + status.timed_out
    attributes: Mapping[str, str] = {
        "role": "progressbar",
        "aria-label": label,
        "aria-valuemin": "0",
        "aria-valuemax": str(status.n_runs),
        "aria-valuenow": str(status.finished),
        "aria-valuetext": f"{status.finished:,} of {plural(status.n_runs, 'run')}"
        + (f", {failed:,} failed" if failed else ""),
    }
    with tag("div", f"ml-bar ml-bar-{standing.state}", attributes=dict(attributes)):
        tag("span", "ml-bar-done", style=f"width: {100 * status.done / whole:.2f}%")
        tag("span", "ml-bar-failed", style=f"width: {100 * failed / whole:.2f}%")
