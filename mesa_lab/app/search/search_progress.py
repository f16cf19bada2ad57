"""While a search runs: the best so far with its interval, the settings as they come over the space, runs left, and what is asked next and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Choose
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_colour_mode import use_dark
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import plural

if TYPE_CHECKING:
    from pathlib import Path

    from mesa_lab.processing.analysis.searched.tried import Next

__all__ = ["SearchProgress", "Seen", "look_at_search"]

_LISTED: Final = 5
"""Settings that are named as asked for now."""


type Drawn = tuple[str, str, Any, Any]


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of a search by now.

    Attributes:
        sentence: What it found so far; why that cannot be said yet.
        charts: Title, what it says to a screen reader, altair chart and table of each.
        tried: The settings over the space, in the same way.
        left: How many runs are left, in words.
        why: Why the latest runs were asked for.
        over: Why it has ended; empty while it goes on.
        next: The settings that are asked for now, in words.
        parameters: Those over which the settings can be drawn; none where they are not.
    """

    sentence: str = ""
    charts: tuple[Drawn, ...] = ()
    tried: Drawn | None = None
    left: str = ""
    why: str = ""
    over: str = ""
    next: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


def look_at_search(path: Path, dark: bool = False, across: str = "", up: str = "") -> Seen | None:
    """Read what a study says of its search; None where it is none.

    Args:
        path: The study.
        dark: Whether charts are drawn on dark ground.
        across: The parameter from left to right where settings are drawn over the space; empty for the first one.
        up: The parameter from below to above; empty for the second one.
    """
    from mesa_lab.processing.analysis.searched.tried import next_settings, settings_tried
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study

    with Study.open(path) as study:
        state = study.search
        if state is None or state.search.get("method") == "by hand":
            return None
        batches = [batch for batch in study.batches if batch.runs]
        left = (
            ""
            if state.budget is None
            else f"{plural(max(state.budget - state.runs, 0), 'run')} of {state.budget:,} not asked for yet"
        )
        seen = Seen(left=left, why=batches[-1].why if batches else "", over=state.over or "")
        results = Results(study)
        with results.snapshot():
            record = results.searched
            assert record is not None, "it has a search"
            try:
                answer = results.found()
                sentence, shown = answer.sentence, [*answer.charts[:2]]
            except MesaLabError as error:
                sentence, shown = _why_nothing(str(error), seen.over), []
            tried = settings_tried(results, record, across, up)
            waiting = () if seen.over else tuple(map(_in_words, next_settings(results, record)))
            parameters = tuple(results.columns) if tried is not None else ()
        theme = "dark" if dark else "light"
        charts = []
        for each in [*shown, *([tried] if tried is not None else [])]:
            drawn = each.draw(each.table, theme=theme, width=420)
            if not hasattr(drawn, "vconcat") and not hasattr(drawn, "hconcat"):
                # As wide as there is room; not lower for it: names of settings would lie on each other.
                drawn = drawn.properties(width="container", autosize={"type": "fit-x", "contains": "padding"})
            charts.append((each.title, str(each.table.attrs["chart"]["alt"]), drawn, each.table))
        last = charts.pop() if tried is not None else None
        return replace(
            seen, sentence=sentence, charts=tuple(charts), tried=last, next=waiting, parameters=parameters
        )


def _why_nothing(problem: str, over: str) -> str:
    """Why nothing can be said: what the search ended for says it best, unless that is no more than its budget."""
    if not over:
        return f"Nothing can be said yet: {problem}"
    return problem if over.endswith((" is used up.", " is over.")) else over


def _in_words(setting: Next) -> str:
    return f"{setting.name}: {plural(setting.runs, 'run')}{', new' if setting.is_new else ' more'}"


@solara.component
def SearchProgress(
    path: Path,
    finished: int,
    *,
    running: bool,
    on_points: Callable[[list[int]], None] | None = None,
    asked: object = None,
) -> None:
    """Show what a search knows by now; nothing where the study is none.

    Args:
        path: The study.
        finished: How many of its runs have ended: it is looked at again when there are more.
        running: Whether it runs.
        on_points: Called with the point that was chosen in a chart; None where charts are to be looked at only.
        asked: Changes when more is asked for.
    """
    dark = use_dark()
    axes, set_axes = solara.use_state(("", ""))
    # In other colours it is drawn anew; until then the old ones are better than nothing.
    fresh = use_fresh(
        lambda: look_at_search(path, dark, *axes), (finished, running, dark, axes, asked), topic=path
    )
    seen = fresh.value
    if seen is None:
        return

    def click(datum: dict[str, Any]) -> None:
        point = datum.get("point")
        if on_points is not None and isinstance(point, int | float) and float(point).is_integer():
            on_points([int(point)])

    with tag("section", "ml-panel ml-search-progress", aria_label="The search"):
        tag("h2", "", "The search so far" if not seen.over else "What the search found")
        tag("p", "", seen.sentence, role="status")
        with tag("dl", "ml-facts"):
            for title, said in (("Asks now", seen.why), ("Left", seen.left), ("Ended", seen.over)):
                if said and said != seen.sentence and not (seen.over and title != "Ended"):
                    tag("dt", "", title)
                    tag("dd", "", said)
            if seen.next:
                tag("dt", "", "Now and next")
                with tag("dd"), tag("div"):
                    for number, said in enumerate(seen.next[:_LISTED]):
                        tag("div", "", said).key(str(number))
                    if len(seen.next) > _LISTED:
                        tag("div", "ml-quiet", f"and {plural(len(seen.next) - _LISTED, 'more setting')}")
        with tag("div", "ml-charts"):
            for each in seen.charts:
                _figure(each, click if on_points is not None else None)
        if seen.tried is not None:
            if len(seen.parameters) > 2:
                _axes(seen.parameters, axes, set_axes)
            with tag("div", "ml-charts"):
                _figure(seen.tried, click if on_points is not None else None)


def _figure(drawn: Drawn, on_click: Callable[[dict[str, Any]], None] | None) -> None:
    """One chart; a click on a mark that stands for a setting is handed on."""
    title, label, chart, table = drawn
    clickable = on_click is not None and "point" in table
    with tag("figure", "ml-figure").key(title):
        Chart(
            chart,
            label,
            table=table,
            filename="search",
            on_click=on_click if clickable else None,
            hint="Click a mark to see its runs." if clickable else "",
        )


def _axes(
    parameters: tuple[str, ...], axes: tuple[str, str], on_axes: Callable[[tuple[str, str]], None]
) -> None:
    """Ask over which two parameters the settings are drawn."""
    across = axes[0] if axes[0] in parameters else parameters[0]
    others = [name for name in parameters if name != across]
    up = axes[1] if axes[1] in others else others[0]
    with tag(
        "div",
        "ml-inline ml-apart",
        role="group",
        aria_label="Over which parameters the settings are drawn",
    ):
        tag("span", "ml-quiet", "The settings over the space:")
        Choose(
            "Across",
            across,
            lambda name: on_axes((name, up)),
            [(name, name) for name in parameters],
            classes="ml-against",
        )
        Choose(
            "Up",
            up,
            lambda name: on_axes((across, name)),
            [(name, name) for name in others],
            classes="ml-against",
        )
