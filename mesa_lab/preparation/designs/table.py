"""Designs made elsewhere: a table of points."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

import numpy as np

from mesa_lab.errors import DesignError, ParameterError, suggest
from mesa_lab.files import path_of
from mesa_lab.preparation.code_permission import CodeReference
from mesa_lab.preparation.designs.csv_file import read_csv
from mesa_lab.preparation.designs.design import Design, check_memory, refuse_correlations
from mesa_lab.preparation.parameters.space import ParameterSpace, table
from mesa_lab.preparation.parameters.value_keys import FrozenDict, key, plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "fit"]

ROW_NUMBERS = ("", "Unnamed: 0", "point")


@dataclass(frozen=True, eq=False, repr=False)
class Table(Design):
    """Points of one's own, or from any outside tool.

    They are a DataFrame, a list of dicts, a dict of columns, or a CSV file. A file is read once, here, so that the
    experiment holds its own points whatever happens to the file. Each parameter that varies needs a column, and its
    values get the parameter's type. Further columns are values for other parameters, which replace those held fixed. A
    first column of row numbers is left out. An empty cell is None.

    Args:
        data: The points, or the path of a CSV file.
        path: The path of a CSV file, when no data are given.

    Raises:
        DesignError: If there are no points, or the file is missing, empty or ragged.

    Example:
        >>> from mesa_lab import Integer, ParameterSpace
        >>> design = Table([{"n": 10, "torus": True}, {"n": 20, "torus": False}])
        >>> design.points(ParameterSpace({"n": Integer(1, 50), "torus": True}), seed=0).values.tolist()
        [[10, True], [20, False]]
    """

    data: Any = field(default=None, metadata={"help": "The points: columns of values by name."})
    path: str | None = field(default=None, metadata={"help": "A CSV file with one row per point."})

    def __post_init__(self) -> None:
        source = self.data
        if isinstance(source, str | Path):
            source, path = None, source
        else:
            path = self.path
        if (source is None) == (path is None):
            said = "nothing" if source is None else "data and the path of a file"
            raise DesignError(
                f"Table is given {said}. Give points (a DataFrame, a list of dicts, a dict of lists) or a path."
            )
        origin, lines = "The table", None
        if path is not None:
            columns, lines = read_csv(path_of(path, "table", DesignError))
            origin = f"'{path}'"
        else:
            columns = _columns(source)
        columns = _without_row_numbers(columns)
        if not columns or not len(next(iter(columns.values()))):
            raise DesignError(
                f"{origin} has no points. Give one row for each, with one column per parameter."
            )
        settle = object.__setattr__
        settle(self, "data", FrozenDict(columns))
        settle(self, "path", None)
        settle(self, "_origin", (origin, lines))

    def __repr__(self) -> str:
        rows = len(next(iter(self.data.values())))
        return f"Table({rows:,} {'point' if rows == 1 else 'points'} of {', '.join(self.names)})"

    @property
    @override
    def named_code(self) -> tuple[CodeReference, ...]:
        return ()  # values only, and there may be millions

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.data)

    def values(self, name: str) -> list[Any]:
        """Return the different values of a column, in order of appearance."""
        return list({key(value): value for value in self.data[name]}.values())

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        refuse_correlations(self, space)
        check_memory(self, space)
        origin, lines = getattr(self, "_origin", ("The table", None))
        return fit(self.data, space, origin, lines)

    @override
    def n_points(self, space: ParameterSpace) -> int:
        return len(next(iter(self.data.values())))


def fit(
    columns: Mapping[str, Any], space: ParameterSpace, origin: str, lines: tuple[int, ...] | None = None
) -> "pd.DataFrame":
    """Give points from outside the types of a space.

    Args:
        columns: Values by name, all columns equally long.
        space: The space; each of its varied parameters needs a column.
        origin: How to call the source in messages.
        lines: The line of the source that each row is on.

    Raises:
        DesignError: If a column is missing, or a value is of the wrong type.
    """
    for name in space.varied:
        if name not in columns:
            raise DesignError(
                f"{origin} has no column for '{name}', which varies.{suggest(name, columns)} "
                f"It has: {', '.join(columns)}. Add the column, or hold '{name}' fixed at a plain value."
            )
    names = [*space.varied, *(name for name in columns if name not in space.varied)]
    typed: dict[str, list[Any]] = {}
    for name in names:
        typed[name] = []
        for row, value in enumerate(columns[name]):
            try:
                typed[name].append(_typed(space, name, value))
            except ParameterError as error:
                place = f"line {lines[row]}" if lines else f"row {row + 1}"
                what = "is empty, but should be " + _wanted(space, name) if value is None else str(error)
                raise DesignError(
                    f"{origin}, {place}, column '{name}': {what}. The parameter is {space.parameters[name]}."
                ) from None
    return table(typed, len(next(iter(typed.values()), ())))


def _typed(space: ParameterSpace, name: str, value: Any) -> Any:
    if name in space.varied:
        return space.varied[name].parse(value)
    default = space.fixed.get(name)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _wanted(space: ParameterSpace, name: str) -> str:
    return {"Real": "a number", "Integer": "a whole number"}.get(
        type(space.varied[name]).__name__, "one of its values"
    )


def _columns(source: Any) -> dict[str, list[Any]]:
    """Points in any of the usual shapes, as columns of plain values."""
    if hasattr(source, "columns") and hasattr(source, "to_dict"):
        if len(set(source.columns)) != len(source.columns):
            raise DesignError(
                f"The table has two columns of one name: {', '.join(map(str, source.columns))}."
            )
        columns = {
            name: [None if _missing(value) else value for value in source[name].tolist()]
            for name in source.columns
        }
    elif isinstance(source, Mapping):
        columns = {}
        for name, values in source.items():
            if isinstance(values, str | bytes) or not isinstance(values, Iterable):
                raise DesignError(f"The table's column '{name}' is {values!r}. Give a list of values.")
            columns[name] = list(values)
    elif isinstance(source, np.ndarray) and not source.dtype.names:
        raise DesignError(
            f"Table is given an array of shape {source.shape}, which has no names for its columns. Name them: "
            "Table(pandas.DataFrame(array, columns=[...]))."
        )
    elif isinstance(source, Iterable) and not isinstance(source, bytes):
        columns = _from_rows(list(source))
    else:
        raise DesignError(
            f"Table is given {source!r}. Give a DataFrame, a list of dicts, a dict of lists or a path."
        )
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"'{name}' has {length}" for name, length in lengths.items())
        raise DesignError(f"The table's columns are not equally long: {said}.")
    for name in columns:
        if not isinstance(name, str):
            raise DesignError(f"The table has a column called {name!r}. Name each column after a parameter.")
    return {name: [plain(value) for value in values] for name, values in columns.items()}


def _from_rows(rows: list[Any]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise DesignError(
                f"Row {place + 1} of the table is {row!r}. Give a dict from parameter to value."
            )
        if place == 0:
            columns = {name: [] for name in row}
        if missing := [name for name in columns if name not in row]:
            raise DesignError(f"Row {place + 1} of the table has no value for '{missing[0]}'. Give it one.")
        if extra := [name for name in row if name not in columns]:
            raise DesignError(
                f"Row {place + 1} of the table has '{extra[0]}', which the first row has not."
                f"{suggest(str(extra[0]), map(str, columns))} Give each row the same names."
            )
        for name, value in row.items():
            columns[name].append(value)
    return columns


def _without_row_numbers(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    first = next(iter(columns), None)
    if first in ROW_NUMBERS and len(columns) > 1:
        numbers = [key(value) for value in columns[first]]
        if any(numbers == [key(start + i) for i in range(len(numbers))] for start in (0, 1)):
            return {name: values for name, values in columns.items() if name != first}
    return columns


def _missing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value
