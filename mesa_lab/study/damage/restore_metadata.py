"""What a damaged study says of itself, restored where it says it twice: of its experiment follow its points, and the reverse.

Nothing is guessed. What is put in the place of something damaged has the checksum that was noted when it was written
(`table_checksums`), but for what matters to nobody: when the study was made, and the state of its model's code then. No code is
run: what a design that is a function would say again is not asked for.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice, permutations, product
from typing import Any, Final

from mesa_lab.errors import MesaLabError, StudyFormatError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import extension
from mesa_lab.study.checksums import tables
from mesa_lab.study.damage import tolerant_reader
from mesa_lab.study.damage.verify_points import can_prove
from mesa_lab.study.database import lease, schema
from mesa_lab.study.shards import Shard

__all__ = ["restore"]

_ENTRIES: Final = ("experiment", "settings", "model", "created", "design", "layout", "size", "shard")
_OF_NO_CONSEQUENCE: Final = ("created", "design", "model")
_MOST_ORDERS: Final = 120
_NOT_TO_BE_HAD: Final = (MesaLabError, LookupError, ValueError, TypeError, ImportError)

type Row = tuple[Any, ...]


def restore(source: sqlite3.Connection, target: sqlite3.Connection) -> bool:
    """Write what a study says of its experiment, its points and its outcomes into a new study.

    Args:
        source: A connection to the damaged study.
        target: A connection to the new one, which has its tables.

    Returns:
        Whether all points are those that were written. Otherwise the places of those that cannot be read are held by
        what is no point, and `proving` tells which of the others are right.

    Raises:
        StudyFormatError: If something cannot be read, and does not follow from the rest.
    """
    noted = _noted(source)
    entries = {key: value for key in _ENTRIES if (value := _entry(source, key)) is not None}
    if not entries:
        raise StudyFormatError("not even the description of its experiment can be read")
    target.executemany("INSERT INTO meta VALUES(?, ?)", entries.items())
    now = dict(tables.of(target, "meta"))
    must = {name for name in noted if name.startswith("meta ")} or {f"meta {key}" for key in _ENTRIES[:-1]}
    broken = [name for name in sorted(must) if name not in now or now[name] != noted.get(name, now[name])]
    again = _Again({key: entries[key] for key in entries if f"meta {key}" not in broken})
    for name in broken:
        key = name.removeprefix("meta ")
        target.execute("DELETE FROM meta WHERE key = ?", (key,))
        value = again.meta().get(key)
        if value is not None:
            target.execute("INSERT INTO meta VALUES(?, ?)", (key, value))
        right = key in _OF_NO_CONSEQUENCE or dict(tables.of(target, "meta")).get(name) == noted.get(name)
        if value is None or not right:
            raise StudyFormatError(f"the description of its experiment ({key}) cannot be read{again.reason}")
    _restore_outcomes(source, target, noted.get("outcomes"))
    return _restore_points(source, target, noted.get("points"), again)


def _noted(source: sqlite3.Connection) -> dict[str, int]:
    try:
        return dict(source.execute("SELECT name, checksum FROM table_checksums").fetchall())
    except (sqlite3.Error, UnicodeError):
        return {}


def _entry(source: sqlite3.Connection, key: str) -> str | None:
    try:
        row = source.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    except (sqlite3.Error, UnicodeError):
        return None
    return row[0] if row is not None and isinstance(row[0], str) else None


class _Again:
    """The experiment, asked once more for what the study has noted of it.

    Args:
        entries: What is known to be right.
    """

    def __init__(self, entries: dict[str, str]) -> None:
        self._entries = entries
        self._made: tuple[dict[str, str], list[Row]] | None = None

    @property
    def experiment(self) -> Experiment | None:
        """The experiment, None when it cannot be had."""
        try:
            return self._experiment()
        except _NOT_TO_BE_HAD:
            return None

    @property
    def runs_code(self) -> bool:
        """Whether the experiment's points are made by somebody's own code."""
        experiment = self.experiment
        return experiment is not None and experiment.design.runs_code  # type: ignore[union-attr]

    @property
    def reason(self) -> str:
        """Why what follows from the points is not made again, for the end of a sentence."""
        return ", and a rescue does not run the function that makes its points" if self.runs_code else ""

    def meta(self) -> dict[str, str]:
        """Return what a new study of the experiment would note."""
        return self._make()[0]

    def points(self) -> list[Row]:
        """Return the points of a new study: number, occurrence, 1, parameters."""
        return self._make()[1]

    def _make(self) -> tuple[dict[str, str], list[Row]]:
        if self._made is None:
            self._made = {}, []
            if self.runs_code:
                described = extension.describe(self._experiment())
                self._made = {**described, "created": lease.now(), "design": ""}, []
                return self._made
            with closing(sqlite3.connect(":memory:", isolation_level=None)) as study:
                schema.lay_out(study)
                try:
                    shard = (
                        Shard(*json.loads(self._entries["shard"])[:2]) if "shard" in self._entries else None
                    )
                    extension.found(study, self._experiment(), shard)
                except _NOT_TO_BE_HAD:
                    return self._made  # the experiment cannot be had
                points = study.execute(
                    "SELECT point, occurrence, wanted, parameters FROM points ORDER BY point"
                )
                self._made = dict(study.execute("SELECT key, value FROM meta")), points.fetchall()
        return self._made

    def _experiment(self) -> Experiment:
        if "experiment" in self._entries:
            return Experiment.from_toml(self._entries["experiment"])
        import tomlkit

        plain = json.loads(self._entries["settings"])
        return Experiment.from_toml(
            tomlkit.dumps({key: value for key, value in plain.items() if value is not None})
        )


def _restore_points(
    source: sqlite3.Connection, target: sqlite3.Connection, noted: int | None, again: _Again
) -> bool:
    (layout,) = target.execute("SELECT value FROM meta WHERE key = 'layout'").fetchone()
    count = json.loads(layout)[-1][0]
    columns = "point, occurrence, wanted, parameters"
    rows = [row for row in tolerant_reader.rows(source, "points", columns, 0, count - 1) if _is_point(row)]

    def candidates() -> Iterator[Sequence[Row]]:
        yield rows
        if noted is None:
            return
        fresh = again.points()
        asked = {(row[1], row[3]) for row in fresh}
        times = Counter((row[1], row[3]) for row in rows)  # no two points are the same
        single = [row for row in rows if times[row[1], row[3]] == 1]
        have = {row[0]: (*row[:2], 1, row[3]) for row in single if (row[1], row[3]) in asked}
        have |= {row[0]: row for row in single if (row[1], row[3]) not in asked and not row[2]}
        known = {(row[1], row[3]) for row in have.values()}
        missing = [row[1:] for row in fresh if (row[1], row[3]) not in known]
        places = [place for place in range(count) if place not in have]
        for some in islice(permutations(missing), _MOST_ORDERS):
            whole = have | {place: (place, *row) for place, row in zip(places, some, strict=False)}
            yield [whole[place] for place in sorted(whole)]

    try:
        _put(
            target,
            "points",
            candidates(),
            count,
            noted,
            f"its design points cannot all be read{again.reason}",
        )
        return True
    except StudyFormatError:
        experiment = again.experiment
        if experiment is None or not again.runs_code or not rows or not can_prove(experiment):
            raise
    read = {row[0]: row for row in rows}
    target.execute("DELETE FROM points")
    target.executemany(
        "INSERT INTO points VALUES(?, ?, ?, ?)",
        [read.get(place, (place, place, 0, "{}")) for place in range(count)],
    )
    return False


def _restore_outcomes(source: sqlite3.Connection, target: sqlite3.Connection, noted: int | None) -> None:
    columns = [row[1] for row in source.execute("PRAGMA table_info(runs)")]
    count = len([name for name in columns if name.startswith("o") and name[1:].isdigit()])
    rows = [
        row
        for row in tolerant_reader.rows(source, "outcomes", "position, name, kinds", 0, schema.MAX_OUTCOMES)
        if isinstance(row[1], str) and isinstance(row[2], int)
    ]

    def candidates() -> Iterator[Sequence[Row]]:
        yield rows
        for place, kinds in product(range(len(rows)), range(32)) if noted is not None else ():
            yield [*rows[:place], (*rows[place][:2], kinds), *rows[place + 1 :]]

    _put(target, "outcomes", candidates(), count, noted, "the names of its outcomes cannot be read")


def _put(
    target: sqlite3.Connection,
    table: str,
    candidates: Iterable[Sequence[Row]],
    count: int,
    noted: int | None,
    otherwise: str,
) -> None:
    """Write the first rows that are right."""
    for rows in candidates:
        if [row[0] for row in rows] != list(range(count)):
            continue
        target.execute(f"DELETE FROM {table}")
        if rows:
            target.executemany(f"INSERT INTO {table} VALUES({', '.join('?' * len(rows[0]))})", rows)
        if noted is None or dict(tables.of(target, table))[table] == noted:
            return
    raise StudyFormatError(otherwise)


def _is_point(row: Sequence[Any]) -> bool:
    if not (isinstance(row[1], int) and isinstance(row[2], int) and isinstance(row[3], str)):
        return False
    try:
        json.loads(row[3])
    except ValueError:
        return False
    return True
