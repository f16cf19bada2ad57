"""How a study stands, in one value: what its file says, and what the queue says about it.

And how all studies of a folder stand, read quickly: a file that has not changed is not opened again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import model_label
from mesa_lab.workspace.study_names import StudyRef, name_of

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.study import Study, StudyStatus
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["Entry", "Facts", "Standing", "entries", "facts_of", "standing_of"]

_MOST_REMEMBERED: Final = 5000
_PATIENCE: Final = 1.0
"""Seconds that a list waits for files that take long, all of them together."""
_USUAL: Final = 0.05
"""Seconds after which the next file is read beside one that takes longer."""
_SLOW: Final = "It takes long to read. It is listed as soon as it has been read."


@dataclass(frozen=True, slots=True)
class Standing:
    """How a study stands.

    Attributes:
        status: What its file says.
        ahead: How many are before it in the queue; None when it does not wait.
        behind: The study that holds the cores while this one waits: its name, or "another study" when it is not one's own.
        starting: Whether its process is being started.
        problem: Why it could not be started.
        seconds: How long it has run, all sessions together; None while it runs.
    """

    status: StudyStatus
    ahead: int | None = None
    behind: str = ""
    starting: bool = False
    problem: str = ""
    seconds: float | None = None

    @property
    def state(self) -> str:
        """One of StudyStatus.state, or "waiting" or "starting"."""
        if self.status.state in ("running", "stopping"):
            return self.status.state
        if self.starting:
            return "starting"
        return "waiting" if self.ahead is not None else self.status.state

    @property
    def is_active(self) -> bool:
        """Whether it may change without anybody doing anything."""
        return self.status.is_active or self.state in ("waiting", "starting")


def standing_of(workspace: Workspace, ref: StudyRef, study: Study) -> Standing:
    """Return how an open study stands."""
    with study.snapshot():
        status = study.status()
        seconds = _ran(study) if status.state == "finished" else None
    queue = workspace.queue
    place = ref.path.relative_to(workspace.root).as_posix()
    tickets = queue.registry.tickets()
    ticket = next((ticket for ticket in tickets if ticket.study == place), None)
    if ticket is None:
        return Standing(status, seconds=seconds)
    if ticket.problem and status.is_active:
        queue.leave(place)  # it was started elsewhere: what kept it from starting is over
        return Standing(status)
    if ticket.problem:
        return Standing(status, problem=ticket.problem)
    if queue.starting == place:
        return Standing(status, starting=True)
    waiting = [ticket.study for ticket in tickets if not ticket.problem]
    holder = queue.holder()
    behind = ""
    if holder is not None and holder[0] != ref.path:
        mine = holder[0].parent == workspace.folder
        behind = f"'{name_of(holder[0])}'" if mine else "another study"
    return Standing(status, ahead=waiting.index(place), behind=behind)


def _ran(study: Study) -> float:
    spans = [(session["started"], session["ended"] or session["updated"]) for session in study.sessions()]
    moments = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in spans if end]
    return sum((end - start).total_seconds() for start, end in moments)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a study is of.

    Attributes:
        model: The model's reference.
        design: The design in words.
        varied: Names of the parameters that vary.
        max_steps: The most steps of a run, if that is limited.
        size: The size that its design can grow from, None when it cannot.
    """

    model: str
    design: str
    varied: tuple[str, ...]
    max_steps: int | None
    size: int | None

    @property
    def model_name(self) -> str:
        """The model's name, for people."""
        return model_label(self.model)


def facts_of(experiment: Experiment) -> Facts:
    """Return what an experiment is, in a few words."""
    from mesa_lab.drafts.design_fields import label_of
    from mesa_lab.preparation.models import reference_of
    from mesa_lab.workspace.extend import size_of

    return Facts(
        reference_of(experiment.model),
        label_of(type(experiment.design).__name__),
        tuple(experiment.space.varied),
        experiment.max_steps,
        size_of(experiment),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """A line in the list of studies.

    Attributes:
        ref: The study.
        standing: How it stands; None when its file cannot be read.
        facts: What it is of; None when its file cannot be read.
        problem: Why it cannot be read.
        bytes: Size of its file.
        changed: When it last changed, in seconds since 1970.
    """

    ref: StudyRef
    standing: Standing | None
    facts: Facts | None
    problem: str
    bytes: int
    changed: float


type _Mark = tuple[tuple[int, int], ...]
_remembered: OrderedDict[Path, tuple[_Mark, Entry]] = OrderedDict()
_under_way: dict[Path, _Reading] = {}
_remembering = threading.Lock()


def entries(workspace: Workspace) -> list[Entry]:
    """Return the studies of a workspace, the latest changed first.

    Each file is read by itself, so that none keeps the others waiting: one that takes long is listed as that, and in full as
    soon as it has been read.
    """
    import mesa_lab.drafts.design_fields
    import mesa_lab.preparation.experiment
    import mesa_lab.study  # noqa: F401  all that reading needs, so that no file seems to take long

    tickets = {ticket.study for ticket in workspace.queue.registry.tickets()}
    found = [_entry(workspace, ref, tickets) for ref in workspace.studies()]
    deadline = time.monotonic() + _PATIENCE
    return [one if isinstance(one, Entry) else one.wait(deadline) for one in found]


class _Reading:
    """The reading of one file, in a thread of its own."""

    def __init__(self, workspace: Workspace, ref: StudyRef, mark: _Mark, before: Entry | None) -> None:
        self._workspace, self._ref, self._mark = workspace, ref, mark
        self._before = before or Entry(ref, None, None, _SLOW, *_extent(mark))
        self.entry: Entry | None = None
        self.thread = threading.Thread(target=self._read, name="mesa-lab-list", daemon=True)
        # A thread that is started within a page would keep that page alive.
        self.thread.current_context = None  # type: ignore[attr-defined]
        self.thread.start()

    def wait(self, deadline: float) -> Entry:
        """Return what has been read by then; until there is anything, what was known before."""
        self.thread.join(max(deadline - time.monotonic(), 0))
        return self.entry or self._before

    def _read(self) -> None:
        path = self._ref.path
        try:
            entry = _read(self._workspace, self._ref, self._mark)
            with _remembering:
                _remembered[path] = self._mark, entry
                _remembered.move_to_end(path)
                while len(_remembered) > _MOST_REMEMBERED:
                    _remembered.popitem(last=False)
            self.entry = entry
        finally:
            with _remembering:
                _under_way.pop(path, None)


def _entry(workspace: Workspace, ref: StudyRef, tickets: set[str]) -> Entry | _Reading:
    """Return a study's line, or the reading of it when that takes longer than usual."""
    mark = _mark(ref.path)
    queued = ref.path.relative_to(workspace.root).as_posix() in tickets
    with _remembering:
        known = _remembered.get(ref.path)
        if known is not None and known[0] == mark and not queued and not _is_active(known[1]):
            return known[1]
        reading = _under_way.get(ref.path)
        if reading is None:
            before = None if known is None else known[1]
            reading = _under_way[ref.path] = _Reading(workspace, ref, mark, before)
    reading.thread.join(_USUAL)
    return reading.entry or reading


def _extent(mark: _Mark) -> tuple[int, float]:
    """Return the size of a study in bytes, and when it last changed."""
    return sum(size for size, _ in mark), max((time for _, time in mark), default=0) / 1e9


def _is_active(entry: Entry) -> bool:
    return entry.standing is not None and (entry.standing.is_active or bool(entry.standing.problem))


def _read(workspace: Workspace, ref: StudyRef, mark: _Mark) -> Entry:
    from mesa_lab.study import Study

    try:
        with Study.open(ref.path) as study, study.snapshot():
            return Entry(
                ref, standing_of(workspace, ref, study), facts_of(study.experiment), "", *_extent(mark)
            )
    except MesaLabError as error:
        return Entry(ref, None, None, str(error), *_extent(mark))
    except Exception as error:  # whatever is in a file, it has its line
        return Entry(ref, None, None, f"{type(error).__name__}: {error}", *_extent(mark))


def _mark(path: Path) -> _Mark:
    """What changes when a study does; never opens the file, which would drop SQLite's locks on it."""
    found = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            stat = file.stat()
        except OSError:
            continue
        if stat.st_size:
            found.append((stat.st_size, stat.st_mtime_ns))
    return tuple(found)
