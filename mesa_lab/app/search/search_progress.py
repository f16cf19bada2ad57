"""While a search runs: the best so far with its interval, the settings as they come, runs left, and what is asked next and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import solara

from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.hooks.use_colour_mode import use_dark
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import plural

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SearchProgress", "Seen", "look_at_search"]

HEIGHT = 240


@dataclass(frozen=True, eq=False)
class Seen:
    """What is known of a search by now.

    Attributes:
        sentence: What it found so far; why that cannot be said yet.
        charts: Title, what it says to a screen reader, altair chart and table of each.
        left: How many runs are left, in words.
        why: Why the latest runs were asked for.
        over: Why it has ended; empty while it goes on.
    """

    sentence: str = ""
    charts: tuple[tuple[str, str, Any, Any], ...] = ()
    left: str = ""
    why: str = ""
    over: str = ""


def look_at_search(path: Path, dark: bool = False) -> Seen | None:
    """Read what a study says of its search; None where it is none.

    Args:
        path: The study.
        dark: Whether charts are drawn on dark ground.
    """
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
        try:
            with results.snapshot():
                answer = results.found()
        except MesaLabError as error:
            said = str(error) if seen.over else f"Nothing can be said yet: {error}"
            return Seen(said, (), seen.left, seen.why, seen.over)
        theme = "dark" if dark else "light"
        charts = []
        for each in answer.charts[:2]:
            drawn = each.draw(each.table, theme=theme, width=420)
            if not hasattr(drawn, "vconcat") and not hasattr(drawn, "hconcat"):
                # As wide as there is room; not lower for it: names of settings would lie on each other.
                drawn = drawn.properties(width="container", autosize={"type": "fit-x", "contains": "padding"})
            charts.append((each.title, str(each.table.attrs["chart"]["alt"]), drawn, each.table))
        return Seen(answer.sentence, tuple(charts), seen.left, seen.why, seen.over)


@solara.component
def SearchProgress(path: Path, finished: int, *, running: bool) -> None:
    """Show what a search knows by now; nothing where the study is none.

    Args:
        path: The study.
        finished: How many of its runs have ended: it is looked at again when there are more.
        running: Whether it runs.
    """
    dark = use_dark()
    # In other colours it is drawn anew; until then the old ones are better than nothing.
    fresh = use_fresh(lambda: look_at_search(path, dark), (finished, running, dark), topic=path)
    seen = fresh.value
    if seen is None:
        return
    with tag("section", "ml-panel ml-search-progress", aria_label="The search"):
        tag("h2", "", "The search so far" if not seen.over else "What the search found")
        tag("p", "", seen.sentence, role="status")
        with tag("dl", "ml-facts"):
            for title, said in (("Asks now", seen.why), ("Left", seen.left), ("Ended", seen.over)):
                if said and not (seen.over and title != "Ended"):
                    tag("dt", "", title)
                    tag("dd", "", said)
        with tag("div", "ml-charts"):
            for title, label, chart, table in seen.charts:
                with tag("figure", "ml-figure").key(title):
                    Chart(chart, label, table=table, filename="search")
