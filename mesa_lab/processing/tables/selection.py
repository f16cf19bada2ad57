"""Which points and runs are meant by their numbers: one that a study does not have is a mistake, not an empty table.

This module knows numbers, and no study.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ParameterError
from mesa_lab.formatting import plural

__all__ = ["check_known", "numbers_of"]

_NAMED: Final = 8
_TOO_LARGE: Final = 2**63


def numbers_of(wanted: int | Iterable[int], what: str) -> npt.NDArray[np.int64]:
    """Return the numbers that a person gave, one or several.

    Args:
        wanted: A number, or any collection of numbers.
        what: Of what: "point" or "run".

    Raises:
        ParameterError: If they are no whole numbers, such as a mask of yes and no.

    Example:
        >>> numbers_of(3, "run").tolist(), numbers_of([0, 2.0], "run").tolist()
        ([3], [0, 2])
    """
    given: Any = wanted
    several = (
        isinstance(given, Iterable)
        and not isinstance(given, str | bytes)
        and getattr(given, "shape", None) != ()
    )
    listed = list(given) if several else [given]
    wrong = [each for each in listed if not _is_whole(each)]
    if wrong:
        raise ParameterError(f"{wrong[0]!r} is no number of a {what}. Give one such as 0, or a list: [0, 3].")
    return np.array(listed, np.int64)


def number_of(wanted: int, what: str) -> int:
    """Return the one number that a person gave.

    Args:
        wanted: The number.
        what: Of what: "point" or "run".

    Raises:
        ParameterError: If it is no whole number, or not one.

    Example:
        >>> number_of(2.0, "run")
        2
    """
    numbers = numbers_of(wanted, what)
    if len(numbers) != 1:
        raise ParameterError(f"{wanted!r} is not one {what}. Give its number, such as 0.")
    return int(numbers[0])


def check_known(numbers: npt.NDArray[np.int64], known: npt.NDArray[np.int64], what: str) -> None:
    """Refuse numbers that there are not.

    Args:
        numbers: What was asked for.
        known: All that there are.
        what: Of what: "point" or "run".

    Raises:
        ParameterError: If some are unknown; it names them and the range that there is.
    """
    unknown = np.setdiff1d(numbers, known).tolist()
    if not unknown:
        return
    named = ", ".join(map(str, unknown[:_NAMED]))
    named += f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else ""
    missing = f"is no {what}" if len(unknown) == 1 else f"are no {what}s"
    raise ParameterError(f"There {missing} {named}. The study has {_extent(known, what)}.")


def _extent(known: npt.NDArray[np.int64], what: str) -> str:
    count = plural(len(known), what)
    if not len(known):
        return f"no {what}s"
    low, high = int(known.min()), int(known.max())
    if low == high:
        return f"{count}, of number {low}"
    # A shard has gaps, and so have points of which some are no longer asked for.
    gaps = "" if high - low < len(known) else ", with gaps"
    return f"{count}, numbered from {low} to {high}{gaps}"


def _is_whole(value: object) -> bool:
    if isinstance(value, bool | np.bool_):
        return False
    if isinstance(value, float | np.floating):
        return float(value).is_integer() and abs(float(value)) < _TOO_LARGE
    return isinstance(value, int | np.integer) and abs(int(value)) < _TOO_LARGE
