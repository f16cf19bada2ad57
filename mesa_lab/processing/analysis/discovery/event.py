"""Events: conditions on outcomes that a run meets or not, written as text and worked out for all runs.

The text goes through `mesa_lab.preparation.expressions.parse`, which parses it and never runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ExperimentError, OutcomeError, suggest
from mesa_lab.formatting import number
from mesa_lab.preparation.expressions.parse import Expression, compile_expression
from mesa_lab.processing.analysis.boxes.box_limits import written
from mesa_lab.processing.analysis.phrases import outcome_phrase
from mesa_lab.processing.tables.column_names import MEASURES

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["event_in_words", "event_of_outcome", "event_values", "parse_event"]

type Floats = npt.NDArray[np.float64]


def parse_event(results: Reader, text: str | None) -> str:
    """Check an event, or make one of an outcome.

    Args:
        results: The results.
        text: A condition such as `"Wolves == 0"`; the name of an outcome, for the event that it is true, that it is 0, or
            else that it is in its highest tenth; None for that of the first outcome.

    Returns:
        The condition.

    Raises:
        OutcomeError: If it does not parse, speaks of something unknown, or is no condition.
    """
    if text is None:
        return event_of_outcome(results, results.first_outcome())
    if not isinstance(text, str):
        raise OutcomeError(
            f"The event is {text!r}. Write a condition, such as '{written(_example(results))} > 0'."
        )
    if text in results.outcomes or text in MEASURES:
        return event_of_outcome(results, text)
    expression = _compiled(results, text)
    if not expression.names:
        raise OutcomeError(
            f"The event '{text}' speaks of no outcome. Write one such as '{written(_example(results))} > 0'."
        )
    return text


def _compiled(results: Reader, text: str) -> Expression:
    try:
        expression = compile_expression(text)
    except ExperimentError as error:
        raise OutcomeError(str(error).replace("The expression", "The event", 1)) from None
    known = {*results.outcomes, *MEASURES, *results.columns}
    for name in expression.names:
        if name not in known:
            listed = ", ".join(results.outcomes) or "nothing yet"
            raise OutcomeError(
                f"The event '{text}' speaks of '{name}'. {results.model_name} reports: {listed}.{suggest(name, known)}"
            )
    return expression


def _example(results: Reader) -> str:
    return results.outcomes[0] if results.outcomes else "steps"


def event_of_outcome(results: Reader, outcome: str) -> str:
    """Return the event that an outcome suggests.

    Yes-or-no outcomes are events themselves. A number that is 0 in some runs and not in others is asked when it is 0, any
    other when it is in its highest tenth.

    Raises:
        OutcomeError: If the outcome is text, or has no value.
    """
    values = results.values(outcome)[results.done].dropna()
    name = written(outcome)
    if pd.api.types.is_bool_dtype(values.dtype):
        return name
    if not pd.api.types.is_numeric_dtype(values.dtype):
        raise OutcomeError(
            f"The outcome '{outcome}' is text. Write when it happens, such as {name} == {values.iloc[0]!r}."
            if len(values)
            else f"No run that came to its end reported '{outcome}'."
        )
    numbers = values.to_numpy(dtype=np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        raise OutcomeError(f"No run that came to its end has a finite value of '{outcome}'.")
    if bool(np.isin(numbers, (0.0, 1.0)).all()):
        return f"{name} == 1"
    if numbers.min() >= 0 and 0.02 <= float((numbers == 0).mean()) <= 0.98:
        return f"{name} == 0"
    return f"{name} > {_cut(numbers)}"


def event_in_words(results: Reader, event: str) -> str:
    """Say what an event that an outcome suggests means and why it was taken; empty for any other.

    Args:
        results: The results.
        event: The condition.
    """
    expression = _compiled(results, event)
    names = list(expression.names)
    try:
        is_suggested = len(names) == 1 and event_of_outcome(results, names[0]) == event
    except OutcomeError:
        return ""
    if not is_suggested or event == written(names[0]):
        return ""
    what = outcome_phrase(results, names[0])
    if event.endswith(" == 0"):
        how = "is 0, as in some runs and not in others"
    elif event.endswith(" == 1"):
        how = "is 1, where it is always 0 or 1"
    else:
        how = "is in its highest tenth"
    return (
        f" The event is that {what} {how}; another one can be asked for, by discover in Python or conclude --question discover "
        "--outcome in the terminal."
    )


def _cut(numbers: Floats) -> str:
    """A short number that about a tenth lies above."""
    high = float(np.quantile(numbers, 0.9))
    if numbers.max() == high:  # the highest tenth is one value
        below = numbers[numbers < high]
        high = float(below.max()) if len(below) else high
    text = number(high, 3).replace(",", "")
    return text if 0 < float((numbers > float(text)).mean()) < 1 else repr(high)


def event_values(results: Reader, event: str) -> Floats:
    """Work out an event for all runs.

    Args:
        results: The results.
        event: The condition.

    Returns:
        For each run, in the order of `results.base`, 1 where it holds, 0 where not, NaN where one of the outcomes that it
        speaks of has no value.

    Raises:
        OutcomeError: If it gives something other than yes or no.
    """
    expression = _compiled(results, event)
    there = results.done.copy()
    columns: dict[str, pd.Series[Any]] = {}
    for name in expression.names:
        if name in results.outcomes or name in MEASURES:
            values = results.values(name)
            there &= values.notna().to_numpy()
        else:
            values = results.points[results.columns[name]].iloc[results.point_rows].reset_index(drop=True)
        columns[name] = values
    found = np.full(len(there), np.nan)
    if not there.any():
        return found
    try:
        holds = expression.evaluate({name: _plain(values[there]) for name, values in columns.items()})
    except ExperimentError as error:
        raise OutcomeError(str(error).replace("The expression", "The event", 1)) from None
    holds = np.asarray(holds)
    if holds.dtype != np.bool_:
        example = holds.ravel()[0] if holds.size else None
        raise OutcomeError(
            f"The event '{event}' gives {example!r}, which is neither true nor false. Compare it with something, as in "
            f"'{event} > 0'."
        )
    found[there] = holds
    return found


def _plain(values: pd.Series[Any]) -> npt.NDArray[Any]:
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64)
    return values.astype(object).to_numpy()
