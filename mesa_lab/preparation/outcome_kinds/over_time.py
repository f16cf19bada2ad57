"""Outcomes over time: one number for all steps of a run, such as the largest value or when it was reached.

What is said of an outcome over its steps is data here; the counting along a run is in `mesa_lab.running.collection.over_time`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.expressions.parse import Expression, compile_expression
from mesa_lab.preparation.limits import shortened

__all__ = ["CARRY", "STATISTICS", "STOP", "OverTime", "advice", "over_time", "read_phrase", "subject_of"]

STATISTICS: Final = ("mean", "max", "min", "sum", "sd", "time of max", "time of min")
CARRY: Final = "carry"
STOP: Final = "stop"

_FIRST: Final = re.compile(r"first\s+(?P<condition>.+)", re.DOTALL)
_QUOTED: Final = re.compile(r"(?P<quote>[\"'])(?P<inner>(?:(?!(?P=quote)).)*)(?P=quote)", re.DOTALL)
_PHRASE: Final = re.compile(
    r"(?P<over>first(?=\s)|(?:time\s+of\s+)?\w+)\s+(?P<of>of\s+)?(?P<source>.+?)"
    r"(?:\s+from\s+step\s+(?P<warm_up>\d{1,12}))?(?P<carry>\s+carried\s+on)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class OverTime:
    """What is said of an outcome over the steps of a run.

    Attributes:
        statistic: One of `STATISTICS`, or "first": the step at which a condition first holds.
        condition: That condition; None for a statistic.
        warm_up: Steps at the beginning that are left out.
        carried: Whether a run that ends before `max_steps` counts as going on with its last value.
    """

    statistic: str
    condition: Expression | None = None
    warm_up: int = 0
    carried: bool = False

    @property
    def over(self) -> str:
        """What is said of it, as it is written: "max", 'first Wolves == 0'."""
        return self.statistic if self.condition is None else f"first {self.condition.text}"

    def phrase(self, source: str) -> str:
        """Return what an outcome over time is called.

        Example:
            >>> over_time("mean", warm_up=100).phrase("infected"), over_time("first infected > 50").phrase("infected")
            ('mean of infected from step 100', 'first infected > 50')
        """
        text = self.over if self.condition is not None else f"{self.statistic} of {source}"
        text += f" from step {self.warm_up}" if self.warm_up else ""
        return text + (" carried on" if self.carried else "")


def over_time(over: Any, warm_up: Any = 0, after_end: Any = None) -> OverTime:
    """Check what is said of an outcome over time.

    Args:
        over: "mean", "max", "min", "sum", "sd", "time of max", "time of min", or 'first "Wolves == 0"'.
        warm_up: Steps at the beginning that are left out.
        after_end: What a run that stops itself before `max_steps` counts for afterwards: "stop" or None for nothing, "carry" for
            its last value.

    Raises:
        OutcomeError: If one of them is something else.

    Example:
        >>> over_time("time of max").statistic, over_time('first "Wolves == 0"').over
        ('time of max', 'first Wolves == 0')
    """
    if isinstance(warm_up, bool) or not isinstance(warm_up, int) or not 0 <= warm_up < 10**12:
        raise OutcomeError(
            f"warm_up is {shortened(warm_up)}. Give the number of steps that are left out, such as 100."
        )
    if after_end not in (None, STOP, CARRY):
        raise OutcomeError(
            f'after_end is {shortened(after_end)}. Write "carry" for runs that stop themselves to count with their last value until '
            'max_steps, or "stop".'
        )
    carried = after_end == CARRY
    text = " ".join(over.split()) if isinstance(over, str) else ""
    if text in STATISTICS:
        return OverTime(text, None, warm_up, carried)
    if text == "first" or (match := _FIRST.fullmatch(text)) is None:
        known = [*STATISTICS, 'first "condition"']
        near = "" if text == "first" else suggest(text, STATISTICS)
        raise OutcomeError(f"over is {shortened(over)}. There are: {', '.join(known)}.{near}")
    condition = match["condition"]
    if quoted := _QUOTED.fullmatch(condition):
        condition = quoted["inner"]
    said = OverTime("first", compile_expression(condition), warm_up, carried)
    subject_of(said)
    return said


def read_phrase(text: str) -> tuple[str, OverTime] | None:
    """Read what an outcome over time is called, as it is typed into a form.

    Args:
        text: Such as "max of infected", "mean of infected from step 100 carried on", "first infected > 50".

    Returns:
        The source and what is said of it; None where the text says nothing of time. The source of a condition is its first name.

    Raises:
        OutcomeError: If it speaks of a condition that has no name in it.
        ExperimentError: If a condition does not parse.

    Example:
        >>> read_phrase("max of infected")
        ('infected', OverTime(statistic='max', condition=None, warm_up=0, carried=False))
        >>> read_phrase("Wolves") is None
        True
    """
    match = _PHRASE.fullmatch(text.strip())
    if match is None:
        return None
    statistic, source = " ".join(match["over"].split()), match["source"].strip()
    warm_up, carry = int(match["warm_up"] or 0), CARRY if match["carry"] else None
    if statistic == "first":
        said = over_time(f"first {match['of'] or ''}{source}", warm_up, carry)
        return subject_of(said), said
    if not match["of"] or statistic not in STATISTICS:
        return None
    return source, over_time(statistic, warm_up, carry)


def subject_of(said: OverTime) -> str:
    """Return the name that a condition speaks of first.

    Raises:
        OutcomeError: If it speaks of none.
    """
    names = said.condition.names if said.condition is not None else ()
    if not names:
        raise OutcomeError(f"'{said.over}' names no outcome. Write one such as 'first \"Wolves == 0\"'.")
    return names[0]


def advice(statistic: str, subject: str) -> str:
    """Say how a statistic over the steps of a run is written, for who wrote it as one over agents.

    Example:
        >>> advice("max", "infected")
        ' Over the steps of a run: { outcome = "infected", over = "max" } in a file, ml.Outcome("infected", over="max") in Python.'
    """
    if statistic not in STATISTICS:
        return ""
    return (
        f' Over the steps of a run: {{ outcome = "{subject}", over = "{statistic}" }} in a file, '
        f'ml.Outcome("{subject}", over="{statistic}") in Python.'
    )
