"""Runs in a confined process, as `SharedWorker` carries them out elsewhere: each task comes back once, whatever its model does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mesa_lab.errors import RunError
from mesa_lab.running.backends.backend import Control
from mesa_lab.running.confinement.answers import UnfitAnswerError, batch_from
from mesa_lab.running.confinement.handle import ConfinedProcess, OvertimeError, error_from
from mesa_lab.running.workers.serialization import Payload
from mesa_lab.study.records import Batch, FailureRecord, RunRecord, Task

__all__ = ["ConfinedRuns"]

_GRACE: Final = 5.0
"""Seconds beyond its time limit after which a run is ended from outside."""
_LOADING: Final = 60.0


class ConfinedRuns:
    """A confined process, for tasks of the models of one folder.

    Args:
        folder: The folder.
        limits: See `Rules`.
        seconds: How long a run may take; its own limit, if any, is to be below that.
        megabytes: What it may write.
    """

    def __init__(
        self,
        folder: Path,
        limits: Mapping[str, Any] | None = None,
        seconds: float = 120.0,
        megabytes: float = 200.0,
    ) -> None:
        self._process = ConfinedProcess(folder, limits, megabytes)
        self._seconds = seconds

    def carry_out(
        self, payload: Payload, tasks: Sequence[Task], control: Control, tell: Callable[[str, str], None]
    ) -> Iterator[Batch]:
        """Carry out some tasks and yield their results as they come.

        Raises:
            RunError: If the model cannot be loaded.
        """
        left = list(tasks)
        while left and not control.stopped():
            before = len(left)
            for batch in self._some(payload, left, control):
                del left[0]
                yield batch
            if len(left) == before and not control.stopped():
                raise RunError("The process that runs this model does nothing.")

    def _some(self, payload: Payload, tasks: Sequence[Task], control: Control) -> Iterator[Batch]:
        """Carry out tasks in order, until the process ends."""
        process, digest = self._process, payload.digest
        data = None if process.known == digest and process.is_alive else payload.data
        waiting = iter(list(tasks))
        began: Task | None = None
        is_over = False
        words = [(*task[:4], dict(task.parameters)) for task in tasks]

        def patience() -> float:
            return _LOADING if began is None else self._seconds + _GRACE

        answers = process.ask("run", data, digest, words, seconds=patience, stopped=control.stopped)
        try:
            for said, parts in answers:
                if "began" in said:
                    process.known = digest
                    following = next(waiting, None)
                    if began is not None or following is None:
                        raise UnfitAnswerError("It speaks of runs that it was not asked for.")
                    began = following
                elif "ran" in said and began is not None:
                    batch, began = batch_from(said["ran"], parts, began), None
                    yield batch
                elif "done" in said:
                    is_over = True
                    return
                else:
                    process.end()
                    raise error_from(said.get("error"), process.folder)
        except UnfitAnswerError as error:
            process.end()
            if began is None:
                raise RunError(f"What the model's process gave is no result. {error}") from error
            yield _lost(began, "failed", f"What the model's process gave is no result. {error}")
        except RunError as error:
            if control.stopped():
                return
            if began is None:
                raise
            status = "timed out" if isinstance(error, OvertimeError) else "failed"
            yield _lost(began, status, str(error))
        finally:
            if not is_over:  # there may be answers that nobody has read
                process.end()

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.end()


def _lost(task: Task, status: str, message: str) -> Batch:
    """The record of a run that took its process with it."""
    kind = "RunTimeoutError" if status == "timed out" else "WorkerDiedError"
    record = RunRecord(task.run_id, task.point, task.replication, task.seed, status, 0, None, 0.0, 0.0, "")
    return Batch((record,), finals=((),), failures=(FailureRecord(task.run_id, "worker", kind, message, ""),))
