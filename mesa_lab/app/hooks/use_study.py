"""Watching a study: how it stands, kept up to date for a page, without the page waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import solara

from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.study_names import StudyRef
from mesa_lab.workspace.study_state import Facts, Standing, facts_of, standing_of

if TYPE_CHECKING:
    from mesa_lab.study import Study
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["Watch", "use_watch"]

_BUSY_SECONDS: Final = 0.5
_QUIET_SECONDS: Final = 2.0


@dataclass(eq=False)
class Watch:
    """What is known about a study; each part is announced on its own, only when it changed.

    Attributes:
        standing: How it stands; None until it was read.
        facts: What it is of; None until it was read.
        problem: Why it cannot be read.
        finished: How many runs have a result.
        failed: How many of these failed or timed out.
        quiet: Whether nothing runs or waits.
        ended: Whether every run has its result.
        displaced: What has become of the study that was being run here when its file was moved, replaced or deleted; empty while
            nothing has.
        gone: Whether its file is no longer there.
        poke: Looks again at once.
    """

    standing: solara.Reactive[Standing | None] = field(default_factory=lambda: solara.Reactive(None))
    facts: solara.Reactive[Facts | None] = field(default_factory=lambda: solara.Reactive(None))
    problem: solara.Reactive[str] = field(default_factory=lambda: solara.Reactive(""))
    finished: solara.Reactive[int] = field(default_factory=lambda: solara.Reactive(0))
    failed: solara.Reactive[int] = field(default_factory=lambda: solara.Reactive(0))
    quiet: solara.Reactive[bool] = field(default_factory=lambda: solara.Reactive(False))
    ended: solara.Reactive[bool] = field(default_factory=lambda: solara.Reactive(False))
    displaced: solara.Reactive[str] = field(default_factory=lambda: solara.Reactive(""))
    gone: solara.Reactive[bool] = field(default_factory=lambda: solara.Reactive(False))
    poke: Callable[[], None] = lambda: None

    def take(self, standing: Standing) -> None:
        """Announce what is new."""
        self.problem.value = ""
        self.gone.value = False
        self.finished.value = standing.status.finished
        self.failed.value = standing.status.failed + standing.status.timed_out
        self.quiet.value = not standing.is_active
        self.ended.value = standing.state == "finished"
        self.standing.value = standing


def use_watch(workspace: Workspace, ref: StudyRef) -> Watch:
    """Watch a study for as long as the component is shown; a hook."""
    watch: Watch = solara.use_memo(Watch, dependencies=[workspace, ref])
    look: _Look = solara.use_memo(lambda: _Look(workspace, ref, watch), dependencies=[workspace, ref])
    watch.poke = use_reader(look, [workspace, ref], least=0.1, at_end=look.close)
    return watch


class _Look:
    """One look after the other at a study, which stays open in between."""

    def __init__(self, workspace: Workspace, ref: StudyRef, watch: Watch) -> None:
        self.workspace, self.ref, self.watch = workspace, ref, watch
        self.study: Study | None = None
        self.file: tuple[int, int] | None = None
        self.extent: tuple[int, int] | None = None
        self.missed = 0.0

    def __call__(self) -> float:
        try:
            if self._awaits_driver():
                return _BUSY_SECONDS
            study = self._opened()
            with study.snapshot():
                standing = standing_of(self.workspace, self.ref, study)
                facts = self._facts(study, standing)
            self.watch.take(standing)
            self.watch.facts.value = facts
        except MesaLabError as error:
            if self._has_lost_its_file():  # just now: the study stays open, to hear from its driver
                return _BUSY_SECONDS
            self.close()
            self.watch.problem.value = str(error)
            self.watch.gone.value = not self.ref.path.exists()
            return _QUIET_SECONDS
        return _BUSY_SECONDS if standing.is_active else _QUIET_SECONDS

    def _awaits_driver(self) -> bool:
        """Tell whether the file has lost its name while it is run: its driver is about to notice, and to say where the results are.

        It says so in the file that is open here, and that nothing else may know any more.
        """
        if self.study is None or not self._has_lost_its_file():
            self.missed = 0.0
            return False
        from mesa_lab.study.database.lease import PATIENCE_SECONDS

        self.missed = self.missed or time.monotonic()
        is_patient = time.monotonic() - self.missed < PATIENCE_SECONDS
        try:
            status = self.study.status()
        except MesaLabError:  # the driver may be about to take the log away
            if not is_patient:
                self.close()
            return is_patient
        if status.is_active and is_patient:
            return True
        before = self.watch.standing.peek()
        if status.state == "interrupted" and (before is None or before.status.message != status.message):
            self.watch.displaced.value = status.message or ""
            self.watch.take(Standing(status))
        self.close()  # another study may have taken its place
        return False

    def _has_lost_its_file(self) -> bool:
        from mesa_lab.study.database.log_file import file_id

        return self.study is not None and file_id(self.ref.path) != self.file

    def _opened(self) -> Study:
        from mesa_lab.study import Study
        from mesa_lab.study.database.log_file import file_id

        if self.study is None:
            file = file_id(self.ref.path)
            self.study, self.file = Study.open(self.ref.path), file
        return self.study

    def _facts(self, study: Study, standing: Standing) -> Facts:
        extent = standing.status.n_points, standing.status.replications
        known = self.watch.facts.peek()
        if known is None or extent != self.extent:  # it may have been extended
            known, self.extent = facts_of(study.experiment), extent
        return known

    def close(self) -> None:
        study, self.study = self.study, None
        if study is not None:
            study.close()
