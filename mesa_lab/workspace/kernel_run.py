"""Runs started from a notebook: in a thread of this kernel, on worker processes, into a study file.

The app on a server gives each study a process of its own. A model that is defined in a notebook
exists in this kernel alone, so here the kernel drives the runs; what is asked of them, such as to
stop, is left in the study file all the same. No page is known here.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from mesa_lab.errors import MesaLabError, RunError

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.study import StudyStatus

__all__ = ["LabRun"]

_numbers = itertools.count(1)
_folder: list[tempfile.TemporaryDirectory[str]] = []


class LabRun:
    """The runs of an experiment.

    Args:
        experiment: What to run.
        path: The study file; None keeps it for as long as this kernel lives.

    Attributes:
        path: The study file.
        problem: Why the runs could not go on; empty while nothing is wrong.
    """

    def __init__(self, experiment: Experiment, path: str | Path | None = None) -> None:
        self.experiment = experiment
        self.path = Path(path).absolute() if path is not None else _temporary(experiment)
        self.problem = ""
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether this kernel is driving the runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, processes: int = -1, backend: str = "loky") -> None:
        """Start the runs, or go on with them; returns once the study file is there.

        Raises:
            RunError: If they are running.
            StudyMismatchError: If the study file holds runs of an unlike experiment.
        """
        from mesa_lab.study import Study

        if self.is_running:
            raise RunError("The runs are going on already.")
        self.experiment.check()
        Study.for_experiment(self.experiment, self.path).close()
        self.problem = ""
        self._thread = threading.Thread(
            target=self._drive, args=(processes, backend), name="mesa-lab-runs", daemon=True
        )
        # The runs outlive the page on which they were started.
        self._thread.current_context = None  # type: ignore[attr-defined]
        self._thread.start()
        _stop_when_interrupted(self)

    def ask(self, request: str) -> None:
        """Ask the runs to "pause", "run" on, or "stop"."""
        from mesa_lab.study import Study

        with Study.open(self.path) as study:
            study.ask(request)

    def status(self) -> StudyStatus:
        """Return how far the runs are.

        Raises:
            StudyError: If the study cannot be read.
        """
        from mesa_lab.study import Study

        with Study.open(self.path) as study:
            return study.status()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the runs have ended; returns whether they have.

        Raises:
            KeyboardInterrupt: If the kernel is interrupted meanwhile, once the runs are stopped and those that are done are on disk.
        """
        if self._thread is not None:
            try:
                self._thread.join(seconds)
            except KeyboardInterrupt:
                self.stop()
                self._thread.join()
                raise
        return not self.is_running

    def stop(self) -> None:
        """Ask the runs to stop, if they are going on."""
        if self.is_running:
            with contextlib.suppress(MesaLabError):  # a file that is gone is noticed by the runs themselves
                self.ask("stop")

    def _drive(self, processes: int, backend: str) -> None:
        from mesa_lab.running.driver import drive
        from mesa_lab.study import Study

        try:
            with Study.for_experiment(self.experiment, self.path) as study:
                ending = drive(study, n_jobs=processes, backend=backend, progress=False)
                if ending.how == "interrupted":
                    self.problem = ending.message
        except MesaLabError as error:
            self.problem = str(error)
        except Exception as error:  # whatever it is, it is said where the runs are shown
            self.problem = f"{type(error).__name__}: {error}"


_going_on: weakref.WeakSet[LabRun] = weakref.WeakSet()


def _stop_when_interrupted(run: LabRun) -> None:
    """Let an interrupt of Jupyter's kernel stop the runs also while no cell is executed.

    A kernel that waits for the next cell ignores interrupts, and nobody else would hear the button that is pressed to end what
    was started in the lab. So a handler stands in the place of "ignore", which the kernel puts back after each cell. Handlers
    can be set in the main thread alone, where the kernel's loop is; the button of a lab is heard in another one.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    loop = getattr(getattr(shell, "kernel", None), "io_loop", None)
    if loop is None:
        return
    _going_on.add(run)

    def watch() -> None:
        if run.is_running:
            if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
                signal.signal(signal.SIGINT, _stop_all)
            loop.call_later(0.2, watch)

    loop.add_callback(watch)


def _stop_all(*_: object) -> None:
    for run in list(_going_on):
        run.stop()


def _temporary(experiment: Experiment) -> Path:
    from mesa_lab.preparation.models import reference_of
    from mesa_lab.workspace.study_names import first_name

    if not _folder:
        _folder.append(tempfile.TemporaryDirectory(prefix="mesa-lab-", ignore_cleanup_errors=True))
    return Path(_folder[0].name) / f"{first_name(reference_of(experiment.model))}_{next(_numbers)}.study"
