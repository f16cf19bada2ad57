"""The batches of a search: what was asked for, in which order and why, as rows of the study.

A search is a study that grows while it runs. Its points are not known beforehand, and they do not all have as many
replications: what it asks for is what its batches list. Each batch is one row of the table `batches`, which only searches
have; `meta` has an entry `search` with the settings and, once it has ended, with the reason. Older studies have neither, and
are read as before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.study.database import copies, lease, schema
from mesa_lab.study.database.metadata import layout_of, read_object, set_meta
from mesa_lab.study.database.tolerant_reader import MalformedError
from mesa_lab.study.run_numbers import Layout

if TYPE_CHECKING:
    from mesa_lab.study.run_numbers import RunPlan

__all__ = [
    "AskedBatch",
    "SearchState",
    "add",
    "asked_of",
    "end",
    "found",
    "make_tables",
    "read",
    "read_state",
    "settle",
]

_MOST: Final = 10_000_000  # of points and replications: numbers beyond are no search's


@dataclass(frozen=True, slots=True)
class AskedBatch:
    """One batch of a search.

    Attributes:
        number: From 0.
        runs: The runs that it asks for, as (point, first replication, replication after the last one).
        why: What the method wants to know, in words.
        notes: What the method noted for itself, as plain data.
        seconds: How long the search had been running when it was asked for, over all sessions.
        asked: When, UTC.
    """

    number: int
    runs: tuple[tuple[int, int, int], ...]
    why: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    asked: str = ""

    @property
    def n_runs(self) -> int:
        """How many runs it asks for."""
        return sum(stop - first for _, first, stop in self.runs)


@dataclass(frozen=True, slots=True)
class SearchState:
    """What a study notes of its search.

    Attributes:
        search: The settings, as in the table `[search]` of an experiment file.
        runs: Runs that were asked for so far.
        batches: How many batches that was.
        budget: The largest number of runs, None where there is none.
        over: Why it has ended; None while it goes on.
    """

    search: Mapping[str, Any]
    runs: int = 0
    batches: int = 0
    budget: int | None = None
    over: str | None = None

    def to_json(self) -> str:
        """Return it as the entry of `meta`."""
        return json.dumps(
            {
                "search": dict(self.search),
                "runs": self.runs,
                "batches": self.batches,
                "budget": self.budget,
                "over": self.over,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> SearchState:
        """Read an entry of `meta`.

        Raises:
            MalformedError: If it is none.
        """
        found = read_object(text)
        search, runs, count = found.get("search"), found.get("runs"), found.get("batches")
        budget, over = found.get("budget"), found.get("over")
        if (
            not isinstance(search, dict)
            or not _is_count(runs)
            or not _is_count(count)
            or not (budget is None or _is_count(budget))
            or not (over is None or isinstance(over, str))
        ):
            raise MalformedError("what it says of its search makes no sense")
        return cls(search, int(runs or 0), int(count or 0), budget, over)


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**53


def found(connection: sqlite3.Connection, search: Mapping[str, Any], budget: int | None) -> None:
    """Make the study a search, inside the caller's transaction."""
    make_tables(connection)
    set_meta(connection, search=SearchState(search, budget=budget).to_json())
    copies.note(connection, "batches")


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that only searches have."""
    for table in ("batches", "batches_copy"):
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table}({schema.BATCH_COLUMNS})")


def read_state(connection: sqlite3.Connection) -> SearchState | None:
    """Return what a study notes of its search; None when it is none."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'search'").fetchone()
    return None if row is None else SearchState.from_json(row[0])


def read(connection: sqlite3.Connection) -> list[AskedBatch]:
    """Return the batches that were asked for, in their order.

    Raises:
        MalformedError: If they are none.
    """
    query = "SELECT batch, asked, milliseconds, why, notes, runs FROM batches ORDER BY batch"
    batches = []
    for place, (number, asked, seconds, why, notes, runs) in enumerate(connection.execute(query)):
        if number != place or not all(isinstance(text, str) for text in (asked, why, notes, runs)):
            raise MalformedError("its batches are not numbered one after the other")
        listed = json.loads(runs)
        if not isinstance(listed, list) or not all(_is_part(part) for part in listed):
            raise MalformedError(f"batch {number} lists no runs")
        parts = tuple((point, first, stop) for point, first, stop in listed)
        batches.append(AskedBatch(number, parts, why, read_object(notes), seconds / 1000, asked))
    return batches


def _is_part(part: object) -> bool:
    return (
        isinstance(part, list)
        and len(part) == 3
        and all(type(value) is int and 0 <= value < _MOST for value in part)
        and part[1] < part[2]
    )


def add(
    connection: sqlite3.Connection,
    batch: AskedBatch,
    new_points: Iterable[str],
) -> None:
    """Ask for one more batch, inside the caller's transaction.

    Args:
        connection: A connection that writes.
        batch: The batch; its points are numbers of points that are there, or of the new ones, which come after them.
        new_points: The parameters of each new point, as canonical text (`preparation.encoding.canonical`).
    """
    count = connection.execute("SELECT count(*) FROM points").fetchone()[0]
    rows = [(number, 0, text) for number, text in enumerate(new_points, start=count)]
    connection.executemany("INSERT INTO points VALUES(?, ?, 1, ?)", rows)
    connection.execute(
        "INSERT INTO batches VALUES(?, ?, ?, ?, ?, ?)",
        (
            batch.number,
            batch.asked or lease.now(),
            round(batch.seconds * 1000),
            batch.why,
            json.dumps(dict(batch.notes)),
            json.dumps([list(part) for part in batch.runs]),
        ),
    )
    layout = [*layout_of(connection)]
    total = count + len(rows)
    rounds = max(layout[-1][1], *(stop for _, _, stop in batch.runs), 1) if batch.runs else layout[-1][1]
    state = read_state(connection)
    assert state is not None
    if layout[-1] != (total, rounds):
        layout.append((total, rounds))
    grown = replace(state, runs=state.runs + batch.n_runs, batches=batch.number + 1, over=None)
    set_meta(
        connection,
        layout=json.dumps(layout),
        size=json.dumps([total, rounds]),
        search=grown.to_json(),
    )
    copies.note(connection, "batches", *(["points"] if rows else []))
    if not count and rows:
        schema.rewrite_view(connection)


def settle(connection: sqlite3.Connection, search: Mapping[str, Any], budget: int | None) -> None:
    """Note the settings with which a search goes on: a larger budget, say. It has not ended then."""
    state = read_state(connection)
    assert state is not None
    set_meta(connection, search=replace(state, search=search, budget=budget, over=None).to_json())


def end(connection: sqlite3.Connection, reason: str) -> None:
    """Note that a search asks for nothing more, and why."""
    state = read_state(connection)
    assert state is not None
    set_meta(connection, search=replace(state, over=reason).to_json())


def asked_of(whole: RunPlan, layout: Layout, batches: Sequence[AskedBatch]) -> npt.NDArray[np.bool_]:
    """Tell for each run of the whole rectangle whether a batch asks for it.

    Args:
        whole: All runs that the layout numbers.
        layout: The (points, replications) that the study had one after the other.
        batches: The batches.

    Raises:
        MalformedError: If a batch asks for what the layout does not have.
    """
    points, rounds = layout[-1]
    wanted = np.zeros((points, rounds), np.bool_)
    for batch in batches:
        for point, first, stop in batch.runs:
            if point >= points or stop > rounds:
                raise MalformedError(f"batch {batch.number} asks for runs that cannot be numbered")
            wanted[point, first:stop] = True
    return np.asarray(wanted[whole.point, whole.replication], np.bool_)
