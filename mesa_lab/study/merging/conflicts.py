"""Runs that two studies have: do they agree?

A run has one seed, so its results are the same wherever it ran; the time that it took is not. Where one study has a
failure and the other a result, the result stands, as after a retry. Anything else is for the user to decide.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from mesa_lab.study.database import connection as storage
from mesa_lab.study.reading import series_blocks
from mesa_lab.study.reading.series_blocks import Block

__all__ = ["Side", "settle"]

type Row = tuple[Any, ...]

_APART: Final = ("run_id", "point", "init_seconds", "run_seconds", "notes", "attempt", "block")
_AT_A_TIME: Final = 20


class Side:
    """One of two studies that have the same runs.

    Args:
        connection: A connection to it.
        path: Its file.
        ids: Its own numbers of those runs.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, ids: Sequence[int]) -> None:
        self.connection = connection
        self.path = path
        self.ids = list(ids)

    def checksums(self) -> list[Any]:
        """Return for each run what its blocks of data are known by."""
        ask, listed = self.connection.execute, json.dumps(self.ids)
        found: dict[int, list[Any]] = {run_id: [] for run_id in self.ids}
        with storage.translate_errors(self.path):
            types = [
                row[0] for row in ask("SELECT DISTINCT agent_type FROM agent_blocks ORDER BY agent_type")
            ]
            asked = "FROM runs JOIN json_each(?) ON run_id = value JOIN"
            for row in ask(
                f"SELECT run_id, checksum, length(series) {asked} blocks USING (block)", (listed,)
            ):
                found[row[0]].append(row[1:])
            for agent_type in types:
                query = f"SELECT run_id, agent_type, checksum {asked} agent_blocks USING (block) WHERE agent_type = ?"
                for row in ask(query, (listed, agent_type)):
                    found[row[0]].append(row[1:])
        return [found[run_id] for run_id in self.ids]

    def tables(self, places: Sequence[int]) -> Iterator[tuple[str, list[pa.Table]]]:
        """Yield the name and the parts of each table of data that some of the runs have; runs are known by their places."""
        ids = np.array([self.ids[place] for place in places], np.int64)
        with storage.translate_errors(self.path):
            query = "SELECT DISTINCT agent_type FROM agent_blocks"
            types = [row[0] for row in self.connection.execute(query)]
            yield "series", self._named(series_blocks.series_blocks(self.connection, self.path, ids), ids)
            for name in types:
                parts = series_blocks.agent_blocks(self.connection, self.path, name, ids)
                yield f"agents {name}".strip(), self._named(parts, ids)

    def _named(self, parts: Iterator[Block], ids: Any) -> list[pa.Table]:
        order = np.argsort(ids)

        def named(part: pa.Table) -> pa.Table:
            places = order[np.searchsorted(ids, part["run_id"].to_numpy(), sorter=order)]
            return part.set_column(part.column_names.index("run_id"), "run_id", pa.array(places))

        return [named(part) for part in (block.table() for block in parts) if part.num_rows]


def settle(
    target: Side, source: Side, columns: Sequence[str], rows: Sequence[Row], name_of: Callable[[str], str]
) -> tuple[list[Row], dict[int, str], list[int]]:
    """Compare runs that a study brings with those that are there.

    Args:
        target: Where they are. A failure that is to be replaced is taken out.
        source: Where they come from.
        columns: What the rows hold: columns of the target's table of runs.
        rows: The runs, with the numbers that they have in the target.
        name_of: The name of a column, for messages.

    Returns:
        The rows that take the place of failures, for each run that disagrees what is wrong, and the runs that agree.
    """
    number, status, attempt = (columns.index(name) for name in ("run_id", "status", "attempt"))
    compared = [place for place, name in enumerate(columns) if name not in _APART]
    query = f"SELECT {', '.join(columns)} FROM runs JOIN json_each(?) ON run_id = value"
    better: list[Row] = []
    wrong: dict[int, str] = {}
    alike: list[int] = []
    failed: list[int] = []
    ask = target.connection.execute
    with storage.translate_errors(target.path):
        there = {row[number]: row for row in ask(query, (json.dumps(target.ids),))}
        for place, new in enumerate(rows):
            old = there[new[number]]
            if old[status] == new[status] == "done":
                unlike = next((i for i in compared if old[i] != new[i]), None)
                if unlike is None:
                    alike.append(place)
                else:
                    wrong[new[number]] = f"{name_of(columns[unlike])} is {old[unlike]!r} and {new[unlike]!r}"
            elif new[status] == "done":
                better.append((*new[:attempt], max(new[attempt], old[attempt] + 1), *new[attempt + 1 :]))
                ask("UPDATE blocks SET superseded = 1 WHERE block = ?", (old[columns.index("block")],))
                ask("DELETE FROM runs WHERE run_id = ?", (new[number],))
            elif old[status] != "done":
                failed.append(new[number])
            elif old[attempt] <= new[attempt]:
                ask("UPDATE runs SET attempt = ? WHERE run_id = ?", (new[attempt] + 1, new[number]))
    for place, name in _unlike_data(target, source, alike):
        wrong.setdefault(rows[place][number], f"the {name} differ")
    return (
        better,
        wrong,
        [*failed, *(rows[place][number] for place in alike if rows[place][number] not in wrong)],
    )


def _unlike_data(target: Side, source: Side, places: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield those of the runs, by their places, of which the series or agents' data differ, and which."""
    if not places:
        return
    mine, theirs = target.checksums(), source.checksums()
    unsure = [
        place for place in places if mine[place] != theirs[place]
    ]  # blocks of other runs too, or other data
    for start in range(0, len(unsure), _AT_A_TIME):
        some = unsure[start : start + _AT_A_TIME]
        if any(_unlike_tables(target, source, some)):
            for place in some:
                for name in _unlike_tables(target, source, [place]):
                    yield place, name


def _unlike_tables(target: Side, source: Side, places: Sequence[int]) -> Iterator[str]:
    mine, theirs = dict(target.tables(places)), dict(source.tables(places))
    for name in dict.fromkeys([*mine, *theirs]):
        first, second = mine.get(name, []), theirs.get(name, [])
        whole = pa.concat_tables([*first, *second], promote_options="permissive") if first or second else None
        length = sum(part.num_rows for part in first)
        if whole is not None and not _ordered(whole[:length]).equals(_ordered(whole[length:])):
            yield name


def _ordered(table: pa.Table) -> Any:
    """Return a table as pandas compares it: by run and step, missing values alike."""
    frame = table.to_pandas().sort_values(["run_id", "step"], kind="stable", ignore_index=True)
    return frame[sorted(frame.columns)]
