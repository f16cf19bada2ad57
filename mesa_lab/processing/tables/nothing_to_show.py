"""What is said where there is nothing to show: that no run came to its end, and what the first failure said."""

from __future__ import annotations

from typing import Any, Final, Protocol

import pandas as pd

from mesa_lab.formatting import plural

__all__ = ["SEE_FAILURES", "nothing_ended", "nothing_reported"]

SEE_FAILURES: Final = (
    "See the failures: below the runs' progress in the app, mesa-lab status STUDY --failures in the terminal, results.failures in "
    "Python."
)
"""Said wherever it may be read: in a terminal, in Python, in the app and in a report."""


class _Runs(Protocol):
    """What is asked of a reader of results."""

    @property
    def base(self) -> pd.DataFrame: ...
    @property
    def done(self) -> Any: ...
    @property
    def study(self) -> Any: ...


def nothing_ended(results: _Runs) -> str:
    """Say that all runs failed, and what the first of them said; empty where a run came to its end, or none has run."""
    if not len(results.base) or results.done.any():
        return ""
    failures = results.study.failures_frame()
    first = ""
    if len(failures):
        line = str(failures["message"].iloc[0]).strip().partition("\n")[0]
        line = line if line.endswith((".", "!", "?")) else f"{line}."
        first = f" The first said: {failures['error_type'].iloc[0]}: {line}"
    runs = "The only run" if len(results.base) == 1 else f"All {plural(len(results.base), 'run')}"
    return f"{runs} failed or timed out, so that nothing was measured.{first} {SEE_FAILURES}"


def nothing_reported(results: _Runs, outcome: str) -> str:
    """Say that there is no value of an outcome, and why where all runs failed."""
    said = f"No run that came to its end reported a value of '{outcome}': there is nothing to draw."
    return f"{said} {nothing_ended(results)}".strip()
