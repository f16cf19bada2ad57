"""Claim: a statement about the results of an experiment, kept with it and checked again on every change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mesa_lab.errors import ClaimError, suggest
from mesa_lab.preparation.claims.parse import Statement, parse_claim
from mesa_lab.preparation.limits import NAME_CHARACTERS, shortened

__all__ = ["Claim", "parse_claims"]

_FIELDS = ("name", "holds")


@dataclass(frozen=True)
class Claim:
    """A statement about the results of an experiment.

    Attributes:
        name: What it says, in the words of its author.
        holds: The statement, in the language of claims: "sensitivity('Wolves').total['grass'] > 0.3".

    Raises:
        ClaimError: If the statement does not parse.

    Example:
        >>> Claim("wolves survive", "share('Wolves > 0', grass=True) > 0.9").statement.quantities[0].function
        'share'
    """

    name: str
    holds: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip() or len(self.name) > NAME_CHARACTERS:
            raise ClaimError(
                f'A claim needs a name, such as "predators need food", not {shortened(self.name)}.'
            )
        _ = self.statement

    @cached_property
    def statement(self) -> Statement:
        """The statement, parsed."""
        try:
            return parse_claim(self.holds)
        except ClaimError as error:
            raise ClaimError(f"The claim '{shortened(self.name)[1:-1]}': {error}") from None


def parse_claims(claims: Any) -> tuple[Claim, ...]:
    """Turn what a person writes into claims.

    Args:
        claims: Claims, their fields as mappings, or a mapping from name to statement.

    Raises:
        ClaimError: If one is malformed, or two have one name.

    Example:
        >>> [claim.name for claim in parse_claims({"many": "mean('happy') > 5"})]
        ['many']
    """
    if isinstance(claims, Mapping):
        found = [Claim(name, holds) for name, holds in claims.items()]
    elif isinstance(claims, Iterable) and not isinstance(claims, str):
        found = [_one(each) for each in claims]
    else:
        raise ClaimError(
            f'claims is {shortened(claims)}. Give a list such as [{{"name": "many", "holds": "mean(\'happy\') > 5"}}].'
        )
    seen: set[str] = set()
    for claim in found:
        if claim.name in seen:
            raise ClaimError(f"Two claims are named '{claim.name}'. Give each its own name.")
        seen.add(claim.name)
    return tuple(found)


def _one(given: Any) -> Claim:
    if isinstance(given, Claim):
        return given
    if not isinstance(given, Mapping):
        raise ClaimError(f"{shortened(given)} is no claim. Give its name and what holds.")
    for field in given:
        if field not in _FIELDS:
            raise ClaimError(f"A claim has no '{field}'.{suggest(str(field), _FIELDS)} It has: name, holds.")
    if "holds" not in given:
        raise ClaimError(f"The claim {shortened(given.get('name'))} does not say what holds.")
    return Claim(given.get("name") or str(given["holds"]), given["holds"])
