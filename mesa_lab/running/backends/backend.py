"""What a backend is: a place where runs are carried out, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol as Interface

from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.study.records import Batch, Task

__all__ = ["Backend", "Control", "Uncontrolled", "Work"]


class Control(Interface):
    """What a caller may ask of a stream while it is under way."""

    def paused(self) -> bool:
        """Whether no new runs should be started."""

    def stopped(self) -> bool:
        """Whether to end at once, giving up the runs that are under way."""


class Uncontrolled:
    """The control of a caller that never asks for anything."""

    def paused(self) -> bool:
        """Never."""
        return False

    def stopped(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True)
class Work:
    """What there is to do, and for whom.

    Attributes:
        protocol: The model, and how each run is stopped and measured.
        tasks: What to run, in order; read as far as needed.
        n_jobs: How many processes, as joblib counts them: -1 is one for each core.
        backend: The name or address that the caller gave.
        control: Pauses or stops the work.
        tell: Called with a topic and what the user should know about it.
    """

    protocol: Protocol
    tasks: Iterable[Task]
    n_jobs: int
    backend: str
    control: Control
    tell: Callable[[str, str], None]


@dataclass(frozen=True)
class Backend:
    """A place where runs are carried out.

    Attributes:
        name: What it is called in messages and docs.
        knows: Whether a name or an address that a caller gave stands for this place.
        run: Carries out the tasks and yields their results as they come, each task's in exactly one batch.
        offered: Names that messages list; it may know others, such as addresses.
    """

    name: str
    knows: Callable[[str], bool]
    run: Callable[[Work], Iterator[Batch]]
    offered: tuple[str, ...] = ()
