"""What goes wrong in a study, as it happens: each kind of failure, its latest runs, their parameters and tracebacks.

Messages and tracebacks come from models; they are shown as text and never as anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import solara

from mesa_lab.app.components.browser import CopyButton
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.drafts.value_text import value_text
from mesa_lab.formatting import plural
from mesa_lab.study.reading.failure_summary import FailedRun, FailureKind

__all__ = ["Case", "FailuresPanel", "read_failures"]

LATEST: Final = 5
_LONGEST: Final = 20_000
"""Characters of one traceback that a page shows: a recursion may leave a megabyte."""


@dataclass(frozen=True, slots=True)
class Case(FailedRun):
    """One failed run.

    Attributes:
        seed: Its seed.
        parameters: All its parameters.
    """

    seed: int
    parameters: Mapping[str, Any]


def read_failures(path: Path) -> tuple[tuple[FailureKind, tuple[Case, ...]], ...]:
    """Read what goes wrong in a study, the most frequent first, with the latest runs of each kind, newest first."""
    from mesa_lab.study import Study

    with Study.open(path) as study, study.snapshot():
        kinds = study.failure_kinds(LATEST)
        wanted = sorted({run.run_id for kind in kinds for run in kind.latest})
        tasks = {task[0]: task for task in study.tasks(wanted)}

    def case(run: FailedRun) -> Case:
        _, _, _, seed, parameters = tasks[run.run_id]
        return Case(run.run_id, run.message, _short(run.traceback), seed, dict(parameters))

    return tuple((kind, tuple(map(case, kind.latest))) for kind in kinds)


def _short(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    half = _LONGEST // 2
    return f"{text[:half]}\n\n… {len(text) - _LONGEST:,} characters left out …\n\n{text[-half:]}"


@solara.component
def FailuresPanel(
    path: Path, failed: int, *, running: bool = False, on_retry: Callable[[], None] | None = None
) -> None:
    """Show the failures of a study; nothing while there are none.

    Args:
        path: The study.
        failed: How many runs failed: when this changes, there is something new to show.
        running: Whether runs are going on.
        on_retry: Runs the failed ones again; None while that cannot be done.
    """
    fresh = use_fresh(lambda: read_failures(path) if failed else (), failed, topic=path)
    if not failed:
        return
    with tag("section", "ml-panel", aria_label="Failures"):
        with tag("div", "ml-panel-head"):
            with tag("div"):
                tag("h2", "", plural(failed, "failed run"))
                tag("p", "ml-quiet", _said(running))
            if on_retry is not None:
                Action("Run them again" if failed > 1 else "Run it again", on_retry, icon="mdi-refresh")
        if fresh.problem:
            tag("p", "ml-error-text", fresh.problem, role="alert")
        if not fresh.value and not fresh.problem:
            tag("p", "ml-quiet", "Reading what went wrong …")
        for kind, latest in fresh.value or ():
            KindOfFailure(kind, latest).key(f"{kind.stage} {kind.error_type}")


def _said(running: bool) -> str:
    return (
        "The other runs go on."
        if running
        else "A failed run is kept with its error; the others are complete."
    )


@solara.component
def KindOfFailure(kind: FailureKind, latest: tuple[Case, ...]) -> None:
    """Show one kind of failure, its latest runs collapsed."""
    with tag("div", "ml-failure"):
        with tag("div", "ml-failure-head"):
            tag("span", "ml-failure-count ml-number", f"{kind.count:,} ×")
            tag("strong", "", kind.title)
        for case in latest:
            OneFailure(case).key(str(case.run_id))
        if kind.count > len(latest):
            left = f"The latest {len(latest)} of {kind.count:,}. The results list them all."
            tag("p", "ml-quiet", left)


@solara.component
def OneFailure(case: Case) -> None:
    """Show one failed run: its message; when it is opened, its parameters and its traceback."""
    first = case.message.strip().partition("\n")[0] or "no message"
    with tag("details", "ml-details ml-case"):
        with tag("summary"):
            tag("span", "ml-quiet", f"Run {case.run_id:,}")
            tag("span", "ml-case-message", first)
        with tag("dl", "ml-facts ml-case-facts"):
            for name, value in [*case.parameters.items(), ("seed", case.seed)]:
                tag("dt", "", name)
                tag("dd", "ml-code", value_text(value))
        with tag("div", "ml-actions"):
            CopyButton(label="Copy the traceback", text=case.traceback or case.message)
        frame = {"tabindex": "0", "role": "region", "aria-label": f"Traceback of run {case.run_id}"}
        tag("pre", "ml-pre", case.traceback or case.message, attributes=frame)
