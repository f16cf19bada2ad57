"""Limits of what is read and worked out from texts that others wrote: links, files, fields of a page, expressions.

A text of a few characters can ask for more than a machine has: `9 ** 9 ** 9`, a design of 10 to the 11 points, a key of
20,000 parts. What is read grows with the length of its text and no faster; what remains is bounded by the numbers here,
before it is worked out. What is not quick even so is worked out in a process of its own (`limited_process`). All numbers
stand here, so that the guides and the messages say the same (docs/security.md).
"""

from collections.abc import Mapping
from typing import Any, Final

__all__ = [
    "BY_ROW",
    "CELLS",
    "CONSTRAINTS",
    "COUNT",
    "DESIGNS",
    "DESIGN_DEPTH",
    "EXPRESSION_CHARACTERS",
    "EXPRESSION_DEPTH",
    "EXPRESSION_PARTS",
    "FILE_BYTES",
    "KEY_PARTS",
    "LARGEST_SEED",
    "LISTED",
    "NAME_CHARACTERS",
    "NESTING",
    "OUTCOMES",
    "OWN_PROCESS_SECONDS",
    "OWN_RUNS",
    "PARAMETERS",
    "POINTS",
    "PROCESS_BYTES",
    "PROCESS_SECONDS",
    "ROUND_DIGITS",
    "RUNS",
    "SIZE",
    "VALUE_CHARACTERS",
    "WHOLE_BITS",
    "shortened",
    "too_large",
]

# ---------------------------------------------------------------- everywhere

EXPRESSION_CHARACTERS: Final = 1_000
"""Characters of a constraint or a stop rule."""

EXPRESSION_PARTS: Final = 500
"""Numbers, names and operations in an expression: the work for each row."""

EXPRESSION_DEPTH: Final = 100
"""Operations within operations."""

WHOLE_BITS: Final = 1_024
"""Bits of a whole number, about 308 digits: as large as the largest float."""

ROUND_DIGITS: Final = 300
"""Digits, before or behind the point, that `round` may keep."""

BY_ROW: Final = 50_000_000
"""Parts of an expression, times rows, where it cannot be worked out for whole columns at a time."""

COUNT: Final = 2**63 - 1
"""The largest number of steps, replications and the like: what a study file can hold."""

LARGEST_SEED: Final = 2**WHOLE_BITS - 1
"""The seed of an experiment, from which those of its runs are hashed, and of a run that another tool made."""

SIZE: Final = 10**15
"""The largest size of a design that is given as a number; memory ends long before."""

NAME_CHARACTERS: Final = 1_000
"""Characters of a parameter's or an outcome's name."""

NESTING: Final = 50
"""Lists and tables within each other, in a file and in a value."""

KEY_PARTS: Final = 10
"""Parts of a dotted key in an experiment file."""

DESIGN_DEPTH: Final = 10
"""Designs within designs."""

# ---------------------------------------------------------------- links, uploads and fields of a page

FILE_BYTES: Final = 5_000_000
"""An experiment file or a table that is uploaded, or a table that is pasted."""

PARAMETERS: Final = 200
"""Parameters of a design on a page, and columns of a table there."""

OUTCOMES: Final = 200
"""Outcomes, and attributes of agents, of a design on a page."""

CONSTRAINTS: Final = 100
"""Constraints of a design on a page."""

DESIGNS: Final = 200
"""Designs in a union on a page, those within each other counted too."""

LISTED: Final = 10_000
"""Values typed into one field."""

VALUE_CHARACTERS: Final = 10_000
"""Characters of one value."""

POINTS: Final = 100_000
"""Points that a page makes and shows, and rows of a table there."""

CELLS: Final = 1_000_000
"""Points times parameters that a page makes and shows; cells of a table there."""

RUNS: Final = 1_000_000
"""Runs of a study on a server for others."""

OWN_RUNS: Final = 50_000_000
"""Runs of a study that is started from a page of one's own app."""

# ---------------------------------------------------------------- the process for what is not quick

PROCESS_SECONDS: Final = 20
"""Seconds of the processor."""

OWN_PROCESS_SECONDS: Final = 600
"""The same where the app is one person's, who starts a study: a large design is theirs to wait for."""

PROCESS_BYTES: Final = 4 * 2**30
"""Memory that it may ask the system for."""


def too_large(data: Any) -> str:
    """Return what is too large in plain data from elsewhere: how deep it is nested, or a number; an empty text if nothing is.

    Example:
        >>> too_large({"a": [1, 2**2000]})
        'a whole number of more than 1024 bits'
    """
    waiting: list[tuple[Any, int]] = [
        (data, 0)
    ]  # a list of our own, as Python's calls would nest no deeper than the data
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, int) and value.bit_length() > WHOLE_BITS:
            return f"a whole number of more than {WHOLE_BITS} bits"
        if not isinstance(value, Mapping | list | tuple):
            continue
        if depth == NESTING:
            return f"more than {NESTING} lists or tables within each other"
        inner = value.values() if isinstance(value, Mapping) else value
        waiting += [(item, depth + 1) for item in inner]
    return ""


def shortened(value: object, characters: int = 60) -> str:
    """Return a value as it stands in a message, its end left out where it is long.

    Example:
        >>> shortened("x" * 100, 10)
        "'xxxxxxxxx…"
    """
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > WHOLE_BITS:
        return f"a number of {value.bit_length():,} bits"  # Python refuses to write it
    if isinstance(value, str):
        value = value[: characters + 1]  # escaping all of a long one takes its time
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"
    return text if len(text) <= characters else f"{text[:characters]}…"
