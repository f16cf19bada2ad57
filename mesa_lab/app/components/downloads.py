"""Files to take away: tables as CSV and Parquet, the study itself, the report. Made when they are asked for.

What a file holds is made by `processing`, in the background; here it only gets its name and its way
to the browser.
"""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_action import use_doing
from mesa_lab.errors import ExportError
from mesa_lab.workspace.shared_results import Opened

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Download", "StudyDownloads", "TableDownloads", "file_name", "frame_bytes"]

LARGEST: Final = 200_000_000
"""Bytes that are sent through a page; more would hold up everything else on its way."""


def file_name(text: str) -> str:
    """Return a name for a file, without ending.

    Example:
        >>> file_name("Wolves / by <density>")
        'wolves_by_density'
    """
    return re.sub(r"[^\w-]+", "_", text.lower()).strip("_")[:80] or "table"


def frame_bytes(frame: pd.DataFrame, kind: str) -> bytes:
    """Return a table as a file's content.

    Args:
        frame: The table.
        kind: A format of `mesa_lab.processing.export.formats`, such as "csv" or "parquet".
    """
    from mesa_lab.processing.export.formats import find_format

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table.{kind}"
        find_format(kind).write(path, {"table": lambda: iter([frame])})
        return path.read_bytes()


def report_bytes(
    opened: Opened, progress: Callable[[str], None], chosen: Callable[[], Mapping[str, Any]] = dict
) -> bytes:
    """Return the HTML report of a study; what is being done is told, and an empty text at the end.

    Args:
        opened: The results.
        progress: Called with what is being done.
        chosen: Returns the options of `write_report` that the reader chose.
    """
    progress("Waiting for what else is computed")
    try:
        with tempfile.TemporaryDirectory() as folder, opened.lock:
            path = Path(folder) / "report.html"
            return opened.results.report(path, progress=progress, **chosen()).read_bytes()
    finally:
        progress("")


def table_bytes(opened: Opened, table: str, kind: str) -> bytes:
    """Return a table that is too long to be shown as a file's content."""
    with tempfile.TemporaryDirectory() as folder, opened.lock:
        path = Path(folder) / f"{table}.{kind}"
        opened.results.save(path, tables=table)
        return path.read_bytes()


def study_bytes(opened: Opened) -> bytes:
    """Return a copy of a study file that is whole, also while it is being written."""
    from mesa_lab.study import Study

    if opened.path.stat().st_size > LARGEST:
        raise ExportError(
            f"'{opened.path.name}' has more than {LARGEST // 1_000_000} MB, too much for a browser. Copy the file itself."
        )
    with tempfile.TemporaryDirectory() as folder, Study.open(opened.path) as study:
        path = Path(folder) / "copy.study"
        study.copy(path)
        return path.read_bytes()


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="FetchButton")
def _Fetch(
    label: str,
    file: dict[str, Any] | None,
    busy: bool,
    event_wanted: Callable[[Any], None],
    event_arrived: Callable[[Any], None],
    icon: str = "mdi-download",
    disabled: bool = False,
) -> None:
    pass


@solara.component
def Download(
    label: str,
    make: Callable[[], bytes],
    filename: str,
    *,
    icon: str = "mdi-download",
    on_problem: Callable[[str], None] | None = None,
) -> None:
    """A button that makes a file and saves it.

    Args:
        label: What it says.
        make: Makes the file's content; called in the background.
        filename: What it is saved as.
        icon: The button's icon.
        on_problem: Called with what was wrong, an empty text when nothing was.
    """
    file, set_file = solara.use_state(None)
    doing = use_doing()

    def work() -> None:
        content = make()
        if len(content) > LARGEST:
            raise ExportError(f"This is more than {LARGEST // 1_000_000} MB, too much for a browser.")
        set_file({"name": filename, "data": base64.b64encode(content).decode("ascii")})

    solara.use_effect(lambda: on_problem(doing.problem) if on_problem else None, [doing.problem])
    _Fetch(
        label=label,
        file=file,
        busy=bool(doing.busy),
        icon=icon,
        event_wanted=lambda _=None: doing.do("make", work),
        event_arrived=lambda _=None: set_file(None),
    )


@solara.component
def TableDownloads(frame: Callable[[], pd.DataFrame], name: str) -> None:
    """Save a table as CSV or Parquet.

    Args:
        frame: Returns the table; called in the background.
        name: What it is saved as, without ending.
    """
    problem, set_problem = solara.use_state("")
    with tag("div", "ml-actions"):
        Download("CSV", lambda: frame_bytes(frame(), "csv"), f"{name}.csv", on_problem=set_problem)
        Download(
            "Parquet", lambda: frame_bytes(frame(), "parquet"), f"{name}.parquet", on_problem=set_problem
        )
    if problem:
        tag("p", "ml-error-text", problem, role="alert")


@solara.component
def StudyDownloads(opened: Opened, name: str, chosen: Callable[[], Mapping[str, Any]] = dict) -> None:
    """Save the report and the study file.

    Args:
        opened: The results.
        name: What the study is called.
        chosen: Returns what the reader chose about answers, as options of `write_report`; called in the background.
    """
    problem, set_problem = solara.use_state("")
    going, set_going = solara.use_state("")
    stem = file_name(name)
    with tag("div", "ml-actions"):
        Download(
            "Report",
            lambda: report_bytes(opened, set_going, chosen),
            f"{stem}.html",
            icon="mdi-file-chart-outline",
            on_problem=set_problem,
        )
        Download(
            "All series",
            lambda: table_bytes(opened, "series", "parquet"),
            f"{stem}_series.parquet",
            on_problem=set_problem,
        )
        Download("Study file", lambda: study_bytes(opened), f"{stem}.study", on_problem=set_problem)
    with tag("div", "ml-quiet", role="status"):
        if going:
            tag("span", "", f"The report: {going} …")
    if problem:
        tag("p", "ml-error-text", problem, role="alert")
