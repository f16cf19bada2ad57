"""Sentences about rankings of parameters: which matter, by how much, and which cannot be told from chance."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mesa_lab.formatting import shorten
from mesa_lab.processing.analysis.phrases import agree, and_list, count_word, percent, percent_interval

__all__ = ["Limits", "Share", "correlated", "ranking", "undecided"]

_NAMED: Final = 4
_LITTLE: Final = 0.1
"""A parameter that accounts for no more than this is said to have little influence; above it, runs are too few to tell."""


@dataclass(frozen=True)
class Limits:
    """How much those parameters may account for at most that cannot be told from chance.

    Attributes:
        highs: The upper end of the interval by parameter, as a share; NaN where there is none.
        unit: What the shares are of.
        level: Level of the intervals.
        alone: Whether they hold what a parameter does by itself, and nothing of what it does together with others.
    """

    highs: Mapping[str, float]
    unit: str
    level: float
    alone: bool = False


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


def ranking(
    subject: str,
    shares: Sequence[Share],
    others: Sequence[str],
    unit: str,
    level: float,
    limits: Limits | None = None,
) -> str:
    """Say what an outcome depends on.

    Args:
        subject: The outcome, as a sentence speaks of it.
        shares: The parameters that matter, the most important first; at least one.
        others: The parameters that cannot be told from chance.
        unit: What the shares are of, such as "the variance between points".
        level: Level of the intervals.
        limits: How much those others may account for at most, where that is known.

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
    return f"{text}{undecided(others, len(shares), limits)}"


def undecided(names: Sequence[str], known: int, limits: Limits | None = None) -> str:
    """Say of the parameters that cannot be told from chance which have little influence, and of which the runs are too few.

    Args:
        names: The parameters.
        known: How many others matter.
        limits: How much each may account for at most; None where that is not known.

    Returns:
        Sentences with a space before them.

    Example:
        >>> undecided(["a", "b"], 1), undecided(["a"], 1), undecided([], 1)
        (' The other two cannot be told from chance.', ' a cannot be told from chance.', '')
        >>> undecided(["a", "b"], 1, Limits({"a": 0.021, "b": 0.3}, "the variance", 0.95))
        ' a has no influence larger than 3 % of the variance (95 % limit). Of b these runs are too few to tell: it may have up to 30 %.'
    """
    highs = limits.highs if limits is not None else {}
    little = [name for name in names if highs.get(name, math.nan) <= _LITTLE]
    open_ = [name for name in names if highs.get(name, math.nan) > _LITTLE]
    rest = [name for name in names if name not in little and name not in open_]
    text = ""
    if limits is not None and little:
        has = "has" if len(little) == 1 else "each have"
        alone = " by itself" * limits.alone
        text += (
            f" {_which(little, names, known)} {has}{alone} no influence larger than {_at_most(little, highs)} of {limits.unit} "
            f"({percent(limits.level)} limit)."
        )
    if limits is not None and open_:
        it, which = ("it", shorten(open_[0])) if len(open_) == 1 else ("each", _which(open_, names, known))
        which = which if len(open_) == 1 or len(open_) < len(names) else which[:1].lower() + which[1:]
        of = "" if little else f" of {limits.unit}"
        by_itself = " by itself" * (limits.alone and not little)
        text += f" Of {which} these runs are too few to tell: {it} may have{by_itself} up to {_at_most(open_, highs)}{of}."
    if rest:
        text += f" {_which(rest, names, known)} cannot be told from chance."
    return text


def _which(some: Sequence[str], names: Sequence[str], known: int) -> str:
    if len(some) == 1:
        return shorten(some[0])
    if len(some) < len(names):
        named = [shorten(name) for name in some[:_NAMED]]
        return and_list([*named, f"{count_word(len(some) - _NAMED)} more"] if len(some) > _NAMED else named)
    return f"The other {count_word(len(names))}" if known else f"All {count_word(len(names))} parameters"


def _at_most(names: Sequence[str], highs: Mapping[str, float]) -> str:
    """The largest of some limits, rounded up."""
    return percent(min(math.ceil(100 * max(highs[name] for name in names) - 1e-9), 100) / 100)


def correlated(pairs: Sequence[tuple[str, str, float]]) -> list[str]:
    """Warn of parameters that go together in the points."""
    return [
        f"{shorten(one)} and {shorten(other)} go together in these points (correlation {value:.2f}): what one explains the "
        "other explains too. The shares do not add up."
        for one, other, value in pairs[:2]
    ]


def _brief(share: Share) -> str:
    inside = share.text or percent(_within(share.share))
    if not share.text and share.low == share.low:
        inside += f", {percent_interval(_within(share.low), _within(share.high))}"
    if share.note:
        inside += f"; {share.note}"
    return f"{shorten(share.name)} ({inside})"


def _within(share: float) -> float:
    return min(max(share, 0.0), 1.0)
