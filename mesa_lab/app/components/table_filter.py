"""Which rows of a table are shown, and in which order: a filter as people write it, and a column to sort by.

A filter is a condition over the columns (`Sheep > 20 and density < 0.5`) where it reads as one, else a
text to find. It is worked out by the safe expressions of `preparation`, never by Python or pandas.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import MesaLabError, OutcomeError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

__all__ = ["arrange", "matching"]

_COMPARES = re.compile(r"[<>]|[=!]=|\s(in|and|or|not)\s")


def arrange(
    frame: pd.DataFrame, text: str = "", column: str = "", *, descending: bool = False
) -> npt.NDArray[np.int64]:
    """Return the rows to show, as places in the table.

    Args:
        frame: The table.
        text: A condition, or a text to find; empty for all rows.
        column: The column to sort by; empty for the order as it is.
        descending: The largest first. What is missing stands last either way.

    Raises:
        OutcomeError: If a condition cannot be worked out.

    Example:
        >>> import pandas as pd
        >>> arrange(pd.DataFrame({"a": [3, 1, 2]}), "a >= 2", "a").tolist()
        [2, 0]
    """
    import numpy as np

    rows = np.flatnonzero(matching(frame, text)).astype(np.int64)
    if column not in frame.columns:
        return rows
    values = frame[column].iloc[rows].reset_index(drop=True)
    if values.dtype == object or isinstance(values.dtype, _categorical()):
        # Mixed values have no order among them; as text they have one.
        values = values.map(_text).astype("str")
    order = values.sort_values(ascending=not descending, kind="stable", na_position="last").index
    return rows[order.to_numpy()]


def matching(frame: pd.DataFrame, text: str) -> npt.NDArray[np.bool_]:
    """Return for each row whether a filter lets it through.

    Raises:
        OutcomeError: If a condition cannot be worked out.
    """
    import numpy as np

    text = text.strip()
    if not text:
        return np.ones(len(frame), dtype=bool)
    if _COMPARES.search(text):
        return _condition(frame, text)
    found = np.zeros(len(frame), dtype=bool)
    for name in frame.columns:
        column = frame[name]
        if not len(column):
            continue
        codes, levels = column.factorize(use_na_sentinel=True)
        hits = np.array([text.lower() in _text(level).lower() for level in levels] + [False], dtype=bool)
        found |= hits[codes]
    return found


def _condition(frame: pd.DataFrame, text: str) -> npt.NDArray[np.bool_]:
    import numpy as np

    from mesa_lab.errors import suggest
    from mesa_lab.preparation.expressions.parse import compile_expression

    try:
        expression = compile_expression(text)
        known = [str(name) for name in frame.columns]
        for name in expression.names:
            if name not in known:
                raise OutcomeError(f"There is no column '{name}'.{suggest(name, known)}")
        if not expression.names:
            raise OutcomeError("Name a column in the condition, as in 'run_id < 10'.")
        values = expression.evaluate({name: _values(frame[name]) for name in expression.names})
    except MesaLabError as error:
        raise OutcomeError(str(error)) from None
    return np.broadcast_to(np.asarray(values, dtype=bool), len(frame)).copy()


def _values(column: pd.Series[Any]) -> npt.NDArray[Any]:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_numeric_dtype(column.dtype) and not is_bool_dtype(column.dtype):
        return column.to_numpy(dtype="float64", na_value=float("nan"))
    return column.astype(object).to_numpy()


def _text(value: Any) -> str:
    return "" if value is None or value != value else str(value)


def _categorical() -> type:
    import pandas as pd

    return pd.CategoricalDtype
