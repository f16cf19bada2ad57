"""One run: what it was given, what came of it step by step, and how to do it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import solara

from mesa_lab.app.components.browser import CopyButton, SaveButton
from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.data_table import DataTable
from mesa_lab.app.components.downloads import TableDownloads
from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import WatchLink
from mesa_lab.app.components.series_chart import line_chart, outcomes_of
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.drafts.value_text import value_text
from mesa_lab.errors import MesaLabError, StudyError
from mesa_lab.formatting import cell_text, duration
from mesa_lab.workspace.run_script import run_script
from mesa_lab.workspace.shared_results import Opened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["STUDY_KEY", "OneRun", "RunDetails", "read_run"]

MOST_CHARTS: Final = 6
STUDY_KEY: Final = solara.create_context("")
"""The key in the address of the study whose runs are shown, by which one can be watched; empty where no page is around."""


@dataclass(frozen=True, eq=False)
class OneRun:
    """What is known about a run.

    Attributes:
        run_id: Its number.
        facts: Names and values, as people read them.
        series: step, time and outcomes.
        charts: A chart by outcome.
        python: What does it again; empty when nothing can.
        no_python: Why nothing can.
        failure: What went wrong, in words; empty when nothing did.
        traceback: Where.
        notes: What the run noted, such as which outcomes have lost values.
        output: What it printed, logged and warned of.
    """

    run_id: int
    facts: tuple[tuple[str, str], ...]
    series: pd.DataFrame
    charts: tuple[tuple[str, Any], ...]
    python: str
    no_python: str
    failure: str
    traceback: str
    notes: tuple[str, ...] = ()
    output: str = ""


def read_run(opened: Opened, run_id: int) -> OneRun:
    """Read everything about a run.

    Raises:
        StudyError: If there is no such run, or the study cannot be read.
    """
    python, no_python = "", ""
    with opened.lock, opened.results.snapshot():
        results = opened.results
        rows = results.runs[results.runs["run_id"] == run_id]
        if not len(rows):
            raise StudyError(f"There is no run {run_id} with a result.")
        whole, failures = results.series(runs=[run_id]), results.failures
        columns = list(results.columns.values())
        outcomes = [name for name in rows.columns if name in results.outcomes]
        noted = str(results.recorded("notes").iloc[int(rows.index[0])] or "")
        output = results.output(run_id)
        try:
            python = run_script(opened.file, run_id)
        except MesaLabError as error:
            no_python = str(error)
    row = rows.iloc[0]
    series = whole.drop(
        columns=[name for name in ("run_id", "point", "replication", *columns) if name in whole]
    )
    series = series.dropna(axis="columns", how="all") if len(series) else series
    failed = failures[failures["run_id"] == run_id]
    said = ""
    if len(failed):
        first = failed.iloc[0]
        said = f"{first['error_type']}: {first['message']}" if first["error_type"] else str(row["status"])
    facts = [(name, value_text(_plain(row[name]))) for name in columns]
    facts += [("Point", str(row["point"])), ("Replication", str(row["replication"]))]
    facts += [
        ("Seed", str(row["seed"])),
        ("Status", str(row["status"])),
        ("Steps", cell_text(_plain(row["steps"]))),
    ]
    facts += [("Took", duration(float(row["init_seconds"]) + float(row["run_seconds"])))]
    facts += [(name, cell_text(_plain(row[name]))) for name in outcomes if not len(failed)]
    charts = tuple((name, line_chart(series, name)) for name in outcomes_of(series)[:MOST_CHARTS])
    return OneRun(
        run_id,
        tuple(facts),
        series,
        charts if len(series) > 1 else (),
        python,
        no_python,
        said,
        str(failed.iloc[0]["traceback"]) if len(failed) else "",
        tuple(line for line in noted.splitlines() if not line.startswith("The model printed last:")),
        output,
    )


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


@solara.component
def RunDetails(opened: Opened, run_id: int, on_close: Callable[[], None]) -> None:
    """Show a run.

    Args:
        opened: The results.
        run_id: Which run.
        on_close: Called when it is to be closed.
    """
    fresh = use_fresh(lambda: read_run(opened, run_id), run_id, topic=(id(opened), run_id))
    study = solara.use_context(STUDY_KEY)
    with tag("div", "ml-run", role="region", aria_label=f"Run {run_id}"):
        with tag("div", "ml-panel-head"):
            tag("h2", "", f"Run {run_id}")
            with tag("div", "ml-actions"):
                if study:
                    there = f"/watch?study={quote(study)}&run={run_id}"
                    WatchLink(there)
                Action("Back to the table", on_close, icon="mdi-arrow-left")
        if fresh.problem:
            tag("p", "ml-error-text", fresh.problem, role="alert")
        elif fresh.value is None:
            tag("p", "ml-nothing ml-quiet", "Reading the run …", role="status")
        else:
            Details(fresh.value)


@solara.component
def Details(run: OneRun) -> None:
    """Show what is known about a run."""
    if run.failure:
        tag("p", "ml-error-text", run.failure)
    with tag("dl", "ml-facts ml-case-facts"):
        for name, value in run.facts:
            tag("dt", "", name)
            tag("dd", "ml-code", value)
    with tag("div", f"ml-charts ml-live ml-live-{len(run.charts)}"):
        for name, chart in run.charts:
            with tag("figure", "ml-figure").key(name):
                tag("figcaption", "", name)
                Chart(
                    chart,
                    f"{name} over the steps of run {run.run_id}",
                    table=run.series,
                    filename=f"run_{run.run_id}",
                )
    for note in run.notes:
        tag("p", "ml-quiet", note)
    if run.output:
        with tag("details", "ml-details"):
            tag("summary", "", "What it printed, logged and warned of")
            look = {"tabindex": "0", "role": "region", "aria-label": "Output of the run"}
            tag("pre", "ml-pre", run.output, attributes=look)
    if run.traceback:
        with tag("details", "ml-details"):
            tag("summary", "", "Traceback")
            look = {"tabindex": "0", "role": "region", "aria-label": "Traceback"}
            tag("pre", "ml-pre", run.traceback, attributes=look)
    if len(run.series):
        with tag("details", "ml-details"):
            tag("summary", "", "Its series as a table")
            DataTable(run.series, f"Series of run {run.run_id}")
        TableDownloads(lambda: run.series, f"run_{run.run_id}_series")
    tag("h3", "", "The same run again")
    if run.no_python:
        tag("p", "ml-quiet", run.no_python)
    if run.python:
        look = {"tabindex": "0", "role": "region", "aria-label": "Python that does this run again"}
        tag("pre", "ml-pre", run.python, attributes=look)
        with tag("div", "ml-actions"):
            CopyButton(label="Copy", text=run.python)
            SaveButton(label="Save", text=run.python, filename=f"run_{run.run_id}.py")
