"""Outcomes that are the same in all runs: what a search says of them, and after how many settings it ends for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import numpy as np

from mesa_lab.formatting import listing, number, plural

if TYPE_CHECKING:
    from mesa_lab.search.history import History

__all__ = ["SETTINGS_ENOUGH", "all_the_same", "is_enough", "said_beside"]

SETTINGS_ENOUGH: Final = 50
"""Settings that gave the same, after which a search for points ends: with 95 % confidence 94 % of the space gives it too."""


_NAMED: Final = 3
"""Outcomes that are named at most."""


def all_the_same(history: History, outcomes: Iterable[str]) -> str:
    """Say that outcomes are the same in all runs, as a clause: "'loss' is 1 in all 60 runs of 20 settings".

    Args:
        history: What is known.
        outcomes: Names of outcomes, or of readings in the course of runs.

    Returns:
        The clause; empty where something differs, or fewer than two settings have a value.
    """
    names = list(outcomes)
    matrices = [history.outcome(name) for name in names]
    inside = history.inside[:, None]
    known = np.all([np.isfinite(each) & inside for each in matrices], axis=0)
    settings = int(known.any(axis=1).sum())
    if settings < 2:
        return ""
    values = [each[known] for each in matrices]
    if any(float(each.min()) != float(each.max()) for each in values):
        return ""
    said = [f"'{name}' is {number(float(each[0]))}" for name, each in zip(names, values, strict=True)]
    whole = known.sum() == (history.ended & inside).sum()
    runs = f"in all {plural(int(known.sum()), 'run')} of {plural(settings, 'setting')}"
    came = "" if whole else " that gave a value"
    return f"{listing(said, _NAMED) if len(said) <= _NAMED else f'each of {len(said)} numbers is the same'} {runs}{came}"


def is_enough(history: History, outcomes: Iterable[str]) -> bool:
    """Whether so many settings gave a value of each outcome that others are likely to give the same."""
    known = np.all([np.isfinite(history.outcome(name)) for name in outcomes], axis=0)
    return int((known.any(axis=1) & history.inside).sum()) >= SETTINGS_ENOUGH


def said_beside(reason: str, clause: str) -> str:
    """Return why a search has ended, with what is to be said beside it."""
    if not clause or clause in reason:
        return reason
    return f"{reason.removesuffix('.')}, and {clause}."
