"""What is to be objected to a comparison: other parameters that differ too, points and runs that are missing, few runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from mesa_lab.formatting import listing, plural, shorten
from mesa_lab.processing.analysis.comparison.scenarios import Scenarios
from mesa_lab.processing.analysis.failed_runs import failed_among

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["doubts"]

_NAMED: Final = 3
_LOST: Final = 0.1
"""The share of a scenario's runs from which on it is said that they failed."""


def doubts(results: Reader, found: Scenarios, table: pd.DataFrame) -> list[str]:
    """Return what a methodologist would object to, one sentence each.

    Args:
        results: The results.
        found: The scenarios.
        table: One row for each difference.
    """
    said = [*_confounded(results, found), *_by_chance(results, found), *_recombined(results, found)]
    if found.left_out:
        said.append(
            f"{plural(found.left_out, 'point')} without a counterpart at the other levels, where all other parameters are the same, "
            f"{'is' if found.left_out == 1 else 'are'} left out."
        )
    said += _lost(results, found)
    fewest = int(min(table["n"].min(), table["n_base"].min()))
    if fewest < 5:
        said.append(f"A scenario has {plural(fewest, 'run')} only: take at least 5 to trust an interval.")
    return said


def _lost(results: Reader, found: Scenarios) -> list[str]:
    """Say which scenarios lost clearly more of their runs than others: what survives of them may be the easier part."""
    if results.done.all():
        return []
    counts = {each.name: failed_among(results, each.where) for each in (found.base, *found.others)}
    shares = {name: lost / max(n, 1) for name, (lost, n) in counts.items()}
    told = [
        f"{counts[name][0]:,} of {counts[name][1]:,} with {name}"
        for name, share in shares.items()
        if share >= _LOST and share >= 2 * min(shares.values())
    ]
    return (
        [
            f"Runs failed unevenly ({listing(told, _NAMED)}): a difference may be that of the runs that survived."
        ]
        if told
        else []
    )


def _confounded(results: Reader, found: Scenarios) -> list[str]:
    names = list(dict.fromkeys(name for changed in found.changed for name in changed))
    if not names:
        return []
    parameter, others = shorten(str(found.parameter)), listing([shorten(name) for name in names], 4)
    return [
        f"Levels of {parameter} hold different values of {others}: a difference between them may be that of {others}. No verdict on "
        f"{parameter} is given where that is so."
    ]


def _by_chance(results: Reader, found: Scenarios) -> list[str]:
    names = [name for name in found.uneven if not any(name in changed for changed in found.changed)]
    if not names:
        return []
    others = listing([shorten(name) for name in names], 4)
    return [
        f"Levels of {shorten(str(found.parameter))} average over different values of {others}, as points were drawn: a part of a "
        f"difference may be that of {others}. The intervals allow for it, since they take points for a sample."
    ]


def _recombined(results: Reader, found: Scenarios) -> list[str]:
    names = [name for name in found.recombined if not any(found.changed)]
    if not names:
        return []
    return [
        f"Levels of {shorten(str(found.parameter))} hold other combinations of {listing([shorten(name) for name in names], 4)}: how "
        "these act together may be a part of a difference."
    ]
