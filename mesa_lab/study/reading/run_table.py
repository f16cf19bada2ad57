"""Tables out of a study file, column by column.

A million runs become a frame in a few seconds and never a list of dicts. What was collected over the steps is
read in `series_blocks.py`.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import OutcomeError, suggest
from mesa_lab.preparation.encoding import from_json
from mesa_lab.study.database import digests
from mesa_lab.study.database.schema import KINDS
from mesa_lab.study.records import STATUSES
from mesa_lab.study.run_numbers import RunPlan

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "RUN_COLUMNS",
    "at_one_moment",
    "failures_frame",
    "points_frame",
    "replaced_results",
    "runs_frame",
    "select_outcomes",
    "with_times",
]

_INT, _FLOAT, _BOOL, _STR = (KINDS[kind] for kind in (int, float, bool, str))
RUN_COLUMNS: Final = (
    "run_id", "point", "replication", "seed", "status", "steps", "time", "init_seconds", "run_seconds", "attempt", "notes"
)  # fmt: skip
_FETCHED: Final = {"seed": _INT, "steps": _INT, "time": _FLOAT, "init_seconds": _FLOAT, "run_seconds": _FLOAT}
_ROWS: Final = 10_000
_MOST_OTHERS: Final = 1000


@contextmanager
def at_one_moment(connection: sqlite3.Connection) -> Iterator[None]:
    """Have all that is read belong together: the study may be written meanwhile."""
    own = not connection.in_transaction
    if own:
        connection.execute("BEGIN")
    try:
        yield
    finally:
        if own and connection.in_transaction:  # some errors end it
            connection.execute("ROLLBACK")


def replaced_results(connection: sqlite3.Connection) -> int:
    """Return how often the result of a run has taken the place of an earlier one; only runs that failed are tried again."""
    tried = "SELECT coalesce(sum(attempt - 1), 0) FROM runs WHERE run_id IN (SELECT run_id FROM failures)"
    return int(connection.execute(tried).fetchone()[0])


def select_outcomes(
    connection: sqlite3.Connection, names: Sequence[str] | None
) -> list[tuple[int, str, int]]:
    """Return (position, name, kinds) of outcomes, all of them or those named.

    Raises:
        OutcomeError: If the study has none of that name.
    """
    known = connection.execute("SELECT position, name, kinds FROM outcomes ORDER BY position").fetchall()
    if names is None:
        return known
    by_name = {row[1]: row for row in known}
    for name in names:
        if name not in by_name:
            listed = ", ".join(by_name) or "none yet"
            raise OutcomeError(f"Unknown outcome '{name}'. The study has: {listed}.{suggest(name, by_name)}")
    return [by_name[name] for name in names]


def runs_frame(
    connection: sqlite3.Connection,
    whole: RunPlan,
    outcomes: Sequence[str] | None = None,
    columns: Sequence[str] = RUN_COLUMNS,
) -> tuple[pd.DataFrame, bool]:
    """Return one row per run that has a result, in the order of run_id, and whether what was read is what was written.

    SQLite hands out about five million cells a second, so that what can be known without asking is not asked for.

    Args:
        connection: A connection to the study, in a transaction.
        whole: Every run that the study ever asked for.
        outcomes: Names; None for all.
        columns: What else is wanted, of `RUN_COLUMNS`.
    """
    import pandas as pd

    chosen = select_outcomes(connection, outcomes)
    fetched = {name: kind for name, kind in _FETCHED.items() if name in columns}
    names: list[str | int] = [*fetched, *(position for position, _, _ in chosen)]
    expressions = [*fetched, *(f"o{position}" for position, _, _ in chosen)]
    seen: Counter[str | int] = Counter()  # the digests of what is read
    count, last = connection.execute("SELECT count(*), coalesce(max(run_id), -1) FROM runs").fetchone()
    kinds = [*fetched.values(), *(kind for _, _, kind in chosen)]
    if count == last + 1:  # no gaps: the first so many runs of the plan
        run_id = np.arange(count, dtype=np.int64)
    else:
        cursor = connection.execute("SELECT run_id FROM runs ORDER BY run_id")
        run_id = np.fromiter((row[0] for row in cursor), np.int64, count)
    if len(run_id) and not 0 <= run_id[0] <= run_id[-1] < len(whole):
        raise ValueError(f"there is a run {run_id[0] if run_id[0] < 0 else run_id[-1]}")
    own = digests.weights(run_id)
    cells: list[Any] = []
    if expressions:
        cursor = connection.execute(f"SELECT {', '.join(expressions)} FROM runs ORDER BY run_id")
        cells = _columns(cursor, kinds, names, own, seen)
    data: dict[str, Any] = dict(zip(fetched, cells, strict=False))
    data |= {"run_id": run_id, "point": whole.point[run_id], "replication": whole.replication[run_id]}
    if "status" in columns:
        codes = _statuses(connection, run_id)
        seen["status"] = int((digests.codes(STATUSES)[codes] * own).sum())
        data["status"] = pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(STATUSES)))
    if "attempt" in columns:
        tried = "SELECT run_id, attempt FROM runs WHERE run_id IN (SELECT run_id FROM failures)"
        data["attempt"] = _sparse(connection, tried, run_id, np.ones(len(run_id), np.int64))
    if "notes" in columns:
        noted = "SELECT run_id, notes FROM runs WHERE notes IS NOT NULL"
        data["notes"] = _sparse(connection, noted, run_id, np.full(len(run_id), "", dtype=object))
    frame = pd.DataFrame({name: data[name] for name in RUN_COLUMNS if name in columns}, copy=False)
    finals = pd.DataFrame(
        dict(enumerate(cells[len(fetched) :])), index=pd.RangeIndex(len(run_id)), copy=False
    )
    finals.columns = [name for _, name, _ in chosen]
    # An outcome may share its name with a column about the run: both stay, and Results tells them apart.
    return pd.concat([frame, finals], axis=1), digests.agree(connection, seen)


def with_times(frame: pd.DataFrame, first: int, forms: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Return a table of runs with dates and times in those columns that hold nothing else.

    Args:
        frame: From `runs_frame`, which has them as ISO text.
        first: The place of the first outcome.
        forms: Scope, name and form of columns.
    """
    import pandas as pd

    kinds: dict[str, set[str]] = {}
    for scope, name, form in forms:
        if not scope:
            kinds.setdefault(name, set()).add(form.partition(":")[0])
    times = [
        place
        for place, name in enumerate(frame.columns)
        if place >= first and kinds.get(name) == {"datetime"} and frame.dtypes.iloc[place] == "str"
    ]
    if not times:
        return frame
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    for place in times:
        columns[place] = _times(columns[place])
    return pd.concat(columns, axis=1)


def _times(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return ISO texts as dates with times; as they are where one of them is none."""
    import pandas as pd

    for in_utc in (False, True):  # with several zones there is only one that fits all
        try:
            return pd.to_datetime(values, format="ISO8601", utc=in_utc)
        except (ValueError, TypeError, OverflowError):
            continue
    return values


def _statuses(connection: sqlite3.Connection, run_id: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    numbers = {status: number for number, status in enumerate(STATUSES)}
    codes = np.zeros(len(run_id), np.int8)
    unfinished = connection.execute("SELECT run_id, status FROM runs WHERE status <> 'done'").fetchall()
    if unfinished:
        ids, statuses = zip(*unfinished, strict=True)
        places, known = _places(run_id, ids)
        codes[places] = np.array([numbers[status] for status in statuses], np.int8)[known]
    return codes


def _sparse(
    connection: sqlite3.Connection, query: str, run_id: npt.NDArray[np.int64], values: npt.NDArray[Any]
) -> npt.NDArray[Any]:
    """Fill in the values of the few runs that have one of their own."""
    rows = connection.execute(query).fetchall()
    if rows:
        ids, cells = zip(*rows, strict=True)
        places, known = _places(run_id, ids)
        values[places] = np.array(cells, dtype=values.dtype)[known]
    return values


def _places(run_id: npt.NDArray[np.int64], ids: Sequence[int]) -> tuple[Any, Any]:
    """Return the rows of some runs, and which of them are among the rows at all."""
    wanted = np.array(ids, np.int64)
    places = np.searchsorted(run_id, wanted)
    known = (places < len(run_id)) & (run_id[np.minimum(places, len(run_id) - 1)] == wanted)
    return places[known], known


def _columns(
    cursor: sqlite3.Cursor,
    kinds: Sequence[int],
    names: Sequence[str | int],
    own: npt.NDArray[np.int64],
    seen: Counter[str | int],
) -> list[Any]:
    """Fetch rows as one array per column, in portions that stay small beside the result."""
    cursor.arraysize = _ROWS
    parts: list[list[Any]] = [[] for _ in kinds]
    start = 0
    while rows := cursor.fetchmany():
        of = own[start : start + len(rows)]
        start += len(rows)
        for part, values, kind, name in zip(parts, zip(*rows, strict=True), kinds, names, strict=True):
            array = _array(values, kind)
            part.append(array)
            # Of whole numbers that became floats, only the values themselves say what they were.
            is_plain = array.dtype != object and not (kind & _FLOAT and kind & (_INT | _BOOL))
            column = name if isinstance(name, str) else ""
            seen[name] += int((digests.codes(array if is_plain else values, column) * of).sum())
    return [_whole(part, kind) for part, kind in zip(parts, kinds, strict=True)]


def _array(values: Sequence[Any], kind: int) -> npt.NDArray[Any]:
    if kind & _STR:
        return np.array(values, dtype=object)
    if kind & _FLOAT or not kind & (_INT | _BOOL):
        return np.array(values, dtype=np.float64)  # None becomes NaN
    try:
        return np.array(values, dtype=np.int64)
    except TypeError:
        return np.array(values, dtype=object)  # whole numbers with gaps


def _whole(parts: list[npt.NDArray[Any]], kind: int) -> Any:
    import pandas as pd

    if kind & _STR:
        values = np.concatenate(parts) if parts else np.zeros(0, object)
        return pd.array(values, dtype="str") if not kind & (_INT | _FLOAT | _BOOL) else values
    if kind & _FLOAT or not kind & (_INT | _BOOL):
        return np.concatenate(parts) if parts else np.zeros(0)
    logical = not kind & _INT
    if not parts:
        return np.zeros(0, np.bool_ if logical else np.int64)
    if all(part.dtype != object for part in parts):
        whole = np.concatenate(parts)
        return whole.astype(np.bool_) if logical else whole
    gaps = np.concatenate([_missing(part) for part in parts])
    values = np.concatenate([np.where(_missing(part), 0, part).astype(np.int64) for part in parts])
    if logical:
        return pd.arrays.BooleanArray(values.astype(np.bool_), gaps)
    return pd.arrays.IntegerArray(values, gaps)


def _missing(part: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return (
        np.array([value is None for value in part]) if part.dtype == object else np.zeros(len(part), np.bool_)
    )


def points_frame(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return the design points that the study asks for: index `point`, one column per parameter, fixed ones too."""
    import pandas as pd

    points: list[int] = []
    names: dict[str, None] = {}
    rows: list[dict[str, Any]] = []
    for point, text in connection.execute("SELECT point, parameters FROM points WHERE wanted ORDER BY point"):
        points.append(point)
        rows.append(from_json(text))
        names.update(dict.fromkeys(rows[-1]))
        if len(names) > len(rows[0]) + _MOST_OTHERS:  # each would be a column of all points
            raise ValueError("each has other parameters")
    index = pd.Index(points, name="point", dtype=np.int64)
    columns = {}
    for name in names:
        column = np.empty(len(rows), dtype=object)
        for place, row in enumerate(rows):
            column[place] = row.get(name)
        kinds = {type(row[name]) for row in rows if name in row}
        values = pd.Series(column, index=index, dtype=object)
        # Not where kinds meet: pandas would take None for a missing number or text.
        columns[name] = values.infer_objects() if len(kinds) == 1 or kinds == {int, float} else values
    return pd.DataFrame(columns, index=index)


def failures_frame(connection: sqlite3.Connection) -> pd.DataFrame:
    """Return one row per failed attempt, also those of runs that a later attempt finished."""
    import pandas as pd

    names = ["run_id", "attempt", "stage", "error_type", "message", "traceback"]
    rows = connection.execute(f"SELECT {', '.join(names)} FROM failures ORDER BY run_id, attempt").fetchall()
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    kinds = ["int64", "int64", "str", "str", "str", "str"]
    return pd.DataFrame(
        {
            name: pd.Series(column, dtype=kind)
            for name, kind, column in zip(names, kinds, columns, strict=True)
        }
    )
