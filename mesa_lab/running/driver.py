"""The driver: carries a study's missing runs from the runner into its file.

It takes the study's lease, streams batches from the workers to the disk, shows progress, and obeys what others
ask through the file. Whatever ends it (the last run, a request, Ctrl-C, a full disk), what is
done is on disk before it returns.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mesa_lab.errors import StudyBusyError
from mesa_lab.formatting import duration, plural
from mesa_lab.running.interruption import Interruption
from mesa_lab.running.progress_bar import Progress
from mesa_lab.running.worker_settings import check_backend, check_n_jobs
from mesa_lab.study.records import STATES, Batch, Task
from mesa_lab.study.run_notes import notices

if TYPE_CHECKING:
    from mesa_lab.study import Study, StudyStatus, Writer

__all__ = ["Ending", "Planner", "drive"]


_NOTHING = (
    "Nothing was measured: the model has no reporters, and no agents to describe. Name what to measure, such as attributes "
    'of the model: outcomes = ["name"], in a new study.'
)


class Planner(Protocol):
    """What decides on further runs while others are carried out: a search."""

    def begin(self, writer: Writer) -> None:
        """Ask for the runs that are due, before the first one is carried out.

        Args:
            writer: Writes what is asked for into the study.
        """

    def hear(self, batch: Batch) -> Iterable[int]:
        """Take note of results, which the writer has been given, and return the numbers of further runs."""

    headline: str
    """What to show beside the progress; empty for nothing."""

    @property
    def total(self) -> int:
        """How many runs there will be, as far as is known."""

    @property
    def is_over(self) -> bool:
        """Whether it asks for nothing more."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session of running ended.

    Attributes:
        study: The study.
        how: "finished", "stopped" (on request) or "interrupted" (Ctrl-C).
        status: How far the study is now.
        seconds: How long the session took.
        notices: What the user should know, such as that the model's code has changed.
    """

    study: Study
    how: str
    status: StudyStatus
    seconds: float
    notices: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """What happened and how to go on, in one or two sentences."""
        status = self.status
        failed = status.failed + status.timed_out
        failures = f", {failed:,} of them failed" if failed else ""
        if self.how == "finished":
            return f"{plural(status.finished, 'run')} in {duration(self.seconds)}{failures}."
        verb = "Stopped on request" if self.how == "stopped" else "Interrupted"
        text = f"{verb}: {status.finished:,} of {plural(status.n_runs, 'run')} have their results{failures}"
        if self.study.is_temporary:
            return f"{text}. They are not kept: give a study file to be able to go on."
        return f"{text}, safe in '{status.path}'. Go on with: mesa-lab resume {shlex.quote(str(status.path))}"


@dataclass(slots=True)
class _Requests:
    """What others ask for, as the runner hears it; on the occasion, what has got to the disk is shown."""

    writer: Writer
    view: Progress
    finished: int
    failed: int
    shown: int = 0

    def paused(self) -> bool:
        return self.writer.request == "pause"

    def stopped(self) -> bool:
        self.show()
        return self.writer.request == "stop"

    def show(self) -> None:
        """Show how many runs are on disk: what is still on its way there could be lost."""
        if (committed := self.writer.committed) != self.shown:
            self.shown = committed
            self.view.update(self.finished + committed, self.failed + self.writer.committed_failures)


def drive(
    study: Study,
    *,
    n_jobs: int = -1,
    backend: str = "loky",
    progress: bool | str = True,
    retry_failed: bool = False,
    token: str | None = None,
    on_start: Callable[[Writer], None] | None = None,
    planner: Planner | None = None,
) -> Ending:
    """Run what a study lacks, into the study.

    Args:
        study: The study; `Study.for_experiment` makes, opens or extends one.
        n_jobs: Worker processes; -1 for one per processor.
        backend: "loky", or another backend of joblib.
        progress: Whether to show it; or how: "terminal", "lines", "notebook".
        retry_failed: Run again what failed or timed out.
        token: Name for the study's lease, when another process waits for it.
        on_start: Called once the lease is taken.
        planner: Decides on further runs while others are carried out; None where all are known.

    Returns:
        How it ended. Ctrl-C ends it too, cleanly, and is reported rather than raised.

    Raises:
        StudyBusyError: If another process drives the study.
        StudyError: If it cannot be written; what was committed is safe.
        ModelError: If the model cannot be found.
        RunError: If no worker can be started.
    """
    from mesa_lab.preparation.models import load_model
    from mesa_lab.running.scheduling.growing_tasks import GrowingTasks
    from mesa_lab.running.stream import stream

    start = time.monotonic()
    n_jobs, backend = check_n_jobs(n_jobs), check_backend(backend)
    experiment = study.experiment
    protocol = experiment.protocol
    load_model(protocol.model)
    shown: list[Progress] = []

    def tell(request: str) -> None:
        for view in shown:
            view.say(STATES[request])

    settings = {
        "n_jobs": n_jobs,
        "backend": backend,
        "retry_failed": retry_failed,
        "launched": token is not None,
    }
    with Interruption(), study.writing(token=token, settings=settings, on_request=tell) as writer:
        try:
            if study.experiment is not experiment:  # before the lease was taken
                raise StudyBusyError(
                    f"'{study.path}' was extended by another process just now. Start it again to run what it asks for now."
                )
            if on_start is not None:
                on_start(writer)
            if planner is not None:
                planner.begin(writer)
            pending = study.pending(retry_failed=retry_failed)
            before = study.status()
            finished = before.n_runs - len(pending)
            if planner is not None:  # whose number of runs is only what they may come to
                finished = before.done if retry_failed else before.finished
            failed = 0 if retry_failed else before.failed + before.timed_out
            asked = finished + len(pending)
            if len(pending):
                total = before.n_runs if planner is None else planner.total
                with Progress(total, finished, failed, show=progress) as view:
                    shown.append(view)
                    requests = _Requests(writer, view, finished, failed)
                    tasks: Any = map(Task._make, study.tasks(pending))
                    if planner is not None:
                        tasks = GrowingTasks(tasks)
                    batches: Any = stream(protocol, tasks, n_jobs, backend, requests, writer.note)
                    measured, noted, has_ended = before.done > 0, False, False
                    with contextlib.closing(batches):
                        for batch in batches:
                            writer.add(batch)
                            has_ended = has_ended or bool(batch.runs)
                            measured = measured or _measured(batch)
                            noted = noted or any(run.notes for run in batch.runs)
                            finished += len(batch.runs)
                            if planner is not None:
                                more = [*planner.hear(batch)]
                                tasks.add(map(Task._make, study.tasks(more)))
                                asked += len(more)
                                view.tally.total, view.tally.headline = planner.total, planner.headline
                            requests.show()
                    writer.commit()
                    # What was asked for and is missing is said below; where no run has ended nothing is known.
                    if not measured and has_ended and protocol.outcomes is None:
                        writer.note("outcomes", _NOTHING)
                    if noted:
                        status = study.status()
                        for number, said in enumerate(notices(study.notes(), status.finished)):
                            writer.note(f"values {number}", said)
                    requests.show()
                    if finished < asked or not (planner is None or planner.is_over):
                        writer.raise_trouble()
                        writer.ending = "stopped"
                        view.say("stopped")
        except KeyboardInterrupt as error:
            writer.ending, writer.message = "interrupted", str(error) or "Ctrl-C"
        finally:
            shown.clear()
    status = study.status()
    known = dict.fromkeys([*writer.notices, *status.notices])
    return Ending(study, writer.ending, status, time.monotonic() - start, tuple(known))


def _measured(batch: Batch) -> bool:
    """Whether a batch has anything to show for its runs; failed runs say for themselves why they have not."""
    return bool(batch.outcome_names or batch.series or batch.agents) or any(
        run.status != "done" for run in batch.runs
    )
