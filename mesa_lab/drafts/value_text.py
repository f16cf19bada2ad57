"""Values as people type them into a field, and back: `30`, `0.5`, `true`, `Moore`, `(1, 2)`.

A field holds text; a model wants numbers, words, booleans. What reads as a Python literal is one,
anything else that is a plain word is text, so that nobody has to quote the name of a choice. Nothing
is evaluated. Of forms and pages this module knows nothing.
"""

import ast
import math
import re
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Final

from mesa_lab.errors import ParameterError
from mesa_lab.formatting import shorten
from mesa_lab.preparation.limits import LISTED, VALUE_CHARACTERS, too_large

__all__ = [
    "join_values",
    "parse_number",
    "parse_value",
    "parse_values",
    "show_value",
    "show_values",
    "split_values",
    "value_text",
]

_WORDS: Final = {
    "true": True,
    "false": False,
    "none": None,
    "inf": math.inf,
    "-inf": -math.inf,
    "nan": math.nan,
}
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,300})(\.[0-9]{1,300})?", re.ASCII)
_COMMA: Final = re.compile(r"[+-]?\d+,\d+")
_OPENING: Final = "([{"
_CLOSING: Final = ")]}"
_QUOTES: Final = "'\""


def parse_value(text: str) -> Any:
    """Read one value.

    Raises:
        ParameterError: If the field is empty, or starts a list, tuple or quoted text that does not end.

    Example:
        >>> parse_value("30"), parse_value("true"), parse_value("Moore"), parse_value("'30'")
        (30, True, 'Moore', '30')
    """
    text = text.strip()
    if not text:
        raise ParameterError("Write a value.")
    if len(text) > VALUE_CHARACTERS:
        raise ParameterError(
            f"This value has {len(text):,} characters; at most {VALUE_CHARACTERS:,} are read."
        )
    if _NUMBER.fullmatch(text):  # as most values of a long table are
        return int(text) if text.lstrip("-").isdigit() else float(text)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        if text[0] in _OPENING + _QUOTES:
            raise ParameterError(
                f"'{text:.40}' cannot be read: close the bracket or the quote, or put quotes around it all."
            ) from None
        return text
    if large := too_large(value):
        raise ParameterError(f"'{text:.40}' has {large}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"'{text:.40}' is larger than any number that can be reckoned with.")
    if isinstance(value, int | float | str | tuple | list | dict) or value is None:
        return value
    return text  # a set, bytes or complex number: no model parameter is one, so it was meant as text


def parse_values(text: str, read: Callable[[str], Any] = parse_value) -> list[Any]:
    """Read several values, separated by commas, semicolons or new lines.

    Args:
        text: What was typed.
        read: Reads each of them.

    Raises:
        ParameterError: If one of them cannot be read, or there are too many.

    Example:
        >>> parse_values("50, 100, Moore, (1, 2)")
        [50, 100, 'Moore', (1, 2)]
    """
    parts = split_values(text)
    if len(parts) > LISTED:
        raise ParameterError(
            f"These are {len(parts):,} values; at most {LISTED:,} are read here. Upload a table of points instead."
        )
    return [read(part) for part in parts]


def split_values(text: str) -> list[str]:
    """Cut a list of values into texts; what stands in brackets or quotes stays whole.

    Example:
        >>> split_values("a, (1, 2); 'x, y'")
        ['a', '(1, 2)', "'x, y'"]
    """
    parts, start, depth, quote = [], 0, 0, ""
    last = {sign: text.rfind(sign) for sign in _QUOTES}  # a quote that nothing closes is a letter
    begun = False  # whether something stands in this part already
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote and text[place - 1] != "\\" else quote
        elif sign in _QUOTES and (depth > 0 or not begun):
            quote = sign if last[sign] > place else ""
        elif sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
        elif sign in ",;\n" and depth <= 0:
            parts.append(text[start:place])
            start, begun = place + 1, False
            continue
        begun = begun or not sign.isspace()
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def parse_number(text: str, *, whole: bool = False) -> int | float:
    """Read a number.

    Args:
        text: What was typed; spaces and underscores may group digits.
        whole: Take whole numbers only. `1e3` and `100.0` count as whole.

    Raises:
        ParameterError: If it is none, with the likely fix.

    Example:
        >>> parse_number("1e3", whole=True), parse_number("0.05"), parse_number("5")
        (1000, 0.05, 5)
    """
    what = "a whole number" if whole else "a number"
    if len(text) > VALUE_CHARACTERS:
        raise ParameterError(f"'{text:.40}…' is not {what}.")
    text = text.strip().replace("−", "-")
    if not text:
        raise ParameterError(f"Write {what}.")
    if _COMMA.fullmatch(text):
        raise ParameterError(
            f"'{text}' has a comma: write {text.replace(',', '.')} or {text.replace(',', '')}."
        )
    plain = text.replace("_", "").replace(" ", "")
    try:
        value: int | float = int(plain) if re.fullmatch(r"[+-]?\d{1,308}", plain) else float(plain)
    except ValueError:
        raise ParameterError(f"'{text:.40}' is not {what}.") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"'{text:.40}' is not {what}.")
    if whole and isinstance(value, float):
        if not value.is_integer():
            raise ParameterError(f"{text:.40} is not a whole number.")
        return int(value)
    return value


def show_value(value: Any) -> str:
    """Write a value so that `parse_value` reads it back.

    Example:
        >>> show_value("Moore"), show_value("30"), show_value(True), show_value((1, 2))
        ('Moore', "'30'", 'True', '(1, 2)')
    """
    if isinstance(value, Enum):
        value = value.name
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    return value if isinstance(value, str) and _reads_as_itself(value) else repr(value)


def show_values(values: Iterable[Any]) -> str:
    """Write several values so that `parse_values` reads them back.

    Example:
        >>> show_values([50, 100, "Moore"])
        '50, 100, Moore'
    """
    return join_values(show_value(value) for value in values)


def join_values(texts: Iterable[str]) -> str:
    """Put texts from `split_values` together again."""
    return ", ".join(texts)


def _reads_as_itself(text: str) -> bool:
    if not text or text[0] in _QUOTES or any(sign in text for sign in _OPENING + _CLOSING):
        return False
    return split_values(text) == [text] and parse_value(text) == text


def value_text(value: Any) -> str:
    """Return a parameter's value as a page shows it.

    Example:
        >>> value_text(0.1), value_text("Moore"), value_text(None)
        ('0.1', 'Moore', 'None')
    """
    return shorten(value if isinstance(value, str) else show_value(value), 60)
