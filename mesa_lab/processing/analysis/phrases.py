"""Phrases: the pieces that the sentences of conclusions are made of, so that all of them speak alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from mesa_lab.formatting import (
    label,
    measure_label,
    number,
    percent,
    percent_interval,
    plural,
    shorten,
    unsigned_zero,
    with_minus,
)

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = [
    "agree",
    "and_list",
    "count_word",
    "figures",
    "held_fixed",
    "outcome_phrase",
    "p_value",
    "percent",
    "percent_interval",
    "quantity",
    "share_of_chance",
]

_WORDS: Final = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_FRACTIONS: Final = (
    (1 / 20, "a twentieth"),
    (1 / 10, "a tenth"),
    (1 / 8, "an eighth"),
    (1 / 5, "a fifth"),
    (1 / 4, "a quarter"),
    (1 / 3, "a third"),
    (2 / 5, "two fifths"),
    (1 / 2, "half"),
    (3 / 5, "three fifths"),
    (2 / 3, "two thirds"),
    (3 / 4, "three quarters"),
    (4 / 5, "four fifths"),
    (9 / 10, "nine tenths"),
)
_LONGEST: Final = 60
_MOST_HELD: Final = 8


def outcome_phrase(results: Reader, outcome: str) -> str:
    """Return an outcome as a sentence speaks of it, with when it was measured.

    A final value of runs that all went as far is one "after 200 steps", else "at the end of a run".
    """
    if outcome not in results.outcomes:
        return measure_label(outcome, results.outcomes)
    name = shorten(label(outcome), _LONGEST)
    if _over_time(results, outcome):
        return name
    steps = results.recorded("steps")[results.done].dropna()
    if len(steps) and steps.min() == steps.max() and steps.min() > 0:
        return f"{name} after {plural(int(steps.min()), 'step')}"
    return f"{name} at the end of a run"


def held_fixed(results: Reader) -> list[str]:
    """Say which parameters an answer about parameters is silent about, as they were held fixed, and at which values.

    Returns:
        One sentence; none where all parameters vary.
    """
    held = {name: text for name, text in results.held.items() if name not in results.parameters}
    if not held:
        return []
    named = list(held.items())[: _MOST_HELD if len(held) > _MOST_HELD + 1 else len(held)]
    pairs = [f"{shorten(name)} ({shorten(text, 20)})" for name, text in named]
    rest = len(held) - len(named)
    pairs += [f"{count_word(rest)} more"] if rest else []
    if len(held) == 1:
        return [
            f"What {pairs[0]} does: it was held fixed at this value, and the answer holds for this one alone."
        ]
    return [
        f"What {and_list(pairs)} do: they were held fixed at these values, and the answer holds for these alone."
    ]


def p_value(p: float) -> str:
    """Return a p-value as people read it.

    Example:
        >>> p_value(0.03217), p_value(1.3e-8)
        ('p = 0.0322', 'p < 0.0001')
    """
    return "p < 0.0001" if p < 0.0001 else f"p = {number(p, 3)}"


def _over_time(results: Reader, outcome: str) -> bool:
    """Whether an outcome says itself which steps it is about."""
    protocol = getattr(results.experiment, "protocol", None)
    for each in getattr(protocol, "outcomes", None) or ():
        if getattr(each, "name", None) == outcome:
            return bool(getattr(each, "over", None))
    return False


def agree(subject: str, verb: str) -> str:
    """Return a verb that agrees with an outcome: names of outcomes are often plural ("Wolves").

    Example:
        >>> agree("Wolves after 200 steps", "depend"), agree("happiness at the end of a run", "depend"), agree("happy", "move")
        ('depend', 'depends', 'moves')
        >>> agree("max of Wolves", "depend"), agree("deaths of the herd", "depend")
        ('depends', 'depend')
    """
    first = subject.split(" after ")[0].split(" at the end")[0].split(" of ")[0].rstrip()
    is_plural = first.endswith("s") and not first.endswith(("ss", "is", "us"))
    return verb if is_plural else f"{verb}s"


def figures(*values: float) -> list[str]:
    """Return an estimate and the ends of its interval with as many digits as the interval leaves certain.

    Args:
        values: The estimate, then what belongs to it; their range decides on the digits.

    Example:
        >>> figures(8.1234, 5.2, 11.0)
        ['8.1', '5.2', '11.0']
        >>> figures(-0.01234, -0.02, 0.001)
        ['−0.012', '−0.020', '0.001']
    """
    finite = [value for value in values if math.isfinite(value)]
    width = (max(finite) - min(finite)) / 2 if len(finite) > 1 else 0.0
    if width <= 0:
        return [with_minus(number(value)) for value in values]
    size = math.floor(math.log10(width))
    if size < -6 or size > 12:
        return [with_minus(number(value, 3)) for value in values]
    digits = max(0, 1 - size)
    if all(float(value).is_integer() for value in finite):
        digits = 0
    return [
        with_minus(unsigned_zero(f"{value:,.{digits}f}")) if math.isfinite(value) else number(value)
        for value in values
    ]


def quantity(value: float) -> str:
    """Return a number with three or so digits."""
    return with_minus(number(value, 3))


def and_list(parts: Sequence[str]) -> str:
    """Return parts as a phrase.

    Example:
        >>> and_list(["a", "b", "c"]), and_list(["a"])
        ('a, b and c', 'a')
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def count_word(count: int) -> str:
    """Return a small number as a word.

    Example:
        >>> count_word(2), count_word(31)
        ('two', '31')
    """
    return _WORDS[count] if 0 <= count < len(_WORDS) else f"{count:,}"


def share_of_chance(share: float, low: float = math.nan, high: float = math.nan) -> str:
    """Say in a sentence how much of all variation is chance.

    Example:
        >>> share_of_chance(0.21)
        'About a fifth of all variation is luck of the draw.'
        >>> share_of_chance(0.0)
        'Runs of one point do not differ: nothing is left to chance.'
    """
    if share <= 0:
        return "Runs of one point do not differ: nothing is left to chance."
    if share < 0.005:
        return "Hardly any variation is luck of the draw (below 0.5 %)."
    if share > 0.995:
        return "Nearly all variation is luck of the draw (above 99.5 %)."
    if share > 0.97:
        return f"Nearly all variation ({percent(share)}) is luck of the draw."
    near, word = min(_FRACTIONS, key=lambda pair: abs(pair[0] - share))
    interval = f" ({percent_interval(low, high)})" if math.isfinite(low) and math.isfinite(high) else ""
    if abs(near - share) <= 0.08 * share:
        return f"About {word} of all variation{interval} is luck of the draw."
    return f"{percent(share)} of all variation{interval} is luck of the draw."
