"""The answers that open a report: each a sentence, a chart, what is not known and what to run next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.formatting import label, opening
from mesa_lab.processing.analysis.conclusion import Conclusion, ConclusionChart
from mesa_lab.processing.analysis.shelf import Unanswered, answers_in_time
from mesa_lab.processing.charts.theme import BOTH, THEMES, in_theme
from mesa_lab.processing.export.chart_image import convert
from mesa_lab.processing.report.figures import data_uri
from mesa_lab.processing.report.tables import as_table

if TYPE_CHECKING:
    from mesa_lab.processing.result_tables import ResultTables

__all__ = ["answers"]

_SECONDS: Final = 5.0
"""For each answer: a report that waits for one is worse than one without."""

_FIRST: Final = 3
"""Answers about the first outcome; of each other outcome there is one."""

_ROWS: Final = 12


def answers(
    results: ResultTables,
    outcomes: Sequence[str],
    begins: Callable[[int], object],
    goals: Mapping[str, str] = MappingProxyType({}),
    compare: Mapping[str, Any] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Return the answers about some outcomes: those that fit, the best first, each within a bounded time.

    Args:
        results: The results.
        outcomes: The outcomes, the most important first.
        begins: Called with the place of each outcome before its questions are answered.
        goals: "max" or "min" for outcomes of which somebody said whether more or less is better.
        compare: The options of `Results.compare`, where somebody said what is compared.

    Raises:
        OutcomeError: If a goal or an option is wrong.
        ParameterError: If what is to be compared names a parameter or a level that there is not.
    """
    made: list[dict[str, Any]] = []
    with ThreadPoolExecutor(1, thread_name_prefix="mesa-lab-pictures") as converter:
        for place, outcome in enumerate(outcomes):
            begins(place)
            chosen: dict[str, Mapping[str, Any]] = {}
            if outcome in goals:
                chosen["best"] = chosen["surface"] = {"goal": goals[outcome]}
            if compare and place == 0:
                chosen["compare"] = compare
            most = _FIRST if place == 0 else 1
            for name, found in answers_in_time(results, outcome, most, _SECONDS, chosen):
                if isinstance(found, Unanswered):
                    said = {"question": found.question, "late": "", "unanswered": found.why}
                    made.append({"outcome": opening(label(outcome))} | said)
                    continue
                made.append(
                    _answer(found, converter) | {"assumed": _assumed(results, found, goals)}
                    if isinstance(found, Conclusion)
                    else {"outcome": opening(label(outcome)), "question": found, "late": name}
                )
    for each in made:
        figure = each.get("figure")
        if figure:
            figure |= figure.pop("pictures")()
    return made


def _assumed(results: ResultTables, found: Conclusion, goals: Mapping[str, str]) -> str:
    """The outcome of which nobody said whether more or less is better, where the answer depends on that; else empty."""
    said = {**(results.searched.goals if results.searched is not None else {}), **goals}
    return found.outcome if found.name == "best" and found.outcome not in said else ""


def _answer(found: Conclusion, converter: Executor) -> dict[str, Any]:
    return {
        "outcome": opening(label(found.outcome)),
        "question": found.question,
        "late": "",
        "sentence": found.sentence,
        "warnings": found.warnings,
        "unknown": found.unknown,
        "next": found.next_sentence,
        "method": found.method,
        "figure": _figure(found.charts[0], converter) if found.charts else None,
        "table": as_table(
            found.table.head(_ROWS),
            found.question,
            f"The first {_ROWS} of {len(found.table):,} rows." if len(found.table) > _ROWS else "",
        ),
    }


def _figure(chart: ConclusionChart, converter: Executor) -> dict[str, Any]:
    import altair as alt

    about = chart.table.attrs["chart"]
    drawn: Any = chart.draw(chart.table, theme=BOTH, interactive=False)
    drawn.title = alt.Undefined  # the page says it, in text that can be found and wrapped
    drawn.background = "transparent"
    svg = converter.submit(lambda spec: str(convert(spec, "svg")), drawn.to_dict(validate=False))
    pictures: Callable[[], dict[str, str]] = lambda: {  # noqa: E731
        name: data_uri("image/svg+xml", in_theme(svg.result(), name).encode()) for name in THEMES
    }
    return {
        "title": about["title"],
        "text": " ".join(about["subtitle"]),
        "alt": about["alt"],
        "pictures": pictures,
    }
