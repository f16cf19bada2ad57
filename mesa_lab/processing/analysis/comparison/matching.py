"""Which points of two levels can be compared, and what else changes between those that are left.

A level is a set of points. Where both levels have a point for the same values of the other parameters, the difference between
these is the level's alone. Where they have not, the other parameters may make the difference: points that were drawn
independently differ by chance, which an interval over points knows; points that go together (zipped parameters, constraints
between them, correlations, tables) differ in the other parameters too, which no number of runs can tell apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import MesaLabError
from mesa_lab.processing.analysis.factor import Factor
from mesa_lab.processing.statistics.origins import points_are_drawn

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["changed_with", "matched"]

type Codes = npt.NDArray[np.int64]

_CLEAR: Final = 0.01
"""The chance, over all other parameters of two levels, up to which points that were drawn are not said to differ by chance."""

_CLEAR_OF_A_TABLE: Final = 0.2
"""The same for points of a table, of which it is not known that they were drawn."""

_ENOUGH: Final = 5
"""Points of each level from which on a table's are judged by a test."""


class _Level(Protocol):
    """What is asked of a scenario."""

    @property
    def others(self) -> Codes: ...
    @property
    def rows(self) -> Codes: ...
    def at(self, others: Codes) -> Self: ...


def matched[Level: _Level](one: Level, base: Level, *, drawn: bool) -> tuple[Level, Level]:
    """Return two levels at the points whose other parameters both have; as they are where there are no such.

    Args:
        one: One level.
        base: The other.
        drawn: Whether points stand for the whole space: then a few that happen to be alike are no reason to leave out the rest.
    """
    both = np.intersect1d(one.others, base.others)
    most = max(len(one.others), len(base.others))
    if not len(both) or (drawn and 2 * len(both) < most):
        return one, base
    return one.at(both), base.at(both)


def changed_with(
    pairs: Sequence[tuple[_Level, _Level]], factor: Factor, others: Sequence[Factor], results: Reader
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...], tuple[str, ...]]:
    """Name the parameters that change with the one that is compared.

    Args:
        pairs: For each comparison a level, and the base.
        factor: The parameter that is compared.
        others: The other parameters.
        results: The results, for how their points came about.

    Returns:
        For each comparison the parameters whose values differ between its points and those of the base as chance does not
        explain; those of all comparisons that differ as chance does; and those that are alike, but in other combinations.
    """
    drawn = points_are_drawn(results)
    tied = _tied_to(factor.name, results)
    changed: list[tuple[str, ...]] = []
    by_chance: dict[str, None] = {}
    recombined: dict[str, None] = {}
    for one, base in pairs:
        found = []
        unlike = [other for other in others if not _alike(other.codes[one.rows], other.codes[base.rows])]
        for other in unlike:
            if other.name in tied or _differ(other, one.rows, base.rows, len(others), drawn):
                found.append(other.name)
            else:
                by_chance[other.name] = None
        if not unlike and not np.array_equal(np.unique(one.others), np.unique(base.others)):
            recombined |= {other.name: None for other in others if len(np.unique(other.codes[one.rows])) > 1}
        changed.append(tuple(found))
    return tuple(changed), tuple(by_chance), tuple(recombined)


def _alike(one: Codes, base: Codes) -> bool:
    """Whether values are spread alike: each as often, by shares."""
    width = int(max(one.max(), base.max())) + 1
    a, b = np.bincount(one, minlength=width), np.bincount(base, minlength=width)
    return bool((a * len(base) == b * len(one)).all())


def _differ(other: Factor, one: Codes, base: Codes, tests: int, drawn: bool | None) -> bool:
    """Whether a parameter differs between two levels as chance in drawing points does not explain."""
    from scipy.stats import chi2_contingency, mannwhitneyu

    few = min(len(one), len(base))
    # One point tells nothing of chance; what was chosen and not drawn differs because it was chosen so.
    if drawn is False or few < 2 or (drawn is None and few < _ENOUGH):
        return True
    if other.categorical:
        codes, level = (
            np.concatenate([other.codes[one], other.codes[base]]),
            np.repeat([0, 1], [len(one), len(base)]),
        )
        table = np.zeros((2, len(other.levels)))
        np.add.at(table, (level, codes), 1)
        p = float(chi2_contingency(table[:, table.any(axis=0)]).pvalue)
    else:
        p = float(mannwhitneyu(other.unit[one], other.unit[base]).pvalue)
    return p * tests <= (_CLEAR if drawn else _CLEAR_OF_A_TABLE)


def _tied_to(name: str, results: Reader) -> set[str]:
    """The parameters that a constraint or a correlation ties to one: their values go together by design."""
    from mesa_lab.preparation.expressions.parse import compile_expression

    experiment: Any = results.experiment
    tied: set[str] = set()
    for constraint in getattr(experiment, "constraints", None) or ():
        try:
            names = compile_expression(str(constraint)).names
        except MesaLabError:  # a function, of which nobody knows what it asks
            continue
        if name in names:
            tied |= set(names)
    for pair in experiment.space.correlations:
        if name in pair:
            tied |= set(pair)
    return tied - {name}
