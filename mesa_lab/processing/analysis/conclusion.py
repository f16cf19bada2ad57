"""Conclusion: an answer to a question about a study, with its uncertainty, and what to run next.

Plain data with a little presentation. It does not know how an answer was computed (one file per question does), and
it reads no study.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mesa_lab.errors import MesaLabError, OutcomeError, suggest
from mesa_lab.formatting import opening, plain, records
from mesa_lab.processing.tables.html_table import html_table

if TYPE_CHECKING:
    import altair as alt

    from mesa_lab.preparation.experiment import Experiment

__all__ = ["Conclusion", "ConclusionChart"]

_MOST_ROWS: Final = 12
"""Rows of the table that a notebook shows; `Conclusion.table` has all."""


@dataclass(frozen=True, eq=False)
class ConclusionChart:
    """One chart of a conclusion: what it shows, and how that is drawn.

    Attributes:
        name: What it is called in code, such as "pareto".
        title: What it is called on a page.
        table: The rows that it shows, with its caption in `attrs["chart"]` (`mesa_lab.processing.charts.caption`).
        draw: Draws them: `draw(table, theme="light", width=…, height=…, interactive=True) -> altair chart`.
    """

    name: str
    title: str
    table: pd.DataFrame
    draw: Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Conclusion:
    """An answer to a question about a study.

    Attributes:
        name: The question in one word, as its method of `Results` is called, such as "sensitivity".
        question: The question in words, such as "Which parameters matter?".
        outcome: What it is about: the name of an outcome, or an event such as `"Wolves == 0"`.
        sentence: The answer in plain language, with numbers, interval and n.
        table: The numbers behind it: one row per parameter, pair, term, point or box.
        charts: Its charts, the most telling first; `chart` draws them.
        tables: Further tables by name, such as "anova".
        warnings: What a methodologist would object to, one sentence each.
        method: The method by name, and its source.
        values: Single numbers by name, such as `share_of_chance` or `dummy`; NaN where they cannot be said.
        unknown: What the data cannot say, one sentence each.
        next: An experiment that would answer better; None when nothing would be gained.
        next_runs: How many runs that takes, beyond those that are there.
        next_sentence: The same in words; it may also say what to do where no experiment can be given.
        next_grows: Whether it extends this study (`ml.run(conclusion.next, "the same.study")` keeps all runs) or is one of
            its own.
        next_in_proportion: Whether it is worth its runs; where it is not, no page offers it.

    Example:
        >>> answer = Conclusion(
        ...     "mean", "How much?", "happy", "On average 3 (2 to 4, n = 9).", pd.DataFrame({"mean": [3.0]})
        ... )
        >>> print(answer)
        How much?
        On average 3 (2 to 4, n = 9).
    """

    name: str
    question: str
    outcome: str
    sentence: str
    table: pd.DataFrame
    charts: Sequence[ConclusionChart] = ()
    warnings: Sequence[str] = ()
    method: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    unknown: Sequence[str] = ()
    next: Experiment | None = None
    next_runs: int = 0
    next_sentence: str = ""
    next_grows: bool = True
    next_in_proportion: bool = True
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "charts", tuple(self.charts))
        for name in ("sentence", "next_sentence"):
            object.__setattr__(self, name, opening(getattr(self, name)))
        for name in ("warnings", "unknown"):
            object.__setattr__(self, name, tuple(opening(text) for text in getattr(self, name)))
        values = {name: plain(value, keep_nan=True) for name, value in self.values.items()}
        object.__setattr__(self, "values", MappingProxyType(values))
        object.__setattr__(self, "tables", MappingProxyType(dict(self.tables)))

    def chart(self, kind: str | None = None, **options: Any) -> alt.TopLevelMixin:
        """Draw a chart of it.

        Args:
            kind: Which of `charts`, by its name; None takes the first.
            options: How to draw it: `theme` ("light" or "dark"), `width`, `height`, `interactive`.

        Returns:
            An altair chart.

        Raises:
            OutcomeError: If there is no such chart.
        """
        known = [chart.name for chart in self.charts]
        if not known:
            raise OutcomeError(
                f"The conclusion about '{self.outcome}' has no chart: there is nothing to draw."
            )
        if kind is None:
            kind = known[0]
        for chart in self.charts:
            if chart.name == kind:
                return chart.draw(chart.table, **options)  # type: ignore[no-any-return]
        raise OutcomeError(
            f"The conclusion has no chart '{kind}'. There are: {', '.join(known)}.{suggest(str(kind), known)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the conclusion as plain values, ready for JSON: no NaN or infinity, which JSON does not have.

        Returns:
            What the attributes hold, `table` as a list of rows, and `next` as the fields of its experiment file.
        """
        return {
            "name": self.name,
            "question": self.question,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "values": {name: _json(value) for name, value in self.values.items()},
            "table": _rows(self.table),
            "tables": {name: _rows(table) for name, table in self.tables.items()},
            "warnings": list(self.warnings),
            "unknown": list(self.unknown),
            "method": self.method,
            "next": {
                "sentence": self.next_sentence,
                "runs": self.next_runs,
                "grows": self.next_grows,
                "experiment": _experiment_fields(self.next),
            },
        }

    def __str__(self) -> str:
        parts = [self.question, self.sentence]
        parts += [f"! {warning}" for warning in self.warnings]
        parts += [f"Not known: {unknown}" for unknown in self.unknown]
        if self.next_sentence:
            parts.append(f"Next: {self.next_sentence}")
        if self.method:
            parts.append(f"Method: {self.method}")
        return "\n".join(parts)

    def __repr__(self) -> str:
        return f"<Conclusion {self.name} of {self.outcome}: {self.sentence}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        """Return sentence, chart and table; all text of the user is escaped, and the chart is a picture that runs nothing."""
        lines = [f"<p><strong>{escape(self.question)}</strong><br>{escape(self.sentence)}</p>"]
        lines += [f"<p>⚠ {escape(warning)}</p>" for warning in self.warnings]
        lines.append(self._picture())
        if not self.table.empty:
            lines.append(html_table(self.table, _MOST_ROWS, "row"))
        lines += [f"<p>Not known: {escape(unknown)}</p>" for unknown in self.unknown]
        if self.next_sentence:
            lines.append(f"<p>Next: {escape(self.next_sentence)}</p>")
        if self.method:
            lines.append(f"<p><small>{escape(self.method)}</small></p>")
        return f"<div>{''.join(lines)}</div>"

    def _picture(self) -> str:
        from mesa_lab.processing.export.chart_image import render

        if not self.charts:
            return ""
        try:
            content = str(render(self.chart(interactive=False), "svg")).encode()
        except (MesaLabError, ImportError):  # the words and the table stand without it
            return ""
        about = self.charts[0].table.attrs.get("chart", {})
        address = f"data:image/svg+xml;base64,{base64.b64encode(content).decode('ascii')}"
        return f'<p><img src="{address}" alt="{escape(str(about.get("alt", self.charts[0].title)))}"></p>'


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{name: _json(value) for name, value in row.items()} for row in records(table)]


def _json(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str | int | float | None):
        return value
    if isinstance(value, Mapping):
        return {str(key): _json(each) for key, each in value.items()}
    if isinstance(value, Sequence):
        return [_json(each) for each in value]
    return str(value)


def _experiment_fields(experiment: Experiment | None) -> dict[str, Any] | None:
    """Return the fields of an experiment file, None where there is none or a function in it has no name."""
    if experiment is None:
        return None
    from mesa_lab.preparation.experiment_file.write import to_plain

    try:
        return {key: _json(value) for key, value in to_plain(experiment).items()}
    except MesaLabError:
        return None
