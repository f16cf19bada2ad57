"""What was typed for one outcome over time, and the phrase that it becomes among the outcomes of a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mesa_lab.drafts.value_text import parse_number
from mesa_lab.errors import MesaLabError, OutcomeError
from mesa_lab.preparation.outcome_kinds.over_time import CARRY, over_time
from mesa_lab.preparation.outcomes import typed_outcome

if TYPE_CHECKING:
    from mesa_lab.preparation.outcomes import Outcome

__all__ = ["FIRST", "Wish", "wanted", "wish_of"]

FIRST: Final = "first"
"""The statistic of an outcome that is the step at which a condition first holds."""


@dataclass(frozen=True)
class Wish:
    """What was typed for one outcome over time.

    Attributes:
        source: What is measured.
        statistic: One of those of outcomes over time, or "first".
        condition: The condition of "first".
        warm_up: The steps that are left out.
        carried: Whether a run that ends early counts on with its last value.
        name: What it is called; empty for what it says.
    """

    source: str = ""
    statistic: str = "mean"
    condition: str = ""
    warm_up: str = ""
    carried: bool = False
    name: str = ""

    def outcome(self) -> Outcome:
        """Return the outcome.

        Raises:
            MesaLabError: If something in it is wrong.

        Example:
            >>> Wish("infected", "max", warm_up="10").outcome().name
            'max of infected from step 10'
        """
        warm_up = parse_number(self.warm_up, whole=True) if self.warm_up.strip() else 0
        is_first = self.statistic == FIRST
        if is_first and not self.condition.strip():
            raise OutcomeError("Write the condition, such as infected == 0.")
        over = f"first {self.condition.strip()}" if is_first else self.statistic
        said = over_time(over, int(warm_up), CARRY if self.carried and not is_first else None)
        return typed_outcome(said.phrase(self.source), self.name)


def wish_of(outcome: tuple[str, str], reporters: tuple[str, ...] = ()) -> Wish | None:
    """Return what a draft's outcome says over time; None for one that is the value at the end, or is malformed.

    Example:
        >>> wish_of(("peak", "max of infected")).source, wish_of(("", "infected")) is None
        ('infected', True)
    """
    name, source = outcome
    try:
        made = typed_outcome(source, name, reporters)
    except MesaLabError:
        return None
    said = made.over_time
    if said is None:
        return None
    return Wish(
        made.text,
        said.statistic,
        said.condition.text if said.condition is not None else "",
        str(said.warm_up) if said.warm_up else "",
        said.carried,
        name,
    )


def wanted(wish: Wish) -> list[str]:
    """Return the names that a run must measure for an outcome over time.

    Example:
        >>> wanted(Wish("infected", "max")), wanted(Wish(statistic=FIRST, condition="Wolves == 0 and Sheep > 3"))
        (['infected'], ['Wolves', 'Sheep'])
    """
    try:
        said = wish.outcome().over_time
    except MesaLabError:
        return [wish.source]
    return list(said.condition.names) if said is not None and said.condition is not None else [wish.source]
