"""Two of something side by side: points or levels of this study, or this study and another; paired where that is possible."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import solara

from mesa_lab.app.components.browser import ProjectorButton
from mesa_lab.app.components.controls import Action, Choose
from mesa_lab.app.components.data_table import LABELS, DataTable
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.outcome_picker import OutcomePicker, settled
from mesa_lab.app.hooks.use_answers import seconds_each
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.results.answers.card import Concluded
from mesa_lab.app.results.charts import Tabs
from mesa_lab.app.results.pairs import KINDS, Pair, levels_of_pair, point_words, where
from mesa_lab.app.results.tables import table_of
from mesa_lab.formatting import label, shorten, show

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.workspace.shared_results import Opened
    from mesa_lab.workspace.study_names import StudyRef

__all__ = ["ComparePanel"]


@solara.component
def ComparePanel(
    opened: Opened,
    outcome: str,
    on_outcome: Callable[[str], None],
    *,
    pair: Pair,
    on_pair: Callable[[Pair], None],
    studies: Sequence[StudyRef] = (),
    on_next: Callable[[Conclusion], None] | None = None,
    running: bool = False,
) -> None:
    """Compare two points, two levels of a parameter, or two studies.

    Args:
        opened: The results.
        outcome: The outcome that is compared; two studies are compared in all.
        on_outcome: Called with another one.
        pair: What is compared.
        on_pair: Called with another pair.
        studies: The studies that this one can be compared with.
        on_next: Called with the conclusion whose next runs are wanted; None where nothing can be run.
        running: Whether runs are going on.
    """
    outcome = settled(outcome, opened.outcomes)
    levels = opened.levels
    kinds = [
        item
        for item, offered in zip(
            KINDS, (opened.points > 1 and outcome, bool(levels) and outcome, bool(studies)), strict=True
        )
        if offered
    ]
    if not kinds:
        tag(
            "p",
            "ml-nothing ml-quiet",
            "There is nothing to compare yet: the study has one design point, and no other study is at hand.",
        )
        return
    kind = pair.kind if pair.kind in dict(kinds) else kinds[0][0]
    with tag("section", "ml-panel ml-compare", aria_label="Compare"):
        with tag("div", "ml-panel-head"):
            tag("h2", "", "Compare")
            if kind != "studies":
                OutcomePicker(outcome, on_outcome, opened.outcomes)
        Tabs(kind, lambda kind: on_pair(Pair(kind)), kinds, "What to compare")
        if kind == "points":
            Points(opened, outcome, pair, on_pair, on_next, running)
        elif kind == "levels":
            Levels(opened, outcome, pair, on_pair, levels, on_next, running)
        else:
            Studies(opened, pair, on_pair, studies)


@solara.component
def Points(
    opened: Opened,
    outcome: str,
    pair: Pair,
    on_pair: Callable[[Pair], None],
    on_next: Callable[[Conclusion], None] | None,
    running: bool,
) -> None:
    """Two points, picked in a table."""
    known = opened.results.points.index
    first, second = (number if number in known else -1 for number in (pair.first, pair.second))
    table = use_fresh(lambda: table_of(opened, "points", outcome, None), outcome, topic=id(opened), least=0.1)

    def pick(point: int) -> None:
        if point in (first, second):
            left = second if point == first else first
            on_pair(Pair("points", left))
        elif first < 0:
            on_pair(Pair("points", point, second))
        else:  # the one picked last makes room
            on_pair(Pair("points", first, point))

    with tag("div", "ml-compare-slots"):
        for number, title in ((first, "Base"), (second, "Compared with it")):
            with tag("div", "ml-compare-slot"):
                tag("span", "ml-quiet", title)
                tag("span", "", point_words(opened, number) if number >= 0 else "Pick a point below.")
        if first >= 0 and second >= 0:
            Action(
                "Change places", lambda: on_pair(Pair("points", second, first)), icon="mdi-swap-horizontal"
            )
    if first >= 0 and second >= 0:
        base, scenario = (where(opened, number) for number in (first, second))
        Compared(
            lambda: opened.results.compare(outcome, base=base, scenario=scenario),
            opened,
            (outcome, first, second),
            on_next,
            running,
        )
    if table.problem:
        tag("p", "ml-error-text", table.problem, role="alert")
    elif table.value is not None:
        DataTable(
            table.value,
            "Points",
            key="point",
            on_row=pick,
            chosen=(first, second),
            hidden=("outcome", "unit", "n_failed", "n_missing", "n_infinite"),
            labels=LABELS,
            opens="Pick",
            rows=10,
        )


@solara.component
def Levels(
    opened: Opened,
    outcome: str,
    pair: Pair,
    on_pair: Callable[[Pair], None],
    levels: dict[str, list[Any]],
    on_next: Callable[[Conclusion], None] | None,
    running: bool,
) -> None:
    """Two levels of a parameter; at first the two ends of its range."""
    now = levels_of_pair(levels, pair)
    name, first, second = now.name, now.first, now.second
    offered = levels[name]
    words = [(place, shorten(show(level), 40)) for place, level in enumerate(offered)]
    with tag("div", "ml-grid"):
        if len(levels) > 1:
            names = [(each, shorten(label(each), 40)) for each in levels]
            Choose("Parameter", name, lambda chosen: on_pair(Pair("levels", name=chosen)), names)
        Choose("Base", first, lambda place: on_pair(replace(now, first=place)), words)
        Choose("Compared with it", second, lambda place: on_pair(replace(now, second=place)), words)
    if first == second:
        tag("p", "ml-quiet", "Choose two levels that differ.")
        return
    Compared(
        lambda: opened.results.compare(outcome, by=name, base=offered[first], scenario=offered[second]),
        opened,
        (outcome, name, first, second),
        on_next,
        running,
    )


@solara.component
def Studies(opened: Opened, pair: Pair, on_pair: Callable[[Pair], None], studies: Sequence[StudyRef]) -> None:
    """This study and another of the same experiment, run by run."""
    other = next((ref for ref in studies if ref.key == pair.name), None)
    items = [("", "Choose a study"), *((ref.key, shorten(ref.name, 60)) for ref in studies)]
    with tag("div", "ml-grid"):
        Choose(
            "Earlier study",
            other.key if other else "",
            lambda key: on_pair(Pair("studies", name=key)),
            items,
        )
    tag(
        "p",
        "ml-hint",
        "For two studies of one experiment, such as before and after a change of the model: runs of the same point and seed "
        "are compared with each other.",
    )
    if other is None:
        return
    path = other.path

    def read() -> Conclusion:
        from mesa_lab.pipeline import compare
        from mesa_lab.workspace.shared_results import open_results

        return compare(open_results(path).results, opened.results)

    Compared(read, opened, ("", other.key), None, False)


@solara.component
def Compared(
    compare: Callable[[], Conclusion],
    opened: Opened,
    version: tuple[Any, ...],
    on_next: Callable[[Conclusion], None] | None,
    running: bool,
) -> None:
    """What a comparison says, computed in the background."""

    def read() -> tuple[Conclusion, float | None]:
        with opened.lock:
            return compare(), seconds_each(opened.results)

    # What was said of another pair must not stand below this one.
    fresh = use_fresh(read, version, topic=(id(opened), version), least=0.1)
    if fresh.problem:
        tag("p", "ml-notice", fresh.problem, role="status")
    elif fresh.value is None:
        tag("p", "ml-nothing ml-quiet", "Comparing …", role="status")
    else:
        with tag("div", "ml-answer ml-projectable"):
            with tag("div", "ml-answer-head"):
                ProjectorButton()
            conclusion, seconds = fresh.value
            Concluded(conclusion, "", on_next, seconds, running).key(str(id(conclusion)))
