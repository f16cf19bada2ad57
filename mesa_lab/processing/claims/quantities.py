"""What the quantities of claims are: a number from results, with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mesa_lab.errors import ClaimError, ConclusionError, ParameterError, suggest
from mesa_lab.formatting import listing, show
from mesa_lab.preparation.claims.parse import Quantity
from mesa_lab.processing.statistics.group_statistics import statistics
from mesa_lab.processing.statistics.measurements import measurements
from mesa_lab.processing.statistics.origins import points_are_sampled, repeated_runs, shares_seeds
from mesa_lab.processing.statistics.pooling import Origins

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Estimate", "estimate"]


@dataclass(frozen=True)
class Estimate:
    """A quantity with its uncertainty.

    Attributes:
        value: The estimate.
        low: Lower end of its interval, and `high` the upper one; NaN where nothing can be said of chance.
        n: Runs behind it; 0 where that is not counted.
        exact: Whether it has no interval because it needs none, such as a count of points.
    """

    value: float
    low: float
    high: float
    n: int = 0
    exact: bool = False


def estimate(results: Reader, quantity: Quantity) -> Estimate:
    """Work out a quantity.

    Args:
        results: The results.
        quantity: The quantity.

    Raises:
        ClaimError: If it names a question, column or row that there is not.
        ConclusionError: If these results cannot answer it.
        OutcomeError: If the outcome or an option is unknown.
        ParameterError: If a parameter or level is unknown.
    """
    if quantity.function == "mean":
        outcome = quantity.subject or results.first_outcome()
        results.outcome_list(outcome, measures=True)
        found = measurements(results.values(outcome), outcome)
        values = found.values + found.offset if found.offset else found.values
        return _over_runs(
            results, values, quantity, is_share=found.is_share or found.is_binary, is_count=found.is_count
        )
    if quantity.function == "share":
        from mesa_lab.processing.analysis.discovery.event import event_values, parse_event

        event = parse_event(results, quantity.subject)
        return _over_runs(results, event_values(results, event), quantity, is_share=True)
    return _of_answer(results, quantity)


def _over_runs(
    results: Reader, values: Any, quantity: Quantity, *, is_share: bool, is_count: bool = False
) -> Estimate:
    """The mean over the runs at some levels, with its interval over points and replications."""
    chosen = np.ones(len(results.points), dtype=bool)
    for name, level in quantity.options:
        chosen &= _at_level(results, name, level)
    if not chosen.any():
        levels = listing([f"{name} = {show(level)}" for name, level in quantity.options])
        raise ParameterError(f"No point of this study has {levels}.")
    kept = results.done & chosen[results.point_rows] & np.isfinite(values)
    kept &= ~repeated_runs(results, across_points=True, across_replications=True)
    if not kept.any():
        raise ConclusionError("No run that came to its end has a value of it.")
    point = results.point_rows[kept]
    replication = results.base["replication"].to_numpy()[kept]
    origins = None
    if len(np.unique(point)) > 1:
        origins = Origins(point, replication, points_are_sampled(results), shares_seeds(results))
    found = statistics(
        np.asarray(values, dtype=np.float64)[kept],
        np.zeros(int(kept.sum()), dtype=np.int64),
        1,
        is_share=is_share,
        is_count=is_count,
        origins=origins,
    ).iloc[0]
    return Estimate(float(found["mean"]), float(found["ci_low"]), float(found["ci_high"]), int(found["n"]))


def _at_level(results: Reader, name: str, level: Any) -> Any:
    fixed = results.experiment.space.fixed
    if name not in results.columns:
        if name in fixed:
            return np.full(len(results.points), _same(fixed[name], level))
        known = list(results.columns)
        raise ParameterError(
            f"'{name}' does not vary in this study. These vary: {listing(known) or 'none'}.{suggest(name, known)}"
        )
    values = results.points[results.columns[name]]
    found = np.array([_same(value, level) for value in values.tolist()], dtype=bool)
    if not found.any():
        levels = list(dict.fromkeys(show(value) for value in values.tolist()))
        raise ParameterError(
            f"'{name}' has no level {show(level)} in this study. There are: {listing(levels, 8)}."
        )
    return found


def _same(value: Any, level: Any) -> bool:
    return bool(value == level) and isinstance(value, bool) == isinstance(level, bool)


def _of_answer(results: Reader, quantity: Quantity) -> Estimate:
    from mesa_lab.processing.analysis.shelf import all_questions, find_question

    known = ["mean", "share", *(question.name for question in all_questions())]
    if quantity.function not in known:
        raise ClaimError(
            f"'{quantity.text}' asks for '{quantity.function}'. There are: {', '.join(known)}."
            f"{suggest(quantity.function, known)}"
        )
    answer = find_question(quantity.function).ask(results, quantity.subject, **dict(quantity.options))
    attribute = str(quantity.attribute)
    if quantity.key is None:
        return _single(answer, attribute, quantity)
    table = answer.table
    if attribute not in table.columns:
        raise ClaimError(
            f"'{quantity.text}': the table of {quantity.function} has no column '{attribute}'. It has: "
            f"{', '.join(map(str, table.columns))}.{suggest(attribute, list(map(str, table.columns)))}"
        )
    names = table.iloc[:, 0]
    rows = np.flatnonzero([_named(name, quantity.key) for name in names.tolist()])
    if not len(rows):
        listed = listing([show(name) for name in names.tolist()], 12)
        raise ClaimError(f"'{quantity.text}': there is no row '{quantity.key}'. There are: {listed}.")
    row = {str(name): value for name, value in table.iloc[int(rows[0])].items()}
    _refuse_mixed(row, attribute)
    return _cell(row, attribute, quantity)


def _refuse_mixed(row: dict[str, Any], attribute: str) -> None:
    """Refuse to speak of a difference or an effect that something else may have made: no interval of it tells."""
    for column, attributes in (
        ("confounded_with", ("difference", "superiority")),
        ("aliased_with", ("effect",)),
    ):
        others = row.get(column)
        if attribute in attributes and isinstance(others, str) and others:
            raise ConclusionError(
                f"what it is about cannot be told from what {others} does, in the points of this study. Run a design in which "
                "these do not change together."
            )


def _named(name: Any, key: Any) -> bool:
    return bool(name == key) or show(name) == show(key)


def _single(answer: Conclusion, attribute: str, quantity: Quantity) -> Estimate:
    values = dict(answer.values)
    if attribute not in values:
        hint = ""
        if attribute in answer.table.columns:
            first = show(answer.table.iloc[0, 0])
            hint = f" A column needs a row: {quantity.text}['{first}']."
        raise ClaimError(
            f"'{quantity.text}': the answer has no value '{attribute}'.{hint} There are: {', '.join(values)}."
        )
    return _cell(values, attribute, quantity)


def _cell(row: dict[str, Any], name: str, quantity: Quantity) -> Estimate:
    value = row[name]
    if isinstance(value, str) or value is None or value is pd.NA:
        raise ClaimError(f"'{quantity.text}' is {value!r}, which is no number.")
    value = float(value)
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if low is None and name in ("difference", "effect", "mean", "mu"):
        low, high = row.get("low"), row.get("high")
    n = int(row["n"]) if isinstance(row.get("n"), int | float) and math.isfinite(row["n"]) else 0
    if low is None or high is None:
        return Estimate(value, value, value, n, exact=True)
    return Estimate(value, float(low), float(high), n)
