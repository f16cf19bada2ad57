"""What somebody looks at in a study's results, so that a reload, a way back or a link shows the same.

Whoever opens a link gives us text of unknown origin: names are only ever compared with those that the
study has, and numbers select among the points and runs that there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["ResultView", "from_query", "to_query"]

MOST_POINTS: Final = 100
"""Chosen points that an address holds; a brush over more is not remembered in it."""


@dataclass(frozen=True)
class ResultView:
    """What is looked at.

    Attributes:
        outcome: The outcome; empty for the first one.
        chart: The kind of chart; empty for the one that suits the study.
        points: The design points that the tables are narrowed to; None for all.
        run: The run that is open; None for none.
    """

    outcome: str = ""
    chart: str = ""
    points: tuple[int, ...] | None = None
    run: int | None = None


def to_query(view: ResultView) -> dict[str, str]:
    """Return the parts of an address, empty where nothing was chosen.

    Example:
        >>> to_query(ResultView("Wolves", points=(3, 5)))
        {'outcome': 'Wolves', 'chart': '', 'points': '3,5', 'run': ''}
    """
    points = view.points if view.points and len(view.points) <= MOST_POINTS else ()
    return {
        "outcome": view.outcome,
        "chart": view.chart,
        "points": ",".join(map(str, points)),
        "run": "" if view.run is None else str(view.run),
    }


def from_query(query: Mapping[str, Sequence[str]]) -> ResultView:
    """Read a view from the parts of an address; what makes no sense is as if it were not there."""
    given = {name: values[-1] for name, values in query.items() if values}
    points = tuple(
        number for text in given.get("points", "").split(",") if (number := _whole(text)) is not None
    )
    return ResultView(
        given.get("outcome", ""),
        given.get("chart", ""),
        points[:MOST_POINTS] or None,
        _whole(given.get("run", "")),
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
