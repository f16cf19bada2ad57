"""The surfaces of a session: one for each outcome that is looked at, fitted when it is wanted and when more was measured.

The first one is fitted quickly, since somebody waits for it; `refine` finds its lengths with all care a moment later.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np

from mesa_lab.errors import ConclusionError
from mesa_lab.exploring.emulator import Emulator, fit_emulator
from mesa_lab.study import Study

if TYPE_CHECKING:
    from pathlib import Path

    from mesa_lab.exploring.measured import Measured

__all__ = ["Surfaces"]

_TUNE_AGAIN: Final = 1.25
"""Lengths are found anew when there are so many times as many settings as then."""


class Surfaces:
    """The surfaces through what was measured.

    Args:
        measured: What was measured.
        lock: Held by whoever adds to it.
    """

    def __init__(self, measured: Measured, lock: threading.RLock) -> None:
        self.measured = measured
        self._lock = lock
        self._emulators: dict[str, Emulator | None] = {}
        self._tuned: dict[str, int] = {}
        self._shared: dict[str, float] = {}

    def of(self, name: str) -> Emulator | None:
        """Return the surface of an outcome, as it was fitted last; None where too little was measured."""
        with self._lock:
            if name not in self._emulators:
                self._emulators[name] = self._fit(name, None, quick=True)
            return self._emulators[name]

    def is_rough(self, name: str) -> bool:
        """Whether a surface that is there was fitted quickly."""
        with self._lock:
            known = self._emulators.get(name)
            return known is not None and known.is_rough

    def refine(self, name: str) -> None:
        """Fit a surface with all care in place of one that was fitted quickly."""
        if not self.is_rough(name):
            return
        fitted = self._fit(name, None)
        with self._lock:
            if fitted is not None:
                self._emulators[name] = fitted

    def refresh(self, name: str) -> bool:
        """Fit the surface of an outcome anew if more was measured since; return whether it has changed."""
        with self._lock:
            before = self._emulators.get(name)
            if before is not None and before.version == self.measured.version:
                return False
        fitted = self._fit(name, before, quick=before is None)
        with self._lock:
            if self._emulators.get(name) is before:  # else a finer one is there by now
                self._emulators[name] = fitted
        return fitted is not None or before is not None

    def read_shared(self, path: Path) -> None:
        """Read what common seeds add to all means of a study alike."""
        from mesa_lab.processing.analysis.observations import observe
        from mesa_lab.processing.results import Results

        with Study.open(path) as study:
            results = Results(study)
            for name in self.measured.outcomes:
                observed = observe(results, name)
                if observed.replicated:
                    within, centred = observed.within, observed.centred_by_seed().within
                    self._shared[name] = max(within - centred, 0.0) / float(observed.count.mean())

    def _fit(self, name: str, before: Emulator | None, *, quick: bool = False) -> Emulator | None:
        shared = self._shared.get(name, 0.0)
        with self._lock:
            points = len(self.measured.settings)
            taken = self.measured.taken(name)
        keep = before is not None and points < _TUNE_AGAIN * self._tuned.get(name, 0)
        try:
            fitted = fit_emulator(taken, name, shared=shared, like=before if keep else None, quick=quick)
        except (ConclusionError, ValueError, np.linalg.LinAlgError):
            return before
        if fitted is not None and not keep:
            self._tuned[name] = points
        return fitted
