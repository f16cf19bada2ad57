"""The driver: carries a study's missing runs from the runner into its file.

It takes the study's lease, streams batches from the workers to the disk, shows progress, and obeys what others
ask through the file. Whatever ends it (the last run, a request, Ctrl-C, a full disk), what is
done is on disk before it returns.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import StudyBusyError
from mesa_lab.formatting import duration, plural
from mesa_lab.running.interruption import Interruption
from mesa_lab.running.progress import Progress
from mesa_lab.running.worker_settings import check_backend, check_n_jobs
from mesa_lab.study.records import STATES, Batch, Task

if TYPE_CHECKING:
    from mesa_lab.study import Study, StudyStatus, Writer

__all__ = ["Ending", "drive"]


_NOTHING = (
    "Nothing was measured: the model has no reporters, and no agents to describe. Name what to measure, such as attributes "
    'of the model: outcomes = ["name"], in a new study.'
)


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

    Returns:
        How it ended. Ctrl-C ends it too, cleanly, and is reported rather than raised.

    Raises:
        StudyBusyError: If another process drives the study.
        StudyError: If it cannot be written; what was committed is safe.
        ModelError: If the model cannot be found.
        RunError: If no worker can be started.
    """
    from mesa_lab.preparation.models import load_model
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
            pending = study.pending(retry_failed=retry_failed)
            before = study.status()
            finished = before.n_runs - len(pending)
            failed = 0 if retry_failed else before.failed + before.timed_out
            if len(pending):
                with Progress(before.n_runs, finished, failed, show=progress) as view:
                    shown.append(view)
                    requests = _Requests(writer, view, finished, failed)
                    tasks = map(Task._make, study.tasks(pending))
                    batches: Any = stream(protocol, tasks, n_jobs, backend, requests, writer.note)
                    measured = before.done > 0
                    with contextlib.closing(batches):
                        for batch in batches:
                            writer.add(batch)
                            measured = measured or _measured(batch)
                            finished += len(batch.runs)
                            requests.show()
                    writer.commit()
                    if not measured:
                        writer.note("outcomes", _NOTHING)
                    requests.show()
                    if finished < before.n_runs:
                        writer.raise_trouble()
                        writer.ending = "stopped"
                        view.say("stopped")
        except KeyboardInterrupt as error:
            writer.ending, writer.message = "interrupted", str(error) or "Ctrl-C"
        finally:
            shown.clear()
    return Ending(study, writer.ending, study.status(), time.monotonic() - start, tuple(writer.notices))


def _measured(batch: Batch) -> bool:
    """Whether a batch has anything to show for its runs; failed runs say for themselves why they have not."""
    return bool(batch.outcome_names or batch.series or batch.agents) or any(
        run.status != "done" for run in batch.runs
    )
