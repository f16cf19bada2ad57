"""What can be said of differences when there are several, and when runs may have been added after a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mesa_lab.processing.analysis.comparison.any_time import any_time_p, factor, units_needed
from mesa_lab.processing.analysis.comparison.differences import Difference
from mesa_lab.processing.analysis.inference import holm

__all__ = ["CANNOT_TELL", "HIGHER", "LOWER", "NO_LARGER", "Verdict", "verdicts"]

HIGHER: Final = "higher"
LOWER: Final = "lower"
NO_LARGER: Final = "no difference larger than the margin"
CANNOT_TELL: Final = "cannot tell yet"


@dataclass(frozen=True)
class Verdict:
    """What is said of one difference.

    Attributes:
        said: One of the four words.
        p: Of the test that there is none, looked at once and alone.
        p_adjusted: The same, held for all comparisons and looks together.
        difference: The size that more runs would show; NaN where enough is known.
        n_more: How many more units that takes, 0 where enough is known; None where it is beyond all bounds.
    """

    said: str
    p: float
    p_adjusted: float
    difference: float
    n_more: int | None


def verdicts(
    differences: Sequence[Difference],
    *,
    margin: float | None,
    level: float,
    looks: int | None,
    together: Sequence[float] | None = None,
    untold: Sequence[bool] | None = None,
) -> list[Verdict]:
    """Judge differences so that false alarms stay below 1 - level over all of them.

    Args:
        differences: Each with one base.
        margin: A difference up to this size does not matter; None for none.
        level: Level of confidence.
        looks: How often results are looked at in all, decided before; None for any number of times (`any_time`).
        together: p-values that hold for all comparisons at one look, in place of those after Holm.
        untold: For each difference whether something else than the scenario may have made it: then no number of runs tells.
    """
    alpha = 1 - level
    count = len(differences)
    p = [_p(each) for each in differences]
    if together is not None:
        adjusted = np.minimum(np.array(together, dtype=np.float64) * (looks or 1), 1.0)
    else:
        adjusted = holm(
            np.array(_any_time(differences) if looks is None else [min(1.0, each * looks) for each in p])
        )
    found = []
    hidden = [False] * count if untold is None else untold
    for each, once, for_all, is_hidden in zip(differences, p, adjusted.tolist(), hidden, strict=True):
        said = CANNOT_TELL
        if is_hidden:
            found.append(Verdict(said, once, for_all, float("nan"), None))
            continue
        if margin is not None and _within(each, margin, 2 * alpha / count, looks):
            said = NO_LARGER
        elif for_all <= alpha and each.estimate != 0:
            said = HIGHER if each.estimate > 0 else LOWER
        size, more = float("nan"), None if said == CANNOT_TELL else 0
        if said == CANNOT_TELL:
            size, more = _more(each, margin, alpha / count, looks)
        found.append(Verdict(said, once, for_all, size, more))
    return found


def _p(each: Difference) -> float:
    from scipy.special import stdtr

    if not (np.isfinite(each.error) and each.df > 0):
        return float("nan")
    return float(2 * stdtr(each.df, -abs(each.t)))


def _any_time(differences: Sequence[Difference]) -> list[float]:
    known = [np.isfinite(each.error) and each.df > 0 for each in differences]
    found = any_time_p(
        [each.t if ok else 0.0 for each, ok in zip(differences, known, strict=True)],
        [max(each.df, 1.0) if ok else 1.0 for each, ok in zip(differences, known, strict=True)],
        [max(each.n_units, 1) for each in differences],
    )
    return [float(p) if ok else float("nan") for p, ok in zip(found, known, strict=True)]


def _within(each: Difference, margin: float, alpha: float, looks: int | None) -> bool:
    """Whether the difference is within the margin: two one-sided tests (Schuirmann 1987), both held over all looks."""
    from scipy.special import stdtrit

    if not (np.isfinite(each.error) and each.df > 0):
        return False
    if looks is None:
        wide = float(factor(each.df, each.n_units, alpha))
    else:
        wide = float(stdtrit(each.df, 1 - alpha / looks / 2))
    reach = wide * each.error if each.error > 0 else 0.0 if np.isfinite(wide) else np.inf
    return bool(abs(each.estimate) + reach < margin)


def _more(
    each: Difference, margin: float | None, alpha: float, looks: int | None
) -> tuple[float, int | None]:
    """Which difference more runs would show, and how many these are."""
    if not (np.isfinite(each.error) and each.n_units >= 2):
        return float("nan"), None
    if each.error == 0 and each.estimate == 0:
        return float("nan"), None
    if each.error == 0:
        # All units agree: what is wanting is their number.
        units = each.n_units
        while float(factor(units - 1, units, alpha)) == np.inf:
            units += 1
        return float("nan"), max(units - each.n_units, 1)
    size = margin if margin is not None else _target(each)
    needed = units_needed(each.spread, size, each.n_units, each.df, alpha, looks)
    return size, None if needed is None else max(needed - each.n_units, 1)


def _target(each: Difference) -> float:
    """A difference that is worth looking for: what is seen where that is clear of 0, else half of what could be hidden."""
    half = (each.high - each.low) / 2
    clear = abs(each.estimate) > half
    size = abs(each.estimate) if clear else half / 2
    return float(round(size, (1 if clear else 0) - int(np.floor(np.log10(size)))))
