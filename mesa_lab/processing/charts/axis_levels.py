"""The levels of a parameter as a chart shows them: its own values where they are few, ranges of them where not."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from mesa_lab.formatting import label, number, shorten, show
from mesa_lab.processing.statistics.grouping import check_names
from mesa_lab.processing.tables.column_names import level_codes

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = [
    "Levels",
    "fitted",
    "is_log",
    "is_numeric",
    "levels_of",
    "point_labels",
    "unique_labels",
    "whole_ticks",
]


_FEW_TICKS = 6  # whole numbers up to here stand on an axis one by one
_LONGEST = 28  # letters of a label, so that an axis does not cut off what tells levels apart
_EXACT = 2**50  # between whole numbers beyond this, floats have no halves


@dataclass(frozen=True)
class Levels:
    """What a parameter is divided into.

    Attributes:
        name: The parameter.
        code: For each design point (index `point`) the number of its level.
        labels: What to call the levels, in their order.
        values: The levels themselves; the middles of ranges.
        edges: The ends of each range, None when the levels are the parameter's own.
        ordered: Whether the levels are numbers.
    """

    name: str
    code: pd.Series[Any]
    labels: list[str]
    values: list[Any]
    edges: list[tuple[float, float]] | None
    ordered: bool

    @property
    def binned(self) -> bool:
        """Whether several values share a level."""
        return self.edges is not None

    @property
    def whole(self) -> bool:
        """Whether levels are ranges of whole numbers, whose ends lie between them."""
        return self.edges is not None and all(low % 1 == high % 1 == 0.5 for low, high in self.edges)

    @property
    def title(self) -> str:
        """The parameter's label."""
        return label(self.name)


def whole_ticks(*values: Any) -> dict[str, Any]:
    """Return what an axis of counts or steps is to be given, so that its ticks are whole numbers.

    Vega's own smallest step lets halves through on an axis that is one or two long; they would be labelled 1, 2, 2, 3, 3.

    Args:
        values: The numbers that the axis shows, as arrays or series; those that are not finite count for nothing.

    Example:
        >>> whole_ticks([1, 3]), whole_ticks([0, 200])
        ({'format': ',d', 'values': [1, 2, 3]}, {'format': ',d', 'tickMinStep': 1})
    """
    all_of_them = np.concatenate([np.asarray(each, dtype="float64") for each in values])
    finite = all_of_them[np.isfinite(all_of_them)]
    if not finite.size or finite.max() - finite.min() > _FEW_TICKS:
        return {"format": ",d", "tickMinStep": 1}
    return {"format": ",d", "values": list(range(math.floor(finite.min()), math.ceil(finite.max()) + 1))}


def is_numeric(results: Reader, name: str) -> bool:
    """Whether a parameter's values are numbers (not yes or no)."""
    values = results.points[results.columns[name]]
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def is_log(results: Reader, name: str) -> bool:
    """Whether a parameter is varied on a logarithmic scale."""
    parameter = results.experiment.space.varied.get(name)
    spread = getattr(parameter, "distribution", None)
    logarithmic = getattr(parameter, "log", False) or spread in ("loguniform", "reciprocal", "lognorm")
    return bool(logarithmic) and is_numeric(results, name) and _positive(results, name)


def _positive(results: Reader, name: str) -> bool:
    return bool((results.points[results.columns[name]] > 0).all())


def levels_of(results: Reader, name: str, most: int = 8, bins: int = 4) -> Levels:
    """Divide a parameter into levels.

    Args:
        results: The results.
        name: A varied parameter.
        most: Show its own values up to so many; more numbers than that are put into ranges.
        bins: How many ranges.

    Returns:
        The levels. What is not a number keeps all of its values.

    Raises:
        ParameterError: If the parameter is unknown or held fixed.
    """
    check_names(results, [name])
    values = results.points[results.columns[name]]
    codes, found = level_codes(values, results.level_order(name))
    numeric = is_numeric(results, name)
    if numeric and len(found) > most:
        if pd.api.types.is_integer_dtype(values.dtype) and int(values.max()) - int(values.min()) < _EXACT:
            return _whole_ranges(results, name, values.astype("float64"), bins)
        return _ranges(results, name, values.astype("float64"), bins)
    code = pd.Series(codes, index=results.points.index)
    return Levels(name, code, unique_labels(found), found, None, numeric)


def _ranges(results: Reader, name: str, values: pd.Series[Any], bins: int) -> Levels:
    log = is_log(results, name)
    at = np.log(values.to_numpy()) if log else values.to_numpy()
    edges = np.linspace(at.min(), at.max(), bins + 1)
    code = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, bins - 1)
    middles = (edges[:-1] + edges[1:]) / 2
    if log:
        edges, middles = np.exp(edges), np.exp(middles)
    digits = 3
    while digits < 12 and len({number(edge, digits) for edge in edges}) < len(edges):
        digits += 1
    labels = [f"{number(low, digits)} – {number(high, digits)}" for low, high in itertools.pairwise(edges)]
    ends = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    return Levels(name, pd.Series(code, index=values.index), labels, middles.tolist(), ends, True)


def _whole_ranges(results: Reader, name: str, values: pd.Series[Any], bins: int) -> Levels:
    """Ranges of whole numbers, named by the first and the last that they hold: no number stands in two of them."""
    low, high = float(values.min()), float(values.max()) + 1
    at = np.geomspace(low, high, bins + 1) if is_log(results, name) else np.linspace(low, high, bins + 1)
    firsts = np.unique(np.round(at))
    code = np.searchsorted(firsts, values.to_numpy(), side="right") - 1
    pairs = [(first, after - 1) for first, after in itertools.pairwise(firsts.tolist())]
    labels = [
        show(int(first)) if first == last else f"{show(int(first))} – {show(int(last))}"
        for first, last in pairs
    ]
    ends = [(first - 0.5, last + 0.5) for first, last in pairs]
    middles = [(first + last) / 2 for first, last in pairs]
    return Levels(name, pd.Series(code, index=values.index), labels, middles, ends, True)


def unique_labels(values: Sequence[Any]) -> list[str]:
    """Return a short label for each value, longer where two would read the same.

    Example:
        >>> unique_labels([0.5, True, "yes"]), unique_labels([1, "1"])
        (['0.5', 'True', 'yes'], ['1', "'1'"])
    """
    labels = [shorten(show(value), _LONGEST) for value in values]
    count = Counter(labels)
    if len(count) < len(labels):  # texts that read like numbers are quoted
        labels = [
            repr(value) if count[text] > 1 and isinstance(value, str) else text
            for text, value in zip(labels, values, strict=True)
        ]
    if len(set(labels)) < len(labels) and all(len(repr(value)) <= _LONGEST for value in values):
        labels = [repr(value) for value in values]
    return fitted(labels, _LONGEST)


def fitted(labels: Sequence[str], most: int) -> list[str]:
    """Shorten labels; those that would read the same are numbered.

    Args:
        labels: The labels.
        most: The letters that there is room for; a number comes on top.

    Example:
        >>> fitted(["near the river", "far"], 9), fitted(["a" * 20, "a" * 20 + "b" + "a" * 9], 9)
        (['near…iver', 'far'], ['aaaa…aaaa (1)', 'aaaa…aaaa (2)'])
    """
    short = [shorten(text, most) for text in labels]
    if len(set(short)) == len(short):
        return short
    return [f"{text} ({position})" for position, text in enumerate(short, 1)]


def point_labels(results: Reader, points: Sequence[int]) -> list[str]:
    """Return what to call some design points: the values of the parameters in which they differ.

    Args:
        results: The results.
        points: Numbers of design points.

    Returns:
        Texts such as "density 0.6, torus True", "all runs" for a study of one point.
    """
    rows = results.points.loc[list(points)]
    parts: list[list[str]] = [[] for _ in points]
    for name, column in results.columns.items():
        codes, found = level_codes(rows[column])
        if len(found) > 1:
            labels = unique_labels(found)
            for part, code in zip(parts, codes, strict=True):
                part.append(f"{label(name)} {labels[code]}")
    texts = [shorten(", ".join(part), 72) or "all runs" for part in parts]
    if len(set(texts)) < len(texts):
        texts = [f"point {point}: {text}" for point, text in zip(points, texts, strict=True)]
    return texts
