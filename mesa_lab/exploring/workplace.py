"""Where the runs of a session are carried out: in a process of its own, or wherever the server says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mesa_lab.running.shared_worker import SharedWorker

if TYPE_CHECKING:
    from mesa_lab.preparation.run_configuration import Protocol as RunProtocol
    from mesa_lab.running.backends.backend import Control
    from mesa_lab.running.workers.serialization import Payload
    from mesa_lab.study.records import Batch, Task

__all__ = ["OwnProcess", "Workplace"]


class Workplace(Protocol):
    """Where runs are carried out."""

    @property
    def is_ones_own(self) -> bool:
        """Whether nobody else is in need of this machine."""

    def prepare(self) -> None:
        """Start what takes long to start, since runs are about to come."""

    def admit(self, path: Path) -> None:
        """Refuse to begin with further runs of a study.

        Args:
            path: The study.

        Raises:
            MesaLabError: If it is refused; says why.
        """

    def limited(self, protocol: RunProtocol) -> RunProtocol:
        """Return how runs are carried out here: they may get less time than they ask for."""

    def carry_out(
        self, payload: Payload, tasks: Sequence[Task], control: Control, tell: Callable[[str, str], None]
    ) -> Iterator[Batch]:
        """Carry out some runs, as `SharedWorker` does."""

    def close(self) -> None:
        """End what is kept between runs."""


class OwnProcess:
    """One worker process of this session.

    Args:
        memory: Bytes that a run may use; None for no limit.
        seconds: Seconds that a run may take; None for no limit but its own.
        turns: Held while runs are carried out, where many sessions share a machine.
    """

    def __init__(
        self,
        memory: int | None = None,
        seconds: float | None = None,
        turns: threading.Semaphore | None = None,
    ) -> None:
        self._worker = SharedWorker(memory)
        self._seconds = seconds
        self.is_ones_own = turns is None
        self._turns: AbstractContextManager[object] = nullcontext() if turns is None else turns

    def prepare(self) -> None:
        """Start the process: importing Mesa takes it a second or two."""
        self._worker.wake()

    def admit(self, path: Path) -> None:
        """Everything is admitted."""

    def limited(self, protocol: RunProtocol) -> RunProtocol:
        """Return the protocol with no more time than there is here."""
        return with_limit(protocol, self._seconds)

    def carry_out(
        self, payload: Payload, tasks: Sequence[Task], control: Control, tell: Callable[[str, str], None]
    ) -> Iterator[Batch]:
        """Carry out some runs."""
        with self._turns:
            yield from self._worker.carry_out(payload, tasks, control, tell)

    def close(self) -> None:
        """End the process."""
        self._worker.close()


def with_limit(protocol: RunProtocol, seconds: float | None) -> RunProtocol:
    """Return a protocol whose runs take no longer than so many seconds."""
    if seconds is None:
        return protocol
    return replace(protocol, timeout=seconds if protocol.timeout is None else min(seconds, protocol.timeout))
