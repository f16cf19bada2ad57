"""Sentences about rankings of parameters: which matter, by how much, and which cannot be told from chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.phrases import agree, and_list, count_word, percent, percent_interval
from mesa_lab.processing.wording import shorten

__all__ = ["Share", "correlated", "ranking", "undecided"]

_NAMED: Final = 4
_CORRELATED: Final = 0.3


@dataclass(frozen=True)
class Share:
    """What a parameter that matters accounts for.

    Attributes:
        name: The parameter.
        share: Its share, 0 to 1.
        low: The lower end of the interval, and `high` the upper one; NaN for none.
        note: What else is to be said of it, such as "74 % with its interactions".
        text: What is said in place of share and interval, such as "only together with others".
    """

    name: str
    share: float
    low: float
    high: float
    note: str = ""
    text: str = ""


def ranking(subject: str, shares: Sequence[Share], others: Sequence[str], unit: str, level: float) -> str:
    """Say what an outcome depends on.

    Args:
        subject: The outcome, as a sentence speaks of it.
        shares: The parameters that matter, the most important first; at least one.
        others: The parameters that cannot be told from chance.
        unit: What the shares are of, such as "the variance between points".
        level: Level of the intervals.

    Example:
        >>> ranking("happy at the end", [Share("density", 0.58, 0.49, 0.66)], ["width"], "the variance", 0.95)
        'happy at the end depends mostly on density: 58 % of the variance (95 % interval 49 to 66 %). width cannot be told from chance.'
    """
    top = shares[0]
    how = "mostly" if top.share >= 0.5 and not top.text else "most"
    start = f"{subject} {agree(subject, 'depend')} {how} on {shorten(top.name)}"
    if top.text:
        text = f"{start} ({top.text})"
    else:
        interval = (
            f" ({percent(level)} interval {percent_interval(_within(top.low), _within(top.high))})"
            if top.low == top.low
            else ""
        )
        text = f"{start}: {percent(_within(top.share))} of {unit}{interval}"
    text += f", {top.note}" if top.note else ""
    rest = [_brief(share) for share in shares[1:_NAMED]]
    if len(shares) > _NAMED:
        rest.append(f"{count_word(len(shares) - _NAMED)} more")
    text += f", then on {and_list(rest)}." if rest else "."
    return f"{text}{undecided(others, len(shares))}"


def undecided(names: Sequence[str], known: int) -> str:
    """Say which parameters cannot be told from chance, as a sentence with a space before it.

    Example:
        >>> undecided(["a", "b"], 1), undecided(["a"], 1), undecided([], 1)
        (' The other two cannot be told from chance.', ' a cannot be told from chance.', '')
    """
    if not names:
        return ""
    if len(names) == 1:
        return f" {shorten(names[0])} cannot be told from chance."
    which = f"The other {count_word(len(names))}" if known else f"All {count_word(len(names))} parameters"
    return f" {which} cannot be told from chance."


def correlated(measured: Observations) -> list[str]:
    """Warn of parameters that go together in the points, the closest first."""
    return [
        f"{shorten(one)} and {shorten(other)} go together in these points (correlation {value:.2f}): what one explains the "
        "other explains too. The shares do not add up."
        for one, other, value in _together(measured)[:2]
    ]


def _together(measured: Observations) -> list[tuple[str, str, float]]:
    """Pairs of parameters that go together in the points, the closest first."""
    places = [at for at, factor in enumerate(measured.factors) if not factor.categorical]
    if len(places) < 2 or measured.n_points < 4:
        return []
    with np.errstate(all="ignore"):
        between: Any = np.atleast_2d(np.corrcoef(measured.unit[:, places].T))
    pairs = [
        (measured.names[places[i]], measured.names[places[j]], float(between[i, j]))
        for i in range(len(places))
        for j in range(i + 1, len(places))
        if abs(between[i, j]) > max(_CORRELATED, 3 / np.sqrt(measured.n_points))
    ]
    return sorted(pairs, key=lambda pair: -abs(pair[2]))


def _brief(share: Share) -> str:
    inside = share.text or percent(_within(share.share))
    if not share.text and share.low == share.low:
        inside += f", {percent_interval(_within(share.low), _within(share.high))}"
    if share.note:
        inside += f"; {share.note}"
    return f"{shorten(share.name)} ({inside})"


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
