"""Verdicts on claims: holds, fails, or cannot be told yet, with the interval that says so.

A claim holds where the whole interval of its quantity is on the right side of its number, and fails where the whole interval is
on the other; in between it cannot be told yet. Statements that are joined follow the logic of three values (Kleene 1938).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import number, plural
from mesa_lab.preparation.claims.claim import Claim
from mesa_lab.preparation.claims.parse import Comparison, Joined, Negated, Statement
from mesa_lab.processing.analysis.phrases import figures
from mesa_lab.processing.claims.quantities import Estimate, estimate

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["CANNOT_TELL", "FAILS", "HOLDS", "Checked", "check_claims"]

HOLDS: Final = "holds"
FAILS: Final = "fails"
CANNOT_TELL: Final = "cannot tell yet"


@dataclass(frozen=True)
class Checked:
    """What results say of a claim.

    Attributes:
        name: The claim's name.
        holds: Its statement, as it was written.
        verdict: "holds", "fails" or "cannot tell yet".
        reasons: For each comparison what was found, one sentence each.
        parts: For each comparison its quantity, estimate, interval, runs and verdict.
    """

    name: str
    holds: str
    verdict: str
    reasons: tuple[str, ...] = ()
    parts: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, ready for JSON."""
        return {
            "name": self.name,
            "holds": self.holds,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "parts": [
                {
                    name: None if isinstance(value, float) and not math.isfinite(value) else value
                    for name, value in part.items()
                }
                for part in self.parts
            ],
        }


def check_claims(results: Reader, claims: Sequence[Claim]) -> list[Checked]:
    """Check claims against results.

    Args:
        results: The results.
        claims: The claims.

    Raises:
        ClaimError: If a claim names a question, column or row that there is not.
        OutcomeError: If it names an outcome or an option that there is not.
        ParameterError: If it names a parameter or a level that there is not.
    """
    return [_checked(results, claim) for claim in claims]


def _checked(results: Reader, claim: Claim) -> Checked:
    found: list[_Found] = []
    verdict = _verdict(results, claim.statement, found)
    return Checked(
        claim.name,
        " ".join(claim.holds.split()),
        {True: HOLDS, False: FAILS, None: CANNOT_TELL}[verdict],
        _reasons(found),
        tuple(part for part, _, _ in found),
    )


type _Found = tuple[dict[str, Any], str, str]
"""A comparison, what was found of its quantity, and what that says of its number."""


def _reasons(found: list[_Found]) -> tuple[str, ...]:
    """One sentence for each quantity, however many numbers it is compared with (as in 0.2 < mean('y') < 0.4)."""
    said: dict[str, dict[str, None]] = {}
    for _, what, against in found:
        said.setdefault(what, {}).update({against: None} if against else {})
    return tuple(
        f"{what}: {'; '.join(against)}." if against else what if what.endswith(".") else f"{what}."
        for what, against in said.items()
    )


def _verdict(results: Reader, statement: Statement, found: list[_Found]) -> bool | None:
    match statement:
        case Joined():
            # All parts are looked at, so that all reasons are there.
            parts = [_verdict(results, part, found) for part in statement.parts]
            deciding = not statement.all_of
            if deciding in parts:
                return deciding
            return None if None in parts else not deciding
        case Negated():
            inner = _verdict(results, statement.part, found)
            return None if inner is None else not inner
        case Comparison():
            return _compared(results, statement, found)


def _compared(results: Reader, asked: Comparison, found: list[_Found]) -> bool | None:
    part: dict[str, Any] = {"quantity": asked.quantity.text, "symbol": asked.symbol, "number": asked.number}
    try:
        known = estimate(results, asked.quantity)
    except ConclusionError as error:
        found.append(({**part, "verdict": CANNOT_TELL}, f"{asked.quantity.text}: {error}", ""))
        return None
    verdict = _side(known, asked)
    said = {True: HOLDS, False: FAILS, None: CANNOT_TELL}[verdict]
    part |= {"estimate": known.value, "low": known.low, "high": known.high, "n": known.n, "verdict": said}
    found.append((part, _what_is(known, asked), _against(known, asked, verdict)))
    return verdict


def _side(known: Estimate, asked: Comparison) -> bool | None:
    """On which side of the number the whole interval is; None where it is on both."""
    ends = (known.low, known.high)
    if not all(math.isfinite(end) for end in ends):
        return None
    sides = {_holds(end, asked.symbol, asked.number) for end in ends}
    return sides.pop() if len(sides) == 1 else None


def _holds(value: float, symbol: str, limit: float) -> bool:
    return {"<": value < limit, "<=": value <= limit, ">": value > limit, ">=": value >= limit}[symbol]


def _what_is(known: Estimate, asked: Comparison) -> str:
    if known.exact:
        return f"{asked.quantity.text} is {number(known.value)}, without an interval."
    value, low, high = figures(known.value, known.low, known.high)
    n = f", {plural(known.n, 'run')}" if known.n else ""
    if not math.isfinite(known.low):
        return (
            f"{asked.quantity.text} is {value}, and nothing can be said of chance{n}: run more replications."
        )
    return f"{asked.quantity.text} is {value} ({low} to {high}{n})"


def _against(known: Estimate, asked: Comparison, verdict: bool | None) -> str:
    """What that says of the number that it is compared with; empty where it holds, or nothing is said of chance."""
    if known.exact or not math.isfinite(known.low) or verdict:
        return ""
    if verdict is None:
        return f"the interval holds {number(asked.number)}{_more(known, asked)}"
    return f"all of it is {'above' if known.value > asked.number else 'below'} {number(asked.number)}"


def _more(known: Estimate, asked: Comparison) -> str:
    """Say about how many times as many runs would tell, if what is seen is right."""
    distance, half = abs(known.value - asked.number), (known.high - known.low) / 2
    if not (distance > 0 and half > 0):
        return ""
    times = (half / distance) ** 2
    if times > 1000:
        return ", so closely that more runs will hardly tell"
    return f" (about {number(math.ceil(10 * times) / 10, 2)} times as many runs would tell, if what is seen is right)"
