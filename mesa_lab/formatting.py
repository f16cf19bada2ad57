"""Numbers, counts, durations, sizes, names and values as text: for messages, tables, charts and pages alike."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "about",
    "cell_text",
    "duration",
    "label",
    "listing",
    "measure_label",
    "model_label",
    "number",
    "opening",
    "percent",
    "percent_interval",
    "plain",
    "plural",
    "records",
    "shorten",
    "show",
    "size_text",
    "unsigned_zero",
    "with_minus",
]

_STATISTIC: Final = re.compile(r"(\w+)\((\w+)(?:\.(\w+))?\)")
_MEANINGS: Final = {
    "sum": "total {} of {}",
    "mean": "mean {} of {}",
    "median": "median {} of {}",
    "sd": "standard deviation of {} of {}",
    "min": "smallest {} of {}",
    "max": "largest {} of {}",
}
_IN_WORDS: Final = re.compile(
    r"(^|[.!?] )(?=(?:number of|(?:total|mean|median|standard deviation of|smallest|largest) [\w ]+? of) (?:\w+ )?agents\b)([a-z])"
)
_SMALL: Final = {"A", "An", "And", "At", "By", "For", "In", "Of", "On", "Or", "The", "To", "With"}
_MEASURES: Final = {
    "steps": "Steps until the end",
    "time": "Simulated time at the end",
    "init_seconds": "Seconds of set-up",
    "run_seconds": "Seconds of running",
}


def label(name: str) -> str:
    """Return a parameter's or outcome's name as people read it.

    A name stays as the model declares it, so that it is the same on charts, in fields and sentences and in code; only statistics
    of agents are put into words.

    Example:
        >>> label("initial_sheep"), label("mean(Wolf.energy)"), label("R over S")
        ('initial_sheep', 'mean energy of Wolf agents', 'R over S')
    """
    match = _STATISTIC.fullmatch(name)
    if match is None:
        return name
    statistic, agent_type, attribute = match.groups()
    who = "agents" if agent_type == "Agent" else f"{agent_type} agents"
    if statistic == "count" and attribute is None:
        return f"number of {who}"
    if statistic in _MEANINGS and attribute is not None:
        return _MEANINGS[statistic].format(attribute.replace("_", " "), who)
    return name


def opening(text: str) -> str:
    """Return a title or sentences with a capital where one begins with a statistic of agents that `label` has put into words.

    A name that the model declares begins a sentence as it is.

    Example:
        >>> opening("mean energy of Wolf agents against initial_wolves"), opening("initial_wolves matters most.")
        ('Mean energy of Wolf agents against initial_wolves', 'initial_wolves matters most.')
    """
    return _IN_WORDS.sub(lambda found: found[1] + found[2].upper(), text)


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


def percent(share: float) -> str:
    """Return a share as a percentage with the digits that it deserves.

    Example:
        >>> percent(0.583), percent(0.004), percent(0.9996)
        ('58 %', '0.4 %', '99.96 %')
    """
    if not math.isfinite(share):
        return number(share)
    hundredths = share * 100
    digits = 0
    # Shares near 0 and 1 keep the digits that tell them from these.
    while (
        digits < 2
        and hundredths not in (0, 100)
        and min(abs(hundredths), abs(100 - hundredths)) < 10**-digits
    ):
        digits += 1
    return f"{_percent_figure(share, digits)} %"


def percent_interval(low: float, high: float) -> str:
    """Return an interval of shares.

    Example:
        >>> percent_interval(0.49, 0.66), percent_interval(0.001, 0.004), percent_interval(-0.02, 0.9976)
        ('49 to 66 %', '0.1 to 0.4 %', '−2 to 100 %')
    """
    digits = 0 if not math.isfinite(high - low) or high - low >= 0.02 else 1
    return f"{_percent_figure(low, digits)} to {_percent_figure(high, digits)} %"


def _percent_figure(share: float, digits: int) -> str:
    if not math.isfinite(share):
        return number(share)
    text = f"{share * 100:.{digits}f}"
    return with_minus(unsigned_zero(text.rstrip("0").rstrip(".") if "." in text else text))


def unsigned_zero(text: str) -> str:
    """Return 0 without the sign that rounding left it.

    Example:
        >>> unsigned_zero("-0.00"), unsigned_zero("-0.01")
        ('0.00', '-0.01')
    """
    return text.removeprefix("-") if not text.strip("-0.,") else text


def with_minus(text: str) -> str:
    """Return a number with the sign that print has for it.

    Example:
        >>> with_minus("-3"), with_minus("3")
        ('−3', '3')
    """
    return text.replace("-", "−") if text.startswith("-") else text


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


def listing(names: Sequence[str], most: int | None = None, last: str = "and") -> str:
    """Return names as a phrase.

    Args:
        names: What to name.
        most: How many parts the phrase has at most; None for all names.
        last: The word before the last part.

    Example:
        >>> listing(["a", "b", "c"]), listing(["a", "b"], last="or"), listing(["a", "b", "c", "d", "e", "f"], 4)
        ('a, b and c', 'a or b', 'a, b, c and 3 more')
    """
    if not names:
        return ""
    if most is not None and len(names) > most:
        *first, end = *names[: most - 1], f"{len(names) - most + 1} more"
    else:
        *first, end = names
    return f"{', '.join(first)} {last} {end}" if first else end


def duration(seconds: float) -> str:
    """Return a length of time as people say it.

    Example:
        >>> duration(0.04), duration(61), duration(7260)
        ('less than 1 s', '1 min 1 s', '2 h 1 min')
    """
    if seconds < 1:
        return "less than 1 s"
    whole = round(seconds)
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for place, (name, size) in enumerate(units):
        if whole >= size:
            first, rest = divmod(whole, size)
            if place == len(units) - 1:
                return f"{first} {name}"
            second = rest // units[place + 1][1]
            return f"{first} {name} {second} {units[place + 1][0]}" if second else f"{first} {name}"
    return f"{whole} s"


def about(seconds: float) -> str:
    """Return a time that is only an estimate, as coarse as it deserves.

    Example:
        >>> about(0.4), about(42), about(400), about(9000), about(500_000)
        ('less than a second', 'about 40 seconds', 'about 7 minutes', 'about 2.5 hours', 'about 5.8 days')
    """
    if seconds < 1:
        return "less than a second"
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            count = seconds / size
            said = f"{count:.1f}".removesuffix(".0") if count < 9.5 and size > 60 else f"{count:.0f}"
            return f"about {said} {name}" + ("" if said == "1" else "s")
    rounded = max(1, round(seconds)) if seconds < 10 else round(seconds / 5) * 5
    return f"about {rounded} second" + ("" if rounded == 1 else "s")


def size_text(size: float) -> str:
    """Return a number of bytes as people say it.

    Example:
        >>> size_text(300), size_text(85_000), size_text(3 * 2**20)
        ('300 bytes', '83 KiB', '3.0 MiB')
    """
    if size < 1024:
        return f"{size:.0f} bytes"
    value, unit = size / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"


def cell_text(value: Any) -> str:
    """Return a value as a table shows it: short, and without digits that say nothing.

    Example:
        >>> cell_text(0.30000000000000004), cell_text(20.0), cell_text(True), cell_text("Moore")
        ('0.3', '20', 'True', 'Moore')
    """
    if isinstance(value, float) and math.isnan(value):
        return "–"
    return shorten(value if isinstance(value, str) else show(value), 60)


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
