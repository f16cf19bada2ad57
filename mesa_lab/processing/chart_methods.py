"""Charts as a method of results, with the options of each kind: what an editor completes and a type checker holds.

What is drawn is in `charts/`; a chart of another package is drawn by `find_chart("its name").chart(results, outcome)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from mesa_lab.processing.tables.column_reader import Reader

if TYPE_CHECKING:
    import altair as alt

__all__ = ["ChartName", "Charted"]

type ChartName = Literal["series", "effect", "heatmap", "distribution", "design", "outcomes"]
type ThemeName = Literal["light", "dark"]


class Charted(Reader):
    """Results that can be drawn."""

    @overload
    def chart(
        self,
        kind: Literal["series"],
        outcome: str | None = None,
        *,
        by: str | None = None,
        points: Sequence[int] | None = None,
        band: Literal["interval", "spread"] = "interval",
        runs: bool = False,
        level: float = 0.95,
        theme: ThemeName = "light",
        width: int = 560,
        height: int = 300,
        interactive: bool = True,
    ) -> alt.TopLevelMixin: ...
    @overload
    def chart(
        self,
        kind: Literal["effect"],
        outcome: str | None = None,
        *,
        parameter: str | None = None,
        by: str | None = None,
        level: float = 0.95,
        theme: ThemeName = "light",
        width: int = 560,
        height: int = 300,
        interactive: bool = True,
    ) -> alt.TopLevelMixin: ...
    @overload
    def chart(
        self,
        kind: Literal["heatmap"],
        outcome: str | None = None,
        *,
        x: str | None = None,
        y: str | None = None,
        bins: int | None = None,
        theme: ThemeName = "light",
        width: int = 480,
        height: int | None = None,
        interactive: bool = True,
    ) -> alt.TopLevelMixin: ...
    @overload
    def chart(
        self,
        kind: Literal["distribution"],
        outcome: str | None = None,
        *,
        by: str | None = None,
        points: Sequence[int] | None = None,
        theme: ThemeName = "light",
        width: int = 560,
        height: int | None = None,
        interactive: bool = True,
    ) -> alt.TopLevelMixin: ...
    @overload
    def chart(
        self,
        kind: Literal["design"],
        outcome: str | None = None,
        *,
        parameters: Sequence[str] | None = None,
        theme: ThemeName = "light",
        width: int = 560,
        height: int | None = None,
        interactive: bool = True,
    ) -> alt.TopLevelMixin: ...
    @overload
    def chart(
        self,
        kind: Literal["outcomes"],
        outcome: str | None = None,
        *,
        outcomes: Sequence[str] | None = None,
        points: Sequence[int] | None = None,
        panels: bool | None = None,
        band: Literal["interval", "spread"] = "interval",
        level: float = 0.95,
        theme: ThemeName = "light",
        width: int = 560,
        height: int = 300,
        interactive: bool = True,
    ) -> alt.TopLevelMixin: ...

    def chart(self, kind: str, outcome: str | None = None, **options: Any) -> alt.TopLevelMixin:
        """Draw a chart.

        Args:
            kind: "series", "effect", "heatmap", "distribution", "design" or "outcomes" (see `mesa_lab.processing.charts`).
            outcome: What to show; None takes the first outcome.
            options: Those of the chart, such as `parameter="density"`, `by="minority_pc"` or `theme="dark"`.

        Returns:
            An altair chart. Charts can be put together: `a + b` on each other, `a | b` side by side, `a & b` one above the
            other, `a.facet("group:N")` by a column of its table.

        Raises:
            OutcomeError: If the outcome or the kind of chart is unknown.
        """
        from mesa_lab.processing.charts import find_chart

        with self.snapshot():
            if outcome is None:
                outcome = self.first_outcome()
            return find_chart(kind).chart(self, outcome, **options)
