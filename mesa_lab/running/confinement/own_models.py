"""Models of strangers: which files hold them, what is known of each, and the confined processes that may load them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mesa_lab.errors import ModelError, RunError
from mesa_lab.preparation.code_permission import CodeReference, Elsewhere, parse_reference, set_elsewhere
from mesa_lab.preparation.models import ModelDescription
from mesa_lab.running.backends.backend import Work
from mesa_lab.running.confinement.confined_runs import ConfinedRuns
from mesa_lab.running.confinement.facts import description_from, stand_in_for
from mesa_lab.running.confinement.handle import ConfinedProcess
from mesa_lab.running.confinement.scratch import scratch_folder
from mesa_lab.running.confinement.starting import Started, start
from mesa_lab.study.records import Batch

__all__ = ["OwnModels", "carry_out", "confined_runs", "hold", "several_in", "viewing_process"]

_DESCRIBING_SECONDS: Final = 60.0
_KEPT: Final = 3
"""Processes that are kept for further questions."""
_IDLE_SECONDS: Final = 60.0
_REMEMBERED: Final = 500


class OwnModels:
    """What is known of the models in some folders.

    Args:
        folder_of: Returns the folder of a file that holds such a model, which its process may read; None for any other file.
        limits: What a process may use (see `Rules`).
        seconds: How long a run may take.
        megabytes: What a process may write.
    """

    def __init__(
        self,
        folder_of: Callable[[Path], Path | None],
        limits: Mapping[str, Any] | None = None,
        seconds: float = 120.0,
        megabytes: float = 200.0,
    ) -> None:
        self._folder_of = folder_of
        self.limits = dict(limits or {})
        self.seconds = seconds
        self.megabytes = megabytes
        self._known: dict[tuple[str, int], tuple[ModelDescription, type[Any]]] = {}
        self._several: dict[tuple[str, int], tuple[str, ...]] = {}
        self._processes: dict[Path, tuple[ConfinedProcess, threading.Lock]] = {}
        self._used: dict[Path, float] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def has(self, reference: CodeReference) -> bool:
        """Whether a model is one of these."""
        return reference.role == "model" and reference.is_file and self._folder(reference.place) is not None

    def description(self, reference: str) -> ModelDescription:
        """Return what is known of a model.

        Raises:
            ModelError: If there is no such model, or it cannot be described.
        """
        return self._look(reference)[0]

    def several(self, path: Path) -> tuple[str, ...]:
        """Return the names of the models in a file that was looked at and holds several; empty for any other."""
        try:
            return self._several.get((str(path), path.stat().st_mtime_ns), ())
        except OSError:
            return ()

    def stand_in(self, reference: str) -> type[Any]:
        """Return a class that takes what a model takes."""
        return self._look(reference)[1]

    def check(self, experiment: Any, point: Any) -> None:
        """Have an experiment checked by the process of its model.

        Raises:
            MesaLabError: What is wrong with it.
        """
        with self._process(self.folder(experiment.model)) as process:
            whole = None if point is None else dict(point)
            process.answer("check", experiment.to_toml(), whole, seconds=_DESCRIBING_SECONDS)

    def folder(self, reference: str) -> Path:
        """Return the folder of a model.

        Raises:
            ModelError: If it is none of these.
        """
        folder = self._folder(parse_reference(reference).place)
        if folder is None:
            raise ModelError(f"'{reference}' is not offered here.")
        return folder

    def close(self) -> None:
        """End the processes that are kept."""
        with self._lock:
            kept, self._processes = list(self._processes.values()), {}
            if self._timer is not None:
                self._timer.cancel()
        for process, _ in kept:
            process.end()

    # ------------------------------------------------------------ inside

    def _folder(self, place: str) -> Path | None:
        try:
            return self._folder_of(Path(place).resolve())
        except (OSError, ValueError, RuntimeError):  # such as a NUL
            return None

    def _look(self, reference: str) -> tuple[ModelDescription, type[Any]]:
        path = Path(parse_reference(reference).place)
        folder = self.folder(reference)
        if not path.is_file():
            raise ModelError(f"The file '{path.name}' is not there any more.")
        key = reference, path.stat().st_mtime_ns
        if key not in self._known:
            with self._process(folder) as process:
                try:
                    facts = process.answer("describe", reference, seconds=_DESCRIBING_SECONDS).get("facts")
                except RunError as error:
                    raise ModelError(f"'{path.name}' cannot be opened. {error}") from error
                except ModelError as error:
                    if error.models:
                        self._several[str(path), key[1]] = error.models
                    raise
            if not isinstance(facts, dict):
                raise ModelError("What the model's process says of it cannot be read.")
            found = description_from(facts, reference)
            if len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)))
            known = found, stand_in_for(found, facts.get("accepts_any") is True)
            self._known[key] = self._known[found.reference, key[1]] = known
        return self._known[key]

    @contextmanager
    def _process(self, folder: Path) -> Iterator[ConfinedProcess]:
        """Yield a process for the models of a folder, for one question at a time."""
        with self._lock:
            if folder not in self._processes:
                process = ConfinedProcess(folder, self.limits, self.megabytes)
                self._processes[folder] = process, threading.Lock()
            process, asking = self._processes[folder]
            self._used[folder] = time.monotonic()
            surplus = sorted(self._processes, key=self._used.__getitem__)[:-_KEPT]
        for other in surplus:
            self._let_go(other)
        with asking:
            yield process
        self._used[folder] = time.monotonic()
        with self._lock:
            if self._timer is None or not self._timer.is_alive():
                self._timer = threading.Timer(_IDLE_SECONDS, self._end_idle)
                self._timer.daemon = True
                self._timer.start()

    def _let_go(self, folder: Path) -> None:
        """End a process unless it is being asked something."""
        with self._lock:
            process, asking = self._processes.get(folder, (None, None))
            if process is None or asking is None or not asking.acquire(blocking=False):
                return
            del self._processes[folder]
        process.end()
        asking.release()

    def _end_idle(self) -> None:
        for folder in [name for name, at in self._used.items() if time.monotonic() - at >= _IDLE_SECONDS]:
            self._let_go(folder)


_held: OwnModels | None = None


def hold(models: OwnModels | None) -> None:
    """Have this process load these models nowhere but in confined ones; None for no such models."""
    global _held
    if _held is not None:
        _held.close()
    _held = models
    if models is not None:
        scratch_folder()  # what a server that was killed has left goes now
    known = (
        None if models is None else Elsewhere(models.has, models.description, models.stand_in, models.check)
    )
    set_elsewhere(known)


def several_in(path: Path) -> tuple[str, ...]:
    """Return the names of the models in a file of somebody's own that was looked at and holds several; empty for any other."""
    return _held.several(path) if _held is not None else ()


def confined_runs(reference: str) -> ConfinedRuns:
    """Return a process to carry out the runs of a model in.

    Raises:
        ModelError: If it is none that is known here.
    """
    held = _of_this_process()
    return ConfinedRuns(held.folder(reference), held.limits, held.seconds, held.megabytes)


def carry_out(work: Work) -> Iterator[Batch]:
    """Carry out a stream's tasks in one confined process, one after the other."""
    from mesa_lab.running.workers.serialization import pack

    payload = pack(work.protocol, confined=True)
    runs = confined_runs(payload.model)
    try:
        yield from runs.carry_out(payload, list(work.tasks), work.control, work.tell)
    finally:
        runs.close()


def viewing_process(reference: str, module: str, needed: Sequence[str] = ()) -> Started:
    """Start a confined process that draws the runs of a model.

    Args:
        reference: The model.
        module: Its `main` is called with the rules.
        needed: What it will import.

    Raises:
        ModelError: If it is none that is known here.
        RunError: If no process can be started.
    """
    held = _of_this_process()
    return start(module, [held.folder(reference)], held.limits, (module, *needed))


def _of_this_process() -> OwnModels:
    if _held is None:
        raise ModelError("This process knows no models of others.")
    return _held
