"""How pages say numbers, counts, times and values; charts and tables have the same words."""

from __future__ import annotations

import math
from typing import Any

from mesa_lab.formatting import model_label, number, plural, shorten, show
from mesa_lab.running.progress import duration

__all__ = [
    "about",
    "cell_text",
    "duration",
    "listing",
    "model_label",
    "number",
    "plural",
    "shorten",
    "value_text",
]


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


def listing(names: list[str] | tuple[str, ...], last: str = "and") -> str:
    """Return names as a phrase.

    Example:
        >>> listing(["a", "b", "c"])
        'a, b and c'
    """
    *first, end = names or [""]
    return f"{', '.join(first)} {last} {end}" if first else end


def cell_text(value: Any) -> str:
    """Return a value as a table shows it: short, and without digits that say nothing.

    Example:
        >>> cell_text(0.30000000000000004), cell_text(20.0), cell_text(True), cell_text("Moore")
        ('0.3', '20', 'True', 'Moore')
    """
    if isinstance(value, float) and math.isnan(value):
        return "–"
    return shorten(value if isinstance(value, str) else show(value), 60)


def value_text(value: Any) -> str:
    """Return a parameter's value as a page shows it.

    Example:
        >>> value_text(0.1), value_text("Moore"), value_text(None)
        ('0.1', 'Moore', 'None')
    """
    from mesa_lab.drafts.value_text import show_value

    return shorten(value if isinstance(value, str) else show_value(value), 60)
