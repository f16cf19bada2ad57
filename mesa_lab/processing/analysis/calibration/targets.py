"""Targets: observed values and series that a model is to match, each with a tolerance and a weight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ExperimentError
from mesa_lab.formatting import listing
from mesa_lab.preparation.limits import shortened
from mesa_lab.processing.analysis.calibration.data_table import is_quantity, place_of, read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "DISTANCES",
    "Component",
    "components_of",
    "plain_targets",
    "read_targets",
    "targets_of",
]

DISTANCES: Final = ("standardised", "relative", "absolute")
_KEYS: Final = ("value", "series", "tolerance", "weight")
_MOST: Final = 2000
"""Observed values in all."""


@dataclass(frozen=True, slots=True)
class Component:
    """One observed number.

    Attributes:
        outcome: The outcome that is compared with it.
        step: After which step; None for the end of a run.
        value: What was observed.
        tolerance: By how much model and data may differ whatever the parameters: a standard deviation in units of the outcome.
        weight: How much it counts.
    """

    outcome: str
    step: int | None
    value: float
    tolerance: float = 0.0
    weight: float = 1.0

    @property
    def name(self) -> str:
        """The outcome with its step."""
        return self.outcome if self.step is None else f"{self.outcome} @ {self.step}"


def read_targets(path: str | Path) -> dict[str, Any]:
    """Read observed values from a CSV file: one column for each outcome, and a column `step` where they are series.

    Args:
        path: The file, in UTF-8; columns are divided by commas, semicolons or tabs. Without `step` it has one row: what was observed
            at the end.

    Returns:
        Targets, as `Calibrate` takes them.

    Raises:
        ExperimentError: If the file cannot be read, or holds no numbers.
    """
    table = read_table(path)
    steps = next((name for name in table.columns if name.lower() == "step"), None)
    # Names and dates beside the numbers are left out; a number that could not be read is not, and refused below.
    kept = [name for name in table.columns if name != steps and _is_of_numbers(table[name])]
    return targets_of(table, {name: name for name in kept}, steps, str(path))


def _is_of_numbers(column: Any) -> bool:
    return any((isinstance(cell, float) and cell == cell) or is_quantity(cell) for cell in column)


def _numbers_of(column: Any) -> Any:
    """The numbers in a column of a file, NaN where there is none."""
    return column.map(lambda cell: float("nan") if isinstance(cell, str) else float(cell)).astype(float)


def targets_of(
    table: pd.DataFrame, outcomes: Mapping[str, str], steps: str | None = None, path: str = "the file"
) -> dict[str, Any]:
    """Return what a table of observed values says of some outcomes.

    Args:
        table: One column for each outcome, and one row for each step.
        outcomes: By column the outcome that it was observed of.
        steps: The column that holds the steps; None where the table has one row, what was observed at the end.
        path: What the table is called in messages.

    Raises:
        ExperimentError: If it holds no numbers.

    Example:
        >>> import pandas as pd
        >>> targets_of(pd.DataFrame({"day": [1, 2], "ill": [3, 5]}), {"ill": "Infected"}, "day")
        {'Infected': [[1, 3.0], [2, 5.0]]}
    """
    found: dict[str, Any] = {}
    if steps is None and len(table) != 1:
        raise ExperimentError(
            f"'{path}' has {len(table)} rows and no column 'step'. Name the column that holds the steps 'step', or give one row "
            "with what was observed at the end."
        )
    at = None if steps is None else _steps_of(table[steps], steps, path)
    for name, outcome in outcomes.items():
        values = _numbers_of(table[name])
        _check_cells(table, name, values, at, path)
        known = values.notna()
        if at is None:
            if known.all():
                found[outcome] = float(values.iloc[0])
        elif known.any():
            found[outcome] = [
                [int(step), float(value)] for step, value in zip(at[known], values[known], strict=True)
            ]
    if not found:
        raise ExperimentError(
            f"'{path}' has no column with numbers beside 'step'. It has: {listing(list(table.columns))}."
        )
    return found


def _check_cells(table: pd.DataFrame, name: str, values: Any, at: Any, path: str) -> None:
    """Refuse a cell that is no number, and a number that is of no step."""
    wrong = np.flatnonzero(values.isna() & table[name].notna())
    if len(wrong):
        cell = table[name].tolist()[wrong[0]]
        unit = "Write the number alone, without a unit. " if is_quantity(cell) else ""
        raise ExperimentError(
            f"'{path}' has {shortened(cell, 40)} in column '{name}', {place_of(table, wrong[0])}, which is no number. "
            f"{unit}Leave the cell empty where nothing was observed."
        )
    lost = np.flatnonzero(values.notna() & at.isna()) if at is not None else np.zeros(0, np.int64)
    if len(lost):
        raise ExperimentError(
            f"'{path}' has {table[name].tolist()[lost[0]]:g} in column '{name}', {place_of(table, lost[0])}, and no step there. Say after "
            "which step it was observed, or remove it."
        )


def _steps_of(column: Any, name: str, path: str) -> Any:
    """The steps in a column of a file, NaN where a cell is empty."""
    at = _numbers_of(column)
    wrong = np.flatnonzero((at.isna() & column.notna()) | (at % 1 != 0) & at.notna())
    if len(wrong):
        raise ExperimentError(
            f"'{path}' has {shortened(column.tolist()[wrong[0]], 40)} in column '{name}', {place_of(column, wrong[0])}, which is no step. Steps are whole "
            "numbers from 0: write 12 for what was observed after the twelfth step."
        )
    return at


def plain_targets(targets: Any) -> dict[str, Any]:
    """Check targets and return them as plain data: by outcome a number, or a table with `value` or `series`.

    Raises:
        ExperimentError: If one makes no sense.

    Example:
        >>> plain_targets({"Wolves": 20, "Sheep": [[10, 80], [20, 95]]})
        {'Wolves': {'value': 20.0}, 'Sheep': {'series': [[10, 80.0], [20, 95.0]]}}
    """
    if not isinstance(targets, Mapping) or not targets:
        raise ExperimentError(
            f"The targets are {shortened(targets, 60)}. Give observed values by outcome, such as {{'Wolves': 20}}, series as pairs of step "
            "and value, such as {'Wolves': [[10, 25], [20, 31]]}, or the name of a CSV file."
        )
    found = {str(name): _plain(str(name), given) for name, given in targets.items()}
    count = sum(len(each.get("series", "1")) for each in found.values())
    if count > _MOST:
        raise ExperimentError(
            f"The targets hold {count:,} observed values; {_MOST:,} are the most. Leave out steps."
        )
    return found


def _plain(name: str, given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        for key in given:
            if key not in _KEYS:
                raise ExperimentError(f"The target '{name}' has no '{key}'. It has: {listing(list(_KEYS))}.")
        if ("value" in given) == ("series" in given):
            raise ExperimentError(f"The target '{name}' needs a value, or a series of pairs [step, value].")
        found = _plain(name, given.get("value", given.get("series")))
        for key, least in (("tolerance", 0.0), ("weight", 1e-9)):
            if key in given:
                found[key] = _number(name, given[key], key)
                if found[key] < least:
                    raise ExperimentError(
                        f"The {key} of the target '{name}' is {given[key]}. Give a number above 0."
                    )
        return found
    if isinstance(given, Sequence) and not isinstance(given, str):
        pairs = []
        for pair in given:
            if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
                raise ExperimentError(
                    f"The target '{name}' holds {shortened(pair, 40)}. A series is a list of pairs [step, value], such as [[10, 25], [20, 31]]."
                )
            step = _number(name, pair[0], "step")
            if step < 0 or step != int(step):
                raise ExperimentError(
                    f"The target '{name}' has the step {shortened(pair[0], 40)}. Steps are whole numbers from 0."
                )
            pairs.append([int(step), _number(name, pair[1], "value")])
        if not pairs:
            raise ExperimentError(f"The series of the target '{name}' is empty.")
        steps = sorted(step for step, _ in pairs)
        twice = next((a for a, b in pairwise(steps) if a == b), None)
        if twice is not None:
            raise ExperimentError(
                f"The series of the target '{name}' has a step twice: {twice}. Give one value for each step, such as their mean."
            )
        return {"series": sorted(pairs)}
    return {"value": _number(name, given, "value")}


def _number(name: str, value: Any, what: str) -> float:
    if isinstance(value, bool | str) or not hasattr(value, "__float__") or not math.isfinite(value):
        raise ExperimentError(f"The {what} of the target '{name}' is {shortened(value, 40)}. Give a number.")
    return float(value)


def components_of(targets: Mapping[str, Mapping[str, Any]]) -> list[Component]:
    """Return each observed number; those of one series share its weight.

    Args:
        targets: As `plain_targets` returns them.
    """
    found = []
    for name, target in targets.items():
        more = {key: float(target[key]) for key in ("tolerance", "weight") if key in target}
        if "value" in target:
            found.append(Component(name, None, float(target["value"]), **more))
        else:
            found += [Component(name, int(step), float(value), **more) for step, value in target["series"]]
    return found


def scales(
    components: Sequence[Component], spread: npt.NDArray[np.float64], distance: str
) -> npt.NDArray[np.float64]:
    """Return what a miss of each observed number is divided by.

    Args:
        components: The observed numbers.
        spread: The standard deviation of each over the runs.
        distance: "standardised" by the spread of the runs, "relative" to the observed value, or "absolute".
    """
    values = np.array([abs(each.value) for each in components])
    weights = np.array([each.weight for each in components])
    spread = np.where(spread > 0, spread, 1.0)
    base = (
        spread
        if distance == "standardised"
        else np.where(values > 0, values, spread)
        if distance == "relative"
        else np.ones(len(values))
    )
    return np.asarray(base / np.sqrt(weights))
