"""What the user looks at in a study's results, so that a reload, a way back or a link shows the same.

Whoever opens a link gives us text of unknown origin: names are only ever compared with those that the
study has, and numbers select among the points and runs that there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

__all__ = ["ResultView", "from_query", "to_query"]

OPTIONS: Final = ("parameter", "x", "y", "by", "band", "runs", "panels")
"""What charts can be asked, by the names that their options have in an address too."""
TABS: Final = ("answers", "charts", "runs", "points", "compare")
GOALS: Final = ("max", "min")
TABLES: Final = ("runs", "points", "failures")
MOST_POINTS: Final = 100
"""Chosen points that an address holds; a brush over more is not remembered in it."""


MOST_TEXT: Final = 300


@dataclass(frozen=True)
class ResultView:
    """What is looked at.

    Attributes:
        outcome: The outcome; empty for the first one.
        chart: The kind of chart; empty for the one that suits the study.
        points: The design points that the tables are narrowed to; None for all.
        run: The run that is open; None for none.
        table: The table that is shown.
        options: What was chosen about charts: kind of chart, option, value.
        tab: Which part of the page is shown.
        pair: What is compared, as `mesa_lab.app.results.pairs.Pair` writes it.
        goals: Whether more or less of an outcome is better: outcome, "max" or "min".
    """

    outcome: str = ""
    chart: str = ""
    points: tuple[int, ...] | None = None
    run: int | None = None
    table: str = TABLES[0]
    options: tuple[tuple[str, str, str], ...] = ()
    tab: str = TABS[0]
    pair: str = ""
    goals: tuple[tuple[str, str], ...] = ()

    def chosen(self, chart: str) -> dict[str, str]:
        """Return what was chosen about a kind of chart."""
        return {name: value for kind, name, value in self.options if kind == chart}

    def with_option(self, chart: str, name: str, value: str | None) -> ResultView:
        """Return the view of a kind of chart with another option; None takes the option back.

        Example:
            >>> ResultView().with_option("effect", "by", "density").chosen("effect")
            {'by': 'density'}
        """
        kept = tuple(each for each in self.options if each[:2] != (chart, name))
        added = () if value is None else ((chart, name, value),)
        return replace(self, chart=chart, options=kept + added)

    def with_goal(self, outcome: str, goal: str) -> ResultView:
        """Return the view of an outcome of which more is better ("max"), or less ("min").

        Example:
            >>> ResultView("cost").with_goal("cost", "min").goals
            (('cost', 'min'),)
        """
        kept = tuple(each for each in self.goals if each[0] != outcome)
        return replace(self, outcome=outcome, goals=(*kept, (outcome, goal)))

    def for_follow_up(self) -> ResultView:
        """Return what is to be looked at in a study that follows from this one: the same outcome, in the same sense."""
        return ResultView(self.outcome, goals=self.goals)


def to_query(view: ResultView) -> dict[str, str]:
    """Return the parts of an address, empty where nothing was chosen.

    Example:
        >>> {name: text for name, text in to_query(ResultView("Wolves", points=(3, 5))).items() if text}
        {'outcome': 'Wolves', 'points': '3,5'}
    """
    points = view.points if view.points and len(view.points) <= MOST_POINTS else ()
    parts = {
        "outcome": view.outcome,
        "chart": view.chart,
        "points": ",".join(map(str, points)),
        "run": "" if view.run is None else str(view.run),
        "table": "" if view.table == TABLES[0] else view.table,
        "pair": view.pair,
        "goal": dict(view.goals).get(view.outcome, ""),
        **dict.fromkeys(OPTIONS, ""),
        **view.chosen(view.chart),
    }
    return {"tab": "" if view.tab == _tab_of(parts) else view.tab, **parts}


def _tab_of(given: Mapping[str, str]) -> str:
    """The tab of an address that names none, such as a link from before there were tabs."""
    return "charts" if any(given.get(name) for name in ("chart", "points", "run", "table")) else TABS[0]


def from_query(query: Mapping[str, Sequence[str]]) -> ResultView:
    """Read a view from the parts of an address; what makes no sense is as if it were not there."""
    given = {name: values[-1] for name, values in query.items() if values}
    points = tuple(
        number for text in given.get("points", "").split(",") if (number := _whole(text)) is not None
    )
    chart, table = given.get("chart", ""), given.get("table", "")
    tab, outcome, goal = given.get("tab", ""), given.get("outcome", ""), given.get("goal", "")
    return ResultView(
        outcome,
        chart,
        points[:MOST_POINTS] or None,
        _whole(given.get("run", "")),
        table if table in TABLES else TABLES[0],
        tuple((chart, name, given[name]) for name in OPTIONS if chart and given.get(name)),
        tab if tab in TABS else _tab_of(given),
        given.get("pair", "")[:MOST_TEXT],
        ((outcome, goal),) if outcome and goal in GOALS else (),
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
