"""How a table looks: the names of its columns, and a type for each that says what the values are.

Parameters, outcomes and what Mesa Lab records about a run meet in one table, and a model may call its own things
"steps" or "seed": every name gets a column of its own here. This module knows pandas and Arrow, and no study.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

__all__ = [
    "AGENT_KEYS",
    "MEASURES",
    "RECORDED",
    "SERIES_KEYS",
    "TABLE_KEYS",
    "agent_column",
    "by_first_run",
    "concat",
    "conform",
    "in_order",
    "level_codes",
    "new_names",
    "outcome_columns",
    "parameter_columns",
    "renamed",
    "rows_of",
    "settle",
    "settle_parameter",
    "stretches",
    "table_column",
    "to_frame",
    "unified_schema",
    "widened",
]


RECORDED: Final = (
    "run_id", "point", "replication", "seed", "step", "steps", "time", "status", "init_seconds", "run_seconds", "notes",
)  # fmt: skip
"""Columns that are Mesa Lab's own in every table."""

MEASURES: Final = ("steps", "time", "init_seconds", "run_seconds")
"""What is recorded of each run and can be summarised as if it were an outcome."""

SERIES_KEYS: Final = ("run_id", "step", "time")
AGENT_KEYS: Final = ("run_id", "step", "agent_id", "agent_type")
TABLE_KEYS: Final = ("run_id", "step")
"""With what the blocks of series, of agents' data, and of the data collector's tables begin."""

_OF_RUNS: Final = ("point", "replication")
"""What is put beside these from the runs, with the parameters."""


def outcome_columns(outcomes: Iterable[str]) -> dict[str, str]:
    """Return the column of each outcome: its own name, unless that is one of Mesa Lab's.

    Example:
        >>> outcome_columns(["Wolves", "steps"])
        {'Wolves': 'Wolves', 'steps': 'steps (outcome)'}
    """
    return {name: f"{name} (outcome)" if name in RECORDED else name for name in outcomes}


def parameter_columns(parameters: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return the column of each parameter: its own name, unless that is taken.

    Example:
        >>> parameter_columns(["n", "seed"], taken=["n"])
        {'n': 'n (parameter)', 'seed': 'seed (parameter)'}
    """
    occupied = {*taken, *RECORDED}
    return {name: f"{name} (parameter)" if name in occupied else name for name in parameters}


def agent_column(name: str, parameters: Iterable[str] = ()) -> str:
    """Return the column of what was measured of an agent, beside which stand the columns of the parameters.

    Example:
        >>> agent_column("step"), agent_column("vision"), agent_column("vision", ["vision"])
        ('step (agent)', 'vision', 'vision (agent)')
    """
    return f"{name} (agent)" if name in (*AGENT_KEYS, *_OF_RUNS, *parameters) else name


def table_column(name: str, parameters: Iterable[str] = ()) -> str:
    """Return the column of what a data collector's table has under a name, beside which stand those of the parameters.

    Example:
        >>> table_column("point"), table_column("who"), table_column("who", ["who"])
        ('point (table)', 'who', 'who (table)')
    """
    return f"{name} (table)" if name in (*TABLE_KEYS, *_OF_RUNS, *parameters) else name


def settle(values: pd.Series[Any]) -> pd.Series[Any]:
    """Give a column the type that says what its values are: bool, integer or float, nullable where some are missing.

    Args:
        values: A column of any type; objects are looked at.

    Returns:
        The same values as bool, int64, float64 or text; as `boolean` or `Int64` where some are missing; as they are
        when they are of several kinds.

    Example:
        >>> settle(pd.Series([1, None, 3], dtype=object)).dtype
        Int64Dtype()
    """
    if values.dtype != object:
        return values
    kind = pd.api.types.infer_dtype(values, skipna=True)
    missing = bool(values.isna().any())
    if kind == "boolean":
        return values.astype("boolean" if missing else "bool")
    if kind == "integer":
        try:
            return values.astype("Int64" if missing else "int64")
        except (OverflowError, TypeError, ValueError):  # larger than 64 bits
            return values.astype("float64")
    if kind in ("floating", "mixed-integer-float", "empty", "decimal"):
        return values.astype("float64")
    if kind == "string":
        return values.astype("str")
    if all(isinstance(value, bool | int | float | np.number | np.bool_ | None) for value in values):
        return values.map(lambda value: math.nan if value is None else float(value)).astype("float64")
    return values


def settle_parameter(values: pd.Series[Any]) -> pd.Series[Any]:
    """Like `settle`, for a parameter: text becomes a category, and levels of several kinds stay as they are.

    None is a level like any other, and True is not the level 1.

    Example:
        >>> settle_parameter(pd.Series([1, True], dtype=object)).tolist()
        [1, True]
    """
    if values.dtype == object:
        kinds = {float if type(value) is int else type(value) for value in values}
        if len(kinds) > 1 or type(None) in kinds:
            return values
        settled = settle(values)
        if kinds == {float} and settled.nunique(dropna=False) < len({_key(value) for value in values}):
            return values  # whole numbers that no column of numbers tells apart
        values = settled
    if isinstance(values.dtype, pd.StringDtype) or pd.api.types.infer_dtype(values, skipna=False) == "string":
        return values.astype(pd.CategoricalDtype(list(dict.fromkeys(values.dropna()))))
    return values


def level_codes(values: pd.Series[Any], order: Sequence[Any] = ()) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Number the levels that a parameter takes.

    Args:
        values: One value per row: of any kind, lists and None included; 1, 1.0 and True are told apart only in
            columns of mixed kind.
        order: The levels in the order that they should have; others follow. Numbers are always sorted.

    Returns:
        The number of each row's level, and the levels in their order.

    Example:
        >>> level_codes(pd.Series([30, 10, 30]))
        (array([1, 0, 1]), [10, 30])
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    if values.dtype != object and not isinstance(values.dtype, pd.StringDtype):
        codes, levels = pd.factorize(values, sort=True, use_na_sentinel=False)
        return np.asarray(codes, dtype=np.int64), np.asarray(levels).tolist()
    firsts: dict[str, Any] = {_key(level): level for level in order}
    keys = [_key(value) for value in values]
    used = set(keys)
    for key, value in zip(keys, values, strict=True):
        firsts.setdefault(key, value)
    kept = [key for key in firsts if key in used]
    position = {key: number for number, key in enumerate(kept)}
    return np.array([position[key] for key in keys], dtype=np.int64), [firsts[key] for key in kept]


def _key(value: Any) -> str:
    return f"{type(value).__name__}:{value!r}"


def unified_schema(schemas: Iterable[pa.Schema]) -> pa.Schema:
    """Return the schema that holds all tables: a column for each name, of the widest type that it has anywhere.

    Args:
        schemas: The tables' schemas, whose columns are told apart by name.

    Returns:
        Missing and null columns widen to any type, booleans and integers to floats, everything to text.
    """
    types: dict[str, pa.DataType] = {}
    for schema in schemas:
        for field in schema:
            known = types.get(field.name)
            types[field.name] = field.type if known is None else _wider(known, field.type)
    return pa.schema(list(types.items()))


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other

    def numeric(kind: pa.DataType) -> bool:
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))

    if pa.types.is_integer(one) and pa.types.is_integer(other):
        return pa.int64()
    if pa.types.is_timestamp(one) and pa.types.is_timestamp(other) and (one.tz is None) == (other.tz is None):
        return pa.timestamp("ns" if "ns" in (one.unit, other.unit) else "us", one.tz)
    return pa.float64() if numeric(one) and numeric(other) else pa.string()


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the table with exactly the columns and types of a schema that holds it."""
    present = {name: number for number, name in enumerate(table.column_names)}
    columns = []
    for field in schema:
        if field.name not in present:
            columns.append(pa.nulls(len(table), field.type))
            continue
        columns.append(widened(table.column(present[field.name]), field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def widened[Values: (pa.Array, pa.ChunkedArray)](values: Values, kind: pa.DataType) -> Values:
    """Return values as a type that holds them all, as `unified_schema` finds it."""
    if values.type == kind:
        return values
    if pa.types.is_boolean(values.type) and pa.types.is_floating(kind):
        values = values.cast(pa.int8())
    return values.cast(kind, safe=False)


def renamed(table: pa.Table, rename: Callable[[str], str], keys: Iterable[str]) -> pa.Table:
    """Rename all columns but the keys, which come first: a model may measure its own "step"."""
    return table.rename_columns(new_names(table.column_names, rename, keys))


def new_names(columns: Iterable[str], rename: Callable[[str], str], keys: Iterable[str]) -> list[str]:
    """Return the names that columns get by `renamed`.

    Example:
        >>> new_names(["run_id", "step", "seed", "step"], "my {}".format, keys=["run_id", "step"])
        ['run_id', 'step', 'my seed', 'my step']
    """
    left = set(keys)
    names = []
    for name in columns:
        names.append(name if name in left else rename(name))
        left.discard(name)
    return names


def stretches(run_id: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the rows of each run start, and how many they are, as long as they stand together."""
    starts = np.flatnonzero(np.diff(run_id, prepend=run_id[:1] - 1))
    return starts, np.diff(starts, append=len(run_id))


def in_order(
    run_id: npt.NDArray[np.int64], step: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]
) -> bool:
    """Whether the stretches are of ascending runs, and each goes on from step to step."""
    if not (np.diff(run_id[starts]) > 0).all():
        return False
    back = np.flatnonzero(step[1:] < step[:-1]) + 1
    return bool(np.isin(back, starts, assume_unique=True).all())


def rows_of(index: pd.Index[Any], wanted: Any) -> npt.NDArray[np.int64]:
    """Return the row of each of some numbers: never -1, which pandas and numpy would take for the last row.

    Args:
        index: The numbers that the rows have, each once.
        wanted: Those that are looked for.

    Raises:
        KeyError: If one is not there.

    Example:
        >>> rows_of(pd.Index([3, 5, 8]), [8, 3])
        array([2, 0])
    """
    rows = index.get_indexer(pd.Index(wanted)).astype(np.int64)
    if (rows < 0).any():
        raise KeyError(f"There is no row of {np.asarray(wanted)[rows < 0][:3].tolist()}.")
    return rows


def by_first_run(parts: Iterable[pa.Table]) -> list[pa.Table]:
    """Put parts into the order of their first runs: mostly that of all rows, which then need not be sorted."""
    filled = [part for part in parts if len(part)]
    return sorted(filled, key=lambda part: part.column(0)[0].as_py())


def concat(tables: Sequence[pa.Table]) -> pa.Table:
    """Put tables below each other, each column of the widest type that it has in any of them."""
    schema = unified_schema(table.schema for table in tables)
    return pa.concat_tables([conform(table, schema) for table in tables]) if tables else schema.empty_table()


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as pandas, integers and booleans with missing cells in pandas' nullable types."""
    return pd.DataFrame(dict(_columns(table)), copy=False)


def _columns(table: pa.Table) -> Iterator[tuple[str, Any]]:
    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.null_count and column.type in nullable:
            yield name, column.to_pandas(types_mapper=nullable.get)
        elif pa.types.is_null(column.type):
            yield name, np.full(len(table), np.nan)
        else:
            yield name, column.to_pandas()
