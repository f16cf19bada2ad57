"""What a reader chooses about a question: which two are compared, and whether more or less is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.components.controls import Choose
from mesa_lab.app.hooks.use_answers import Chosen
from mesa_lab.app.results.pairs import Pair, levels_of_pair, point_words, where
from mesa_lab.formatting import label, shorten, show

if TYPE_CHECKING:
    from mesa_lab.workspace.shared_results import Opened

__all__ = ["GoalChoice", "PairChoice", "chosen_about", "chosen_for_report"]

GOALS: Final = (("max", "More is better"), ("min", "Less is better"))
MOST_POINTS: Final = 50
"""Points that a list offers; of more, two are picked in the table of the comparison."""


def chosen_about(opened: Opened, pair: Pair, goal: str) -> dict[str, Chosen]:
    """Return what was chosen, for the questions that it concerns.

    Args:
        opened: The results.
        pair: Which two are compared, as far as that was chosen.
        goal: "max" or "min"; empty where neither was chosen.
    """
    found = {}
    pair = _settled(opened, pair)
    if pair.kind:
        found["compare"] = Chosen(pair.to_text(), lambda: _compared(opened, pair))
    if goal in dict(GOALS):
        found["best"] = found["surface"] = Chosen(goal, lambda: {"goal": goal})
    return found


def chosen_for_report(opened: Opened, pair: Pair, goals: Mapping[str, str]) -> dict[str, Any]:
    """Return what was chosen about answers, as options of a report.

    Args:
        opened: The results.
        pair: Which two are compared, as far as that was chosen.
        goals: "max" or "min" of the outcomes for which that was chosen.
    """
    known = {name: goal for name, goal in goals.items() if name in opened.outcomes}
    compared = chosen_about(opened, pair, "").get("compare") if pair.kind else None
    return {"goal": known, "compare": dict(compared.options()) if compared else None}


def _settled(opened: Opened, pair: Pair) -> Pair:
    """The pair that is compared; of many points that nobody chose from, the ends of a parameter's range."""
    if pair.kind == "points" and opened.points <= MOST_POINTS:
        known = list(opened.results.points.index)
        first = pair.first if pair.first in known else known[0]
        second = pair.second if pair.second in known else known[-1]
        return Pair("points", int(first), int(second)) if first != second else Pair()
    wanted = pair.kind == "levels" or _is_large(opened)
    if not wanted or not opened.levels:
        return Pair()
    found = levels_of_pair(opened.levels, pair)
    return found if found.first != found.second else levels_of_pair(opened.levels, Pair(name=found.name))


def _is_large(opened: Opened) -> bool:
    from mesa_lab.processing.analysis.comparison.scenarios import MOST

    return opened.points > MOST and len(opened.parameters) > 1


def _compared(opened: Opened, pair: Pair) -> Mapping[str, Any]:
    if pair.kind == "points":
        return {"base": where(opened, pair.first), "scenario": where(opened, pair.second)}
    levels = opened.levels[pair.name]
    return {"by": pair.name, "base": levels[pair.first], "scenario": levels[pair.second]}


@solara.component
def GoalChoice(opened: Opened, outcome: str, goal: str, on_goal: Callable[[str], None]) -> None:
    """Choose whether more or less is better.

    Args:
        opened: The results.
        outcome: The outcome that is more or less.
        goal: "max" or "min"; empty for what a search went for, else more.
        on_goal: Called with the other.
    """
    shown = goal if goal in dict(GOALS) else opened.goals.get(outcome, "max")
    Choose(f"Of {shorten(label(outcome), 40)}", shown if shown == "min" else "max", on_goal, GOALS)


@solara.component
def PairChoice(opened: Opened, pair: Pair, on_pair: Callable[[Pair], None]) -> None:
    """Choose which two are compared.

    Args:
        opened: The results.
        pair: The pair; without a kind all points or levels are compared with one.
        on_pair: Called with another one.
    """
    now, levels = _settled(opened, pair), opened.levels
    whole = "All points with one of them"
    if len(opened.parameters) == 1:
        whole = f"All levels of {shorten(label(opened.parameters[0]), 40)} with one of them"
    kinds = [
        *([] if _is_large(opened) else [(("", ""), whole)]),
        *((("levels", name), f"Two levels of {shorten(label(name), 40)}") for name in levels),
        *(
            [(("points", ""), "Two points")]
            if 2 <= opened.points <= MOST_POINTS and len(opened.parameters) > 1
            else []
        ),
    ]
    if len(kinds) < 2 and not now.kind:
        return
    Choose(
        "What to compare",
        (now.kind, now.name),
        lambda kind: on_pair(Pair(kind[0], name=kind[1]) if kind[0] else Pair()),
        kinds,
    )
    if not now.kind:
        return
    if now.kind == "levels":
        items = [(place, shorten(show(level), 40)) for place, level in enumerate(levels[now.name])]
    else:
        items = [(int(each), shorten(point_words(opened, each), 80)) for each in opened.results.points.index]

    def choose(**end: int) -> None:
        # Chosen as the other end, the two change places.
        swapped = {"first": "second", "second": "first"}
        ((name, number),) = end.items()
        other = getattr(now, swapped[name])
        kept = getattr(now, name) if other == number else other
        on_pair(replace(now, **{name: number, swapped[name]: kept}))

    Choose("Base", now.first, lambda number: choose(first=number), items)
    Choose("Compared with it", now.second, lambda number: choose(second=number), items)
