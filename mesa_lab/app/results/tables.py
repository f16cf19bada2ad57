"""The tables of a study: its runs, its points, what failed; from a point to its runs, and from a run to all about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import solara

from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.data_table import LABELS, RUN_LABELS, DataTable
from mesa_lab.app.components.downloads import TableDownloads, file_name
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.outcome_picker import settled
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.app.results.charts import Tabs
from mesa_lab.app.results.run_details import STUDY_KEY, RunDetails
from mesa_lab.formatting import plural
from mesa_lab.viewing.spare_process import prepare_process
from mesa_lab.workspace.shared_results import Opened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TablesPanel", "table_of"]


def table_of(opened: Opened, name: str, outcome: str, points: tuple[int, ...] | None) -> pd.DataFrame:
    """Return a table, narrowed to some points.

    Args:
        opened: The results.
        name: "runs", "points" (means of the outcome) or "failures".
        outcome: The outcome.
        points: The points; None for all.
    """
    if name == "points":
        frame = opened.by_point
        frame = frame[frame["outcome"] == outcome]
    else:
        frame = opened.failures if name == "failures" else opened.runs
    if points is not None:
        frame = frame[frame["point"].isin(points)]
    return frame.reset_index(drop=True)


@solara.component
def TablesPanel(
    opened: Opened,
    outcome: str,
    *,
    name: str,
    on_name: Callable[[str], None],
    points: tuple[int, ...] | None,
    on_points: Callable[[list[int] | None], None],
    run: int | None,
    on_run: Callable[[int | None], None],
    on_point: Callable[[int], None],
    offered: Sequence[str] = ("runs", "points", "failures"),
) -> None:
    """Show the tables.

    Args:
        opened: The results.
        outcome: The outcome that is looked at.
        name: Which table is shown: "runs", "points" or "failures".
        on_name: Called with another one.
        points: The points that the tables are narrowed to; None for all.
        on_points: Called with other points.
        run: The run that is open, None for none.
        on_run: Called with another.
        on_point: Called with a point whose runs are wanted.
        offered: Which tables can be shown.
    """
    name = "runs" if name == "failures" and not opened.failed else name
    shown = solara.use_ref(None)
    outcome = settled(outcome, opened.outcomes)
    fresh = use_fresh(
        lambda: (name, table_of(opened, name, outcome, points)),
        (points, outcome if name == "points" else ""),
        topic=(id(opened), name),
        least=0.1,
    )
    # Right after another table was asked for, the last one is still at hand.
    frame: pd.DataFrame | None = fresh.value[1] if fresh.value and fresh.value[0] == name else None
    items = [("runs", "Runs"), ("points", "Points")]
    items += [("failures", f"Failures ({opened.failed:,})")] if opened.failed else []
    items = [item for item in items if item[0] in offered]
    is_watchable = bool(solara.use_context(STUDY_KEY))  # not in a notebook
    solara.use_effect(lambda: prepare_process() if is_watchable else None, [])

    def keep(rows: pd.DataFrame) -> None:
        shown.current = rows

    with tag("section", "ml-panel", aria_label="Tables"):
        if run is not None:
            RunDetails(opened, run, lambda: on_run(None)).key(f"run {run}")
        # Out of sight while a run is open, so that filter and page are still there afterwards.
        with tag("div", "ml-hidden", attributes={"hidden": "hidden"} if run is not None else {}):
            if len(items) > 1:
                Tabs(name, on_name, items, "Tables")
            with tag("div", "ml-tables-head"):
                with tag("div", "ml-chosen"):
                    if points is None:
                        tag("span", "ml-quiet", _hint(name, outcome))
                    else:
                        said = (
                            f"point {points[0]}" if len(points) == 1 else plural(len(points), "chosen point")
                        )
                        tag("span", "", f"Only {said}.")
                        Action("Show all", lambda: on_points(None), icon="mdi-close")
                if frame is not None:
                    TableDownloads(
                        lambda: shown.current, file_name(f"{name} {outcome if name == 'points' else ''}")
                    )
            if fresh.problem:
                tag("p", "ml-error-text", fresh.problem, role="alert")
            elif frame is None:
                tag("p", "ml-nothing ml-quiet", "Reading …", role="status")
            else:
                DataTable(
                    frame,
                    dict(items)[name],
                    key="point" if name == "points" else "run_id",
                    on_row=on_point if name == "points" else on_run,
                    chosen=run,
                    hidden=_aside(frame),
                    labels=LABELS if name == "points" else RUN_LABELS,
                    on_rows=keep,
                ).key(name)


def _aside(frame: pd.DataFrame) -> tuple[str, ...]:
    """Columns that would only take the place of others: a run says its seed when it is opened."""
    same = ["time"] if "time" in frame and (frame["time"] == frame["steps"]).all() else []
    counts = ("n_failed", "n_missing", "n_infinite")
    none = [name for name in counts if name in frame and not frame[name].any()]
    return ("outcome", "traceback", "seed", "unit", *same, *none)


def _hint(name: str, outcome: str) -> str:
    if name == "points":
        return f"{outcome} at each point. Open a point to see its runs."
    return "Open a run to see its series, its seed and how to do it again."
