"""What a chart is: a name, a table and a drawing of it. The list in `charts/__init__.py` holds these."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.processing.tables.contents import in_one_snapshot

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["ChartKind", "readable"]


@dataclass(frozen=True)
class ChartKind:
    """One kind of chart.

    Attributes:
        name: What it is called in code.
        title: What it is called on a page.
        summary: One sentence on when to use it.
        table: Computes what is shown: `table(results, outcome, **options) -> DataFrame`.
        draw: Draws that: `draw(table, theme="light", width=…, height=…, interactive=True) -> altair chart`.
        parameters: How many varied parameters it needs.
    """

    name: str
    title: str
    summary: str
    table: Callable[..., pd.DataFrame]
    draw: Callable[..., Any]
    parameters: int = 0

    def __post_init__(self) -> None:
        # A table is made of several readings, and the study may be run meanwhile.
        object.__setattr__(self, "table", in_one_snapshot(self.table))

    @property
    def options(self) -> dict[str, Any]:
        """What can be chosen, with its default: the arguments of `table` after the outcome."""
        return dict(_options(self.table, 2))

    @property
    def looks(self) -> dict[str, Any]:
        """How it can be drawn, with the default: the arguments of `draw` after the table."""
        return dict(_options(self.draw, 1))

    def chart(self, results: Reader, outcome: str, **options: Any) -> alt.TopLevelMixin:
        """Compute the table and draw it.

        Raises:
            OutcomeError: If an option is unknown, or there is nothing to draw.
        """
        looks = self.looks
        for name in options:
            if name not in looks and name not in self.options:
                known = [*self.options, *looks]
                raise OutcomeError(
                    f"The {self.name} chart has no option '{name}'. There are: {', '.join(known)}.{suggest(name, known)}"
                )
        for name in ("width", "height"):
            size = options.get(name, looks.get(name))
            if size is not None and (
                isinstance(size, bool) or not isinstance(size, int | float) or size <= 0
            ):
                raise OutcomeError(f"{name} is {size!r}. Give a number of pixels above 0.")
        table = self.table(
            results, outcome, **{name: value for name, value in options.items() if name not in looks}
        )
        return self.draw(table, **{name: value for name, value in options.items() if name in looks})  # type: ignore[no-any-return]


def _options(function: Callable[..., Any], skip: int) -> list[tuple[str, Any]]:
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    return [(parameter.name, parameter.default) for parameter in parameters]


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """Return a chart's table as people read it: the columns that the chart speaks of, under their labels."""
    about = table.attrs["chart"]
    titles = about.get("listed") or about["columns"]
    shown = table[[name for name in titles if name in table]]
    if "listed" in about:  # what is said once per group, and repeated for each of its marks
        shown = shown.drop_duplicates(ignore_index=True)
    shown = shown.set_axis([titles[str(name)] for name in shown.columns], axis=1)
    shown.attrs = {}
    return shown
