"""From the typed row of a parameter to the parameter: a range, levels, a distribution, a fixed value.

The model's description, when there is one, says what type a value has; the checks of ranges are the
core's own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.drafts.value_text import parse_number, parse_value, parse_values
from mesa_lab.errors import ParameterError

if TYPE_CHECKING:
    from mesa_lab.drafts.draft import Row
    from mesa_lab.drafts.field_errors import Mistakes
    from mesa_lab.preparation.models import ParameterInfo

__all__ = ["DEFAULT", "read_row", "read_value"]

DEFAULT: Final = object()
"""Stands for the model's own default, which an experiment does not repeat."""


def read_row(row: Row, info: ParameterInfo | None, mistakes: Mistakes) -> Any:
    """Return the parameter that a row describes; mistakes are noted at the row or at one of its fields.

    Returns:
        A parameter of the core, a plain value, `DEFAULT`, or None when there are mistakes.
    """
    place = f"parameters.{row.name}"
    if row.kind == "fixed":
        return _fixed(row, info, mistakes, f"{place}.fixed")
    if row.kind in ("real", "integer"):
        return mistakes.attempt(place, _range, row, mistakes, place)
    if row.kind in ("levels", "choice"):
        field = "levels" if row.kind == "levels" else "choices"
        return mistakes.attempt(f"{place}.{field}", _listed, row, getattr(row, field), info)
    if row.kind == "distribution":
        return _distribution(row, mistakes, place)
    mistakes.note(place, f"'{row.kind:.40}' is no way to vary a parameter.")
    return None


def read_value(text: str, info: ParameterInfo | None) -> Any:
    """Read one value, held against the model's type where that is plain.

    Raises:
        ParameterError: If it does not fit.
    """
    value = parse_value(text)
    kind = info.type if info is not None else "any"
    if kind == "str" and not isinstance(value, str) and value is not None:
        return text.strip()
    if kind in ("int", "float") and (isinstance(value, bool) or not isinstance(value, int | float)):
        return parse_number(text, whole=kind == "int")
    if kind == "int" and isinstance(value, float):
        return parse_number(text, whole=True)
    if kind == "bool" and not isinstance(value, bool):
        raise ParameterError(f"'{text.strip():.40}' is neither True nor False.")
    return value


def _fixed(row: Row, info: ParameterInfo | None, mistakes: Mistakes, place: str) -> Any:
    from mesa_lab.preparation.models import REQUIRED

    if row.fixed.strip():
        return mistakes.attempt(place, read_value, row.fixed, info)
    if info is not None and info.default is REQUIRED:
        mistakes.note(place, f"'{row.name}' has no default: give a value.")
    return DEFAULT


def _range(row: Row, mistakes: Mistakes, place: str) -> Any:
    from mesa_lab.preparation.parameters.space import Integer, Real

    whole = row.kind == "integer"
    low = mistakes.attempt(f"{place}.low", parse_number, row.low, whole=whole)
    high = mistakes.attempt(f"{place}.high", parse_number, row.high, whole=whole)
    step = mistakes.attempt(f"{place}.step", parse_number, row.step or "1", whole=True) if whole else 1
    if low is None or high is None or step is None:
        return None
    try:
        return Integer(low, high, step=step) if whole else Real(low, high, log=row.log)
    except ParameterError as error:  # which says what the arguments are called, not the fields
        said = re.sub(r"\b(low|high)\b", lambda found: {"low": "From", "high": "To"}[found[0]], str(error))
        raise ParameterError(said) from error


def _listed(row: Row, text: str, info: ParameterInfo | None) -> Any:
    from mesa_lab.preparation.parameters.space import Choice, Levels

    values = parse_values(text, lambda part: read_value(part, info))
    if not values:
        raise ParameterError("List the values, separated by commas.")
    return Levels(values) if row.kind == "levels" else Choice(values)


def _distribution(row: Row, mistakes: Mistakes, place: str) -> Any:
    from mesa_lab.preparation.parameters.space import from_distribution

    arguments = {
        name: mistakes.attempt(f"{place}.{name}", parse_number, text)
        for name, text in row.arguments
        if text.strip()
    }
    if None in arguments.values():
        return None
    return mistakes.attempt(f"{place}.distribution", from_distribution, row.distribution.strip(), **arguments)
