"""Which outcome is looked at: one choice, among all that are numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import solara

from mesa_lab.app.components.controls import Choose
from mesa_lab.app.wording import shorten

__all__ = ["OutcomePicker", "settled"]


def settled(value: str, outcomes: Sequence[str]) -> str:
    """Return the outcome to show: the wanted one where there is such, else the first.

    Example:
        >>> settled("Wolfs", ["Sheep", "Wolves"])
        'Sheep'
    """
    return value if value in outcomes else next(iter(outcomes), "")


@solara.component
def OutcomePicker(value: str, on_value: Callable[[str], None], outcomes: Sequence[str]) -> None:
    """Choose an outcome.

    Args:
        value: The one that is shown.
        on_value: Called with another one.
        outcomes: All that can be shown.
    """
    items = [(name, shorten(name, 40)) for name in outcomes]
    Choose("Outcome", settled(value, outcomes), on_value, items, classes="ml-outcome")
