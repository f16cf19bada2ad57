"""Batches out to the workers of a pool and their results back, whatever happens to a worker.

Every task that went out comes back once: a dead worker's runs are done by others, but for the one that killed it. What
workers keep in memory is watched, and those that keep too much are replaced. How processes are made is
settled in `process.py` and `pool.py`.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

from mesa_lab.errors import RunError
from mesa_lab.running.scheduling.task_queue import BATCH_SECONDS, TaskQueue
from mesa_lab.running.workers.crash import Death
from mesa_lab.running.workers.memory import MemoryWatch
from mesa_lab.running.workers.pool import Worker, WorkerPool
from mesa_lab.running.workers.worker import Reply
from mesa_lab.study.records import Batch, FailureRecord, RunRecord, Task

__all__ = ["POLL_SECONDS", "Dispatch"]

POLL_SECONDS = 0.1
_VAIN_STARTS = 3


class Dispatch:
    """Sends tasks to the workers of a pool, and answers for those that a dead worker had.

    Args:
        waiting: The tasks.
        pool: The workers.
        tell: Called with a topic and what the user should know about it.
    """

    def __init__(self, waiting: TaskQueue, pool: WorkerPool, tell: Callable[[str, str], None]) -> None:
        self.pool = pool
        self._tell = tell
        self._memory = MemoryWatch(pool.payload.model, pool.size)
        self._told: str | None = None
        self._sources: dict[str, int] = {}
        self._waiting = waiting
        self._suspects: list[Task] = []
        self._tried_alone: set[int] = set()
        self._vain_starts = 0

    def feed(self) -> None:
        """Give every worker something to do, and the next batch at hand where runs are short."""
        depth = 0
        while depth <= self._waiting.at_hand:
            for worker in self.pool.workers:
                if worker.alone or worker.is_full or len(worker.sent) > depth:
                    continue
                if self._suspects and not worker.sent:
                    suspect = self._suspects.pop()
                    self._tried_alone.add(suspect.run_id)
                    worker.alone = True
                    self.pool.send(worker, [suspect], None)
                elif tasks := self._waiting.take():
                    self.pool.send(worker, tasks, BATCH_SECONDS)
                elif depth:
                    return
            self._waiting.read_on()
            depth += 1

    def receive(self) -> Iterator[Batch]:
        """Wait a moment for an answer and yield what results it brings."""
        answer = self.pool.answer(POLL_SECONDS)
        if answer is None:
            return
        worker, tasks, future = answer
        error = future.exception()
        if error is not None:
            # It died, or it lives and a run has left it in a state in which it cannot even answer.
            yield from self._handle_crash(worker, error)
            return
        reply: Reply | str = pickle.loads(future.result())
        if isinstance(reply, str):
            if not worker.is_used:
                raise RunError(f"The workers cannot load the model: {reply}")
            self._replace(worker)  # what it ran before may be the reason: a new one tells
            return
        worker.is_used = True
        worker.sent.remove(tasks)
        worker.alone = False
        if reply.sources:
            worker.sources = dict(reply.sources)
            self._compare(worker.sources)
        if reply.is_broken:
            self._replace(worker)
        self._watch_memory(worker, reply)
        if not reply.batches:
            worker.forget()
        self._waiting.put_back(tasks[reply.done :])
        self._waiting.learn(reply.done, reply.seconds)
        self._vain_starts = 0
        for batch in reply.batches:
            self._waiting.learn_points(batch.runs)
            yield batch

    def close(self) -> None:
        """Let the workers go."""
        notice = self._memory.notice
        self.pool.release(keep=notice is None)
        if notice is not None and notice != self._told:
            self._tell("memory", notice)

    def _replace(self, worker: Worker) -> None:
        """Let others do what a worker has at hand, and end its process."""
        for tasks in reversed(worker.sent):
            self._waiting.put_back(tasks)
        worker.sent = []
        worker.alone = False
        worker.end()
        self._memory.forget(id(worker))

    def _watch_memory(self, worker: Worker, reply: Reply) -> None:
        """Replace a worker that keeps too much once it has answered, and say so."""
        name = id(worker)
        if reply.footprint is not None and not worker.is_full:
            worker.is_full = self._memory.is_full(name, reply.footprint)
        if worker.is_full and not worker.sent:
            worker.end()
            self._memory.forget(name)
        if self._told is None and (notice := self._memory.notice) is not None:
            self._told = notice
            self._tell("memory", notice)

    def _compare(self, sources: dict[str, int]) -> None:
        """Notice when a worker that starts later finds other code than the first one did."""
        changed = [file for file, stamp in sources.items() if self._sources.setdefault(file, stamp) != stamp]
        if changed:
            self._tell(
                "code",
                f"'{changed[0]}' was changed while it ran: worker processes that started later have run the new code. To have "
                "all runs of one code, start a new study.",
            )

    def _handle_crash(self, worker: Worker, error: BaseException) -> Iterator[Batch]:
        """After a worker's death: find the run that it was on, and see to it that no other is lost."""
        death, lost = worker.bury(error)
        self._memory.forget(id(worker))
        if death.state.loading:
            self._vain_starts += 1
            if self._vain_starts == _VAIN_STARTS:
                code = f" ({death.exit_code})" if death.exit_code else ""
                raise RunError(
                    f"The workers die while they load the model '{self.pool.payload.model}'{code}. "
                    f"Import it in a fresh Python to see why. {death.trace}".strip()
                )
            suspects = []
        elif death.state.run_id >= 0:
            suspects = [task for tasks in lost for task in tasks if task.run_id == death.state.run_id]
            if death.error and suspects and suspects[0] in lost[0]:
                # Or one before it in the same process, whose results are lost too.
                suspects = lost[0][: lost[0].index(suspects[0]) + 1]
        else:
            # Between two runs, or while their results were packed: any of the batch may be the reason.
            suspects = lost[0]
        names = {task.run_id for task in suspects}
        for tasks in reversed(lost):
            self._waiting.put_back([task for task in tasks if task.run_id not in names])
        for task in suspects:
            if death.by_timeout or task.run_id in self._tried_alone:
                yield _lost_run(task, death)
            else:
                self._suspects.append(task)


def _lost_run(task: Task, death: Death) -> Batch:
    """The record of a run that took its worker with it."""
    status = "timed out" if death.by_timeout else "failed"
    kind = "RunTimeoutError" if death.by_timeout else "WorkerDiedError"
    record = RunRecord(task.run_id, task.point, task.replication, task.seed, status, 0, None, 0.0, 0.0, "")
    failure = FailureRecord(task.run_id, "worker", kind, death.message, death.trace)
    return Batch(runs=(record,), finals=((),), failures=(failure,))
