"""Values and names as people read them: labels, numbers, counts, and plain Python values for records."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["label", "listing", "model_label", "number", "plain", "plural", "records", "shorten", "show"]

_STATISTIC: Final = re.compile(r"(\w+)\((\w+)(?:\.(\w+))?\)")
_MEANINGS: Final = {
    "sum": "total {} of {}",
    "mean": "mean {} of {}",
    "median": "median {} of {}",
    "sd": "standard deviation of {} of {}",
    "min": "smallest {} of {}",
    "max": "largest {} of {}",
}
_SMALL: Final = {"A", "An", "And", "At", "By", "For", "In", "Of", "On", "Or", "The", "To", "With"}
_MEASURES: Final = {
    "steps": "Steps until the end",
    "time": "Simulated time at the end",
    "init_seconds": "Seconds of set-up",
    "run_seconds": "Seconds of running",
}


def label(name: str) -> str:
    """Return a parameter's or outcome's name as an axis shows it.

    Example:
        >>> label("initial_sheep"), label("mean(Wolf.energy)"), label("R over S")
        ('initial sheep', 'mean energy of Wolf agents', 'R over S')
    """
    match = _STATISTIC.fullmatch(name)
    if match is None:
        return name.replace("_", " ").strip() or name if name.isidentifier() else name
    statistic, agent_type, attribute = match.groups()
    who = "agents" if agent_type == "Agent" else f"{agent_type} agents"
    if statistic == "count" and attribute is None:
        return f"number of {who}"
    if statistic in _MEANINGS and attribute is not None:
        return _MEANINGS[statistic].format(attribute.replace("_", " "), who)
    return name


def model_label(model: str) -> str:
    """Return a model's name as people read it.

    Args:
        model: The name of its class, or the reference by which it is found.

    Example:
        >>> model_label("WolfSheep"), model_label("mesa.examples:ConwaysGameOfLife"), model_label("fire.py:SIRModel")
        ('Wolf Sheep', 'Conways Game of Life', 'SIR Model')
    """
    name = model.rpartition(":")[2]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", name).split()
    return (
        " ".join(word.lower() if place and word in _SMALL else word for place, word in enumerate(words))
        or name
    )


def measure_label(name: str, outcomes: Sequence[str]) -> str:
    """Return the label of an outcome, or of what is recorded of each run."""
    return _MEASURES[name] if name in _MEASURES and name not in outcomes else label(name)


def number(value: float, digits: int = 4) -> str:
    """Return a number with sensible digits.

    Example:
        >>> number(0.123456), number(1234567.0), number(3.0), number(2.5e-7)
        ('0.1235', '1,234,567', '3', '2.5e-07')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size > 12:
        return f"{value:.{digits}g}"
    text = f"{value:,.{max(digits - 1 - size, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def show(value: Any) -> str:
    """Return any value as a table cell shows it.

    Example:
        >>> show(True), show(0.30000000000000004), show(None), show("x")
        ('True', '0.3', 'None', 'x')
    """
    if isinstance(value, str):
        return value
    value = plain(value, keep_nan=True)
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return str(value)
    return number(value) if isinstance(value, float) else str(value)


def shorten(text: str, most: int = 40) -> str:
    """Cut a long text in the middle, where names differ least.

    Example:
        >>> shorten("a" * 30 + "b" * 30, 9)
        'aaaa…bbbb'
    """
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[len(text) - (most - 1 - half) :]}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun.

    Example:
        >>> plural(1, "run"), plural(1200, "run")
        ('1 run', '1,200 runs')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listing(names: Sequence[str], most: int = 4) -> str:
    """Return names as a phrase.

    Example:
        >>> listing(["a", "b", "c"]), listing(["a", "b", "c", "d", "e", "f"])
        ('a, b and c', 'a, b, c and 3 more')
    """
    if len(names) > most:
        shown, last = list(names[: most - 1]), f"{len(names) - most + 1} more"
    else:
        shown, last = list(names[:-1]), names[-1] if names else ""
    return f"{', '.join(shown)} and {last}" if shown else last


def plain(value: Any, *, keep_nan: bool = False) -> Any:
    """Return a cell as a plain Python value, None where it is missing."""
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if type(value).__name__ in ("NAType", "NaTType"):
        return math.nan if keep_nan else None
    if isinstance(value, float) and math.isnan(value) and not keep_nan:
        return None
    return value


def records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield each row as a dict of plain values."""
    names = [str(name) for name in frame.columns]
    columns = [[plain(value) for value in frame.iloc[:, position]] for position in range(frame.shape[1])]
    for row in zip(*columns, strict=True):
        yield dict(zip(names, row, strict=True))
