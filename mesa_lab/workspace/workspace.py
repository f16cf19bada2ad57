"""The studies of one person: found, made, copied, extended, run and deleted, by name.

A page gets a study's key from its address; everything that a page may do with studies goes through
here, so that names, ownership and what may be run are looked at in one place. The study files
themselves say how far they are; what waits or is shared stands in the registry beside them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from mesa_lab.errors import MesaLabError, StudyBusyError, StudyError, StudyMismatchError
from mesa_lab.preparation.limits import OWN_PROCESS_SECONDS, OWN_RUNS, PROCESS_SECONDS, RUNS
from mesa_lab.workspace import access as who
from mesa_lab.workspace.extend import grown
from mesa_lab.workspace.points_limit import make_points
from mesa_lab.workspace.queue import Queue, queue_of
from mesa_lab.workspace.registry import Ticket
from mesa_lab.workspace.study_names import (
    ENDING,
    SHARED,
    StudyRef,
    clean_name,
    name_of,
    numbered,
    path_in,
)

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.search.search import Search

__all__ = ["Workspace"]


class Workspace:
    """The studies of one person.

    Args:
        folder: Where they are; made when it is needed.
        root: The folder with the queue, which holds the folders of all visitors.
        local: Whether everything in it is one person's.
    """

    def __init__(self, folder: Path, root: Path | None = None, *, local: bool = True) -> None:
        self.folder = folder
        self.root = root or folder
        self.local = local

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Workspace) and (self.folder, self.root) == (other.folder, other.root)

    def __hash__(self) -> int:
        return hash((self.folder, self.root))

    @property
    def queue(self) -> Queue:
        """The queue that this workspace shares with others on this machine."""
        return queue_of(self.root, paused_holds=self.local)

    # ------------------------------------------------------------ finding

    @property
    def mark(self) -> str:
        """What names of studies get here by themselves, so that those of two visitors differ; empty in an app of one person."""
        if self.local or self.folder == self.root:
            return ""
        return f"_{hashlib.sha256(self.folder.name.encode()).hexdigest()[:4]}"

    def find(self, key: str) -> StudyRef:
        """Return the study that an address means.

        Args:
            key: A study's name, or "@" and the token of one that was shared.

        Raises:
            StudyError: If there is none; nothing outside of this folder is ever looked at, unless it was shared.
        """
        if not self.local and key.startswith(SHARED):
            place = self.queue.registry.shared_by(key.removeprefix(SHARED))
            path = self.root / place if place else None
            if path is None or not path.resolve().is_relative_to(self.root.resolve()) or not path.is_file():
                raise StudyError(
                    "This link leads to no study: it is mistyped, or the study is no longer shared."
                )
            if path.parent == self.folder:
                return self._ref(path)
            return StudyRef(key, name_of(path), path, own=False)
        path = path_in(self.folder, key)
        if not path.is_file():
            raise StudyError(self._what_became(self._ref(path)))
        return self._ref(path)

    def now_called(self, ref: StudyRef) -> StudyRef | None:
        """Return what a study that is gone is called by now; None when it was not renamed here, or was deleted since.

        Example:
            >>> from mesa_lab.workspace.study_names import StudyRef
            >>> Workspace(Path("nowhere")).now_called(StudyRef("wolves", "wolves", Path("nowhere/wolves.study"))) is None
            True
        """
        if not ref.own:
            try:
                found = self.find(ref.key)
            except StudyError:
                return None
            return found if found.path != ref.path else None
        path, passed = ref.path, {ref.path}
        while (new := self.queue.registry.became(self._place(self._ref(path)))) and not path.is_file():
            path = self.root / new
            if path in passed or path.parent != self.folder:
                return None
            passed.add(path)
        return self._ref(path) if path != ref.path and path.is_file() else None

    def _what_became(self, ref: StudyRef) -> str:
        if (new := self.now_called(ref)) is not None:
            return f"The study '{ref.name}' was renamed: it is called '{new.name}' now."
        if ref.path.parent == self.folder and self.queue.registry.became(self._place(ref)) == "":
            return f"The study '{ref.name}' was deleted."
        return f"There is no study '{ref.name}' here. It may have been renamed or deleted."

    def studies(self) -> list[StudyRef]:
        """Return all that is named like a study, the latest changed first; what is none says so when it is opened."""
        try:
            found = [
                (_changed(path), path)
                for path in self.folder.glob(f"*{ENDING}")
                if not path.name.startswith(".")
            ]
        except OSError as error:
            raise StudyError(
                f"The folder '{self.folder}' cannot be read: {error.strerror or error}."
            ) from None
        return [self._ref(path) for _, path in sorted(found, key=lambda pair: (-pair[0], pair[1].name))]

    def free_name(self, name: str) -> str:
        """Return the name, or the first numbered one that no study has.

        Example:
            >>> Workspace(Path("nowhere")).free_name("wolves")
            'wolves'
        """
        return numbered(name, self._taken())

    def _taken(self) -> set[str]:
        return {name_of(path).lower() for path in self.folder.glob(f"*{ENDING}")}

    def _ref(self, path: Path) -> StudyRef:
        return StudyRef(name_of(path), name_of(path), path)

    def _place(self, ref: StudyRef) -> str:
        """The path below the root, by which queue and shares name a study."""
        if not ref.own:
            raise StudyError(f"'{ref.name}' was shared with you to look at. Duplicate it to go on with it.")
        return ref.path.relative_to(self.root).as_posix()

    def _there(self, ref: StudyRef) -> str:
        """The same for one that something is to be done with: what another page deleted meanwhile is never made again."""
        place = self._place(ref)
        if not ref.path.exists():
            raise StudyError(self._what_became(ref))
        return place

    # ------------------------------------------------------------ making and changing

    def make(self, name: str, experiment: Experiment) -> StudyRef:
        """Make the study of an experiment, or extend the one of that name when it is the same or a smaller one.

        Raises:
            StudyMismatchError: If a study of that name holds runs of another experiment.
            StudyBusyError: If it is being run.
            MesaLabError: If the name or the experiment is wrong, or is not offered here.
        """
        from mesa_lab.study import Study

        who.check(experiment)
        path = path_in(self.folder, clean_name(name))
        self._make_points(experiment)
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            Study.for_experiment(experiment, path).close()
        except StudyMismatchError as error:
            free = self.free_name(name_of(path))
            raise StudyMismatchError(f"{error}\nThe name '{free}' is free.") from None
        return self._ref(path)

    def make_search(self, name: str, search: Search) -> StudyRef:
        """Make the study of a search.

        Raises:
            StudyMismatchError: If a study of that name holds runs of something else.
            MesaLabError: If the name or the search is wrong, or its model is not offered here.
        """
        from mesa_lab.search.carry_out import study_for

        self._check_search(search)
        path = path_in(self.folder, clean_name(name))
        self.folder.mkdir(parents=True, exist_ok=True)
        study_for(search, path).close()
        return self._ref(path)

    def _check_search(self, search: Search) -> None:
        who.check(search.experiment)
        most = OWN_RUNS if self.local else RUNS
        if (search.budget_runs or 0) > most:
            raise StudyError(
                f"These are {search.budget_runs:,} runs; at most {most:,} can be asked for here."
            )
        if not search.method.chooses_points:
            self._make_points(search.experiment)
        search.check()

    def grow(self, ref: StudyRef, asked: Experiment | Search) -> None:
        """Have a study ask for the runs of a larger experiment, or of its search with another budget or narrower ranges.

        Raises:
            StudyMismatchError: If it holds runs of something else.
            StudyBusyError: If it is being run.
            MesaLabError: If the study is gone, or what is asked for is wrong, or is not offered here.
        """
        from mesa_lab.preparation.experiment import Experiment
        from mesa_lab.search.carry_out import study_for
        from mesa_lab.study import Study

        self._there(ref)
        if isinstance(asked, Experiment):
            who.check(asked)
            self._make_points(asked)
            self._there(ref)  # making points may take long
            with Study.open(ref.path) as study:
                study.extend(asked)
        else:
            self._check_search(asked)
            self._there(ref)
            study_for(asked, ref.path).close()

    def count_points(self, experiment: Experiment) -> int:
        """Return how many points an experiment has; makes them, within the time that a user of this workspace gets.

        Raises:
            MesaLabError: If they cannot be made, not within that time, or a function that makes them is not allowed.
        """
        make_points(experiment, OWN_PROCESS_SECONDS if self.local else PROCESS_SECONDS)
        return experiment.n_points

    def _make_points(self, experiment: Experiment) -> None:
        runs = self.count_points(experiment) * experiment.replications
        most = OWN_RUNS if self.local else RUNS
        if runs > most:
            raise StudyError(f"These are {runs:,} runs; at most {most:,} can be asked for here.")

    def duplicate(self, ref: StudyRef, name: str) -> StudyRef:
        """Copy a study with its results, one's own or a shared one."""
        from mesa_lab.study import Study

        path = self._free(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        with Study.open(ref.path) as study:
            study.copy(path)
        return self._ref(path)

    def rename(self, ref: StudyRef, name: str) -> StudyRef:
        """Give a study another name."""
        place = self._there(ref)
        self._refuse_if_driven(ref)
        # A copy, because SQLite names the files beside it by the path that it was opened with.
        new = self.duplicate(ref, name)
        self.queue.registry.rename(place, self._place(new))
        self._remove(ref.path)
        return new

    def extend(self, ref: StudyRef, replications: int | None = None, size: int | None = None) -> StudyRef:
        """Ask for more replications or more points; what has run is kept.

        Raises:
            StudyError: If there would be fewer, or the design cannot grow.
            StudyBusyError: If it is being run.
        """
        from mesa_lab.study import Study

        self._there(ref)
        self._refuse_if_driven(ref)
        with Study.open(ref.path) as study:
            who.check(study.experiment)  # a function may make its points anew
            larger = grown(study.experiment, replications, size)
            self._make_points(larger)
            study.extend(larger)
        return ref

    def delete(self, ref: StudyRef) -> None:
        """Delete a study and its results for good.

        Raises:
            StudyBusyError: If it is being run.
        """
        place = self._there(ref)
        self._refuse_if_driven(ref)
        self.queue.registry.forget(place)
        self._remove(ref.path)

    def _free(self, name: str) -> Path:
        name = clean_name(name)
        if name.lower() in self._taken():
            raise StudyError(
                f"There is a study '{name}' already. Choose another name, such as '{self.free_name(name)}'."
            )
        return path_in(self.folder, name)

    def _refuse_if_driven(self, ref: StudyRef) -> None:
        from mesa_lab.study import Study

        try:
            with Study.open(ref.path) as study:
                driver = study.driver()
        except MesaLabError:  # a damaged one may be deleted
            return
        if driver is not None:
            raise StudyBusyError(f"'{ref.name}' is being run. Stop it first.")

    @staticmethod
    def _remove(path: Path) -> None:
        from mesa_lab.study.database.connection import remove

        try:
            remove(path)
        except OSError as error:
            raise StudyError(f"'{path}' cannot be deleted: {error.strerror or error}.") from None

    # ------------------------------------------------------------ running

    def start(self, ref: StudyRef, processes: int = -1, *, retry_failed: bool = False) -> None:
        """Have a study run, at once or when those before it are through. A paused one goes on.

        Raises:
            MesaLabError: If it is not one's own, or may not be run here.
        """
        from mesa_lab.running import background
        from mesa_lab.study import Study

        place = self._there(ref)
        with Study.open(ref.path) as study:
            who.check(study.experiment)
            driver = study.driver()
        queue = self.queue
        if driver is not None and driver.state == "paused" and (self.local or queue.holder() is None):
            background.proceed(ref.path)
        elif driver is None or driver.state == "paused":
            queue.add(Ticket(place, processes, retry_failed))

    def pause(self, ref: StudyRef) -> None:
        """Have a study start no new runs; those under way come to their end first."""
        from mesa_lab.study import Study

        self._there(ref)
        with Study.open(ref.path) as study:
            study.ask("pause")

    def stop(self, ref: StudyRef) -> None:
        """Have a study end, or no longer wait. What is done is kept."""
        from mesa_lab.running import background

        self.queue.leave(self._place(ref))
        self._there(ref)
        background.stop(ref.path)

    # ------------------------------------------------------------ sharing

    def share(self, ref: StudyRef) -> str:
        """Return the key by which others may look at a study, in an address of this server."""
        return SHARED + self.queue.registry.share(self._place(ref))

    def unshare(self, ref: StudyRef) -> None:
        """Let the links to a study lead nowhere from now on."""
        self.queue.registry.unshare(self._place(ref))

    def shared_key(self, ref: StudyRef) -> str | None:
        """Return the key that was given to others, None when a study is not shared."""
        token = self.queue.registry.token_of(self._place(ref))
        return SHARED + token if token else None


def _changed(path: Path) -> float:
    """When a study last changed; what was committed lately stands in the file beside it."""
    times = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            times.append(file.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=0.0)
