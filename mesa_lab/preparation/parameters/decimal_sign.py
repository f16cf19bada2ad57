"""Numbers as people write them in tables: with decimal commas, and thousands that are parted.

A value that is read as another one is worse than one that is refused: what can be read in two ways is told by the other numbers or named.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["decimal_sign", "is_number_text", "plain_number"]

_SPACES: Final = "'’\u0020\u00a0\u2009\u202f"
_PLAIN: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMMA: Final = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_EITHER: Final = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
"""1,234 and 1.234: a thousand and some, or one and some."""
_THOUSANDS: Final = {
    ".": re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?"),
    ",": re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?"),
}
"""By decimal sign the numbers whose thousands are parted by the other one."""
_SPACED: Final = re.compile(rf"[+-]?[1-9]\d{{0,2}}([{_SPACES}]\d{{3}})+([.,]\d*)?")


def is_number_text(cell: str) -> bool:
    """Whether a text is a number without parted thousands, whatever its sign of decimals.

    Example:
        >>> is_number_text("0,5"), is_number_text("day")
        (True, False)
    """
    return bool(_PLAIN.fullmatch(cell) or _COMMA.fullmatch(cell))


def decimal_sign(
    columns: Iterable[tuple[str, Sequence[str]]], lines: Sequence[int], separator: str
) -> tuple[str, str]:
    """Find out the sign of decimals from those numbers that can be read in one way only.

    Args:
        columns: The columns with their names.
        lines: The line of the file that each row is on.
        separator: What parts the columns.

    Returns:
        The sign, and what speaks against reading the numbers with it, as the end of a sentence; empty for nothing.

    Example:
        >>> decimal_sign([("x", ["0,5", "1,234"])], [2, 3], ";")
        (',', '')
    """
    told: dict[str, str] = {}
    doubtful = ""
    for name, column in columns:
        for line, cell in zip(lines, column, strict=True):
            sign = _told_by(cell)
            if not sign and not doubtful and _EITHER.fullmatch(cell):
                doubtful = f"'{cell}' in column '{name}', line {line}"
            if sign:
                told.setdefault(sign, f"'{cell}' in column '{name}', line {line}")
    problem = ""
    if len(told) > 1:
        problem = f"it has {told['.']}, and {told[',']}. Write all decimals with the same sign"
    elif not told and doubtful and separator != ",":
        # Where commas part columns, those within quotes part thousands.
        problem = (
            f"{doubtful} may be a whole number or one with decimals, and no other number tells. Write it without a sign for thousands, "
            "or with another number of decimals"
        )
    return next(iter(told), "."), problem


def plain_number(cell: str, decimal: str) -> str:
    """Return a number as Python writes it; any other text as it is.

    Args:
        cell: The text.
        decimal: The sign of decimals, "." or ",".

    Example:
        >>> plain_number("1.234,5", ",")
        '1234.5'
    """
    bare = re.sub(f"[{_SPACES}]", "", cell) if _SPACED.fullmatch(cell) else cell
    if _THOUSANDS[decimal].fullmatch(bare):
        bare = bare.replace("," if decimal == "." else ".", "")
    if decimal == "," and _COMMA.fullmatch(bare):
        bare = bare.replace(",", ".")
    return bare if _PLAIN.fullmatch(bare) else cell


def _told_by(cell: str) -> str:
    """The sign of decimals that a number has for certain; empty where it can be read in two ways, or needs none."""
    if _EITHER.fullmatch(cell):
        return ""
    if _SPACED.fullmatch(cell):
        return next((sign for sign in ".," if sign in cell), "")
    if _PLAIN.fullmatch(cell):
        return "." if "." in cell else ""
    if _COMMA.fullmatch(cell):
        return ","
    return next((sign for sign, form in _THOUSANDS.items() if form.fullmatch(cell)), "")
