"""What a report says beside the results: lost values, tables of the data collector, versions of the model's code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.formatting import plural
from mesa_lab.processing.report.tables import as_table

if TYPE_CHECKING:
    from mesa_lab.processing.result_tables import ResultTables

__all__ = ["code_notice", "collector_tables", "notes_table"]

_MOST_NOTES: Final = 30
_MOST_ROWS: Final = 10
_KINDS: Final = {
    "raised": "raised an error",
    "not kept": "fits in no table",
    "form": "kept in another form",
    "remark": "remark",
}


def notes_table(results: ResultTables) -> dict[str, Any] | None:
    """One row for each outcome that lost values or keeps them in another form, and for each remark."""
    notes = results.notes
    if not len(notes):
        return None
    shown = notes.head(_MOST_NOTES).assign(kind=notes["kind"].map(_KINDS).fillna(notes["kind"]))
    shown = shown.rename(columns={"values": "values missing", "run_id": "first run"})
    shown = shown.astype({"first run": object}).where(shown.notna(), "")
    more = f"The first {_MOST_NOTES} of {len(notes):,}." if len(notes) > _MOST_NOTES else ""
    return as_table(shown, "What is to be said of the values", more)


def collector_tables(results: ResultTables) -> Iterator[dict[str, Any]]:
    """The first rows of each table of the data collector."""
    for name in results.table_names:
        frame = results.tables(name)
        caption = f"Table {name} of the data collector: the first {min(_MOST_ROWS, len(frame))} of {plural(len(frame), 'row')}"
        yield as_table(frame.head(_MOST_ROWS), caption)


def code_notice(results: ResultTables) -> str:
    """Say that the runs are of several versions of the model's code."""
    from mesa_lab.study.reading.side_tables import code_notice as said

    read = getattr(results.study, "code_versions", None)
    return said(read()) if callable(read) else ""
