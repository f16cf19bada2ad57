"""What a chart says about itself: its title, and below it how many runs it shows and what it leaves out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mesa_lab.formatting import label, listing, number, opening, plural, shorten, show
from mesa_lab.processing.charts.tooltips import as_written

if TYPE_CHECKING:
    from mesa_lab.processing.statistics.grouping import Groups

__all__ = [
    "caption",
    "compared",
    "counts",
    "interval",
    "left_out",
    "marks",
    "number_format",
    "percent",
    "points_of_mark",
    "span",
]


def marks(columns: Mapping[str, Iterable[Any]], points: Iterable[Sequence[int]]) -> str:
    """Say which design points each mark of a chart stands for, so that a page can lead from a mark to its runs.

    Args:
        columns: The columns of the chart's table that tell its marks apart.
        points: The design points of each of their rows.

    Returns:
        JSON for the caption, to be read by `points_of_mark`: pandas copies what is attached to a table at every turn,
        and a text costs nothing then.
    """
    rows = zip(*columns.values(), strict=True)
    found = [[_key(row), list(each)] for row, each in zip(rows, points, strict=True)]
    return json.dumps({"fields": list(columns), "points": found})


def points_of_mark(marks: str, datum: Mapping[str, Any]) -> list[int]:
    """Return the points of a mark from what a browser knows about it; none when it is no mark of this chart.

    Example:
        >>> points_of_mark(marks({"group": ["a", "b"]}, [[0, 1], [2]]), {"group": "b", "step": 3})
        [2]
    """
    known = json.loads(marks)
    values = [datum.get(name) for name in known["fields"]]
    if not all(isinstance(value, str | int | float) for value in values):
        return []
    wanted = _key(values)
    return next((points for key, points in known["points"] if key == wanted), [])


def _key(values: Iterable[Any]) -> list[Any]:
    # JavaScript has one kind of number.
    return [as_written(value) if isinstance(value, str) else float(value) for value in values]


def percent(level: float) -> str:
    """Return a level of confidence as a percentage.

    Example:
        >>> percent(0.999).split()
        ['99.9', '%']
    """
    return f"{number(level * 100)}\N{NO-BREAK SPACE}%"


def counts(n: pd.Series[Any], what: str = "run") -> str:
    """Say how many runs stand behind each mark.

    Example:
        >>> counts(pd.Series([10, 10])), counts(pd.Series([8, 10]))
        ('10 runs each', '8 to 10 runs each')
    """
    return span(n, what) + " each" * (len(n) > 1)


def span(n: pd.Series[Any], what: str) -> str:
    """Return how many there are, from fewest to most.

    Example:
        >>> span(pd.Series([2, 6]), "design point"), span(pd.Series([1, 1]), "run")
        ('2 to 6 design points', '1 run')
    """
    low, high = (int(n.min()), int(n.max())) if len(n) else (0, 0)
    return plural(high, what) if low == high else f"{low:,} to {plural(high, what)}"


def interval(level: float, found: pd.DataFrame, what: str = "Mean") -> str:
    """Say what is drawn, with its interval where there is one.

    Args:
        level: Level of the intervals.
        found: What is drawn, as `of_groups` gives it.
        what: What is drawn.
    """
    n = found["n"]
    if len(n) and int(n.max()) < 2:
        return f"{what} of one run: replications are needed for an interval."
    if not found["ci_low"].notna().any():
        return f"{what}, {counts(n)}. Replications are needed for an interval."
    skewed = (
        " Where runs are clearly skewed it is a bootstrap's (BCa)."
        if (found["interval"] == "BCa").any()
        else ""
    )
    return f"{what} with {percent(level)} confidence interval, {counts(n)}.{skewed}"


def left_out(found: pd.DataFrame) -> list[str]:
    """Say which runs are not in a chart.

    Args:
        found: What is drawn, with the columns `n_failed`, `n_missing` and `n_infinite`.
    """
    failed, missing, infinite = (int(found[name].sum()) for name in ("n_failed", "n_missing", "n_infinite"))
    lines = []
    if failed:
        lines.append(f"{plural(failed, 'run')} that failed or timed out {_are(failed)} left out.")
    if infinite:
        lines.append(f"{plural(infinite, 'run')} with an infinite value {_are(infinite)} left out.")
    if missing:
        lines.append(f"{plural(missing, 'run')} did not report it.")
    return lines


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


_NAME: Final = 32
"""Letters of a name in a sentence below a title: there is room for three lines, and the end of a sentence counts most."""

_INTERVALS: Final = {
    "run": "intervals hold chance alone",
    "point": "intervals take the points for a sample",
    "replication": "intervals take replications for the sample, as they share their seeds",
    "point and replication": "intervals take points and replications for samples",
}


def compared(groups: Groups, found: pd.DataFrame | None = None) -> list[str]:
    """Say what groups of several points are averaged over, and what else differs between them.

    Args:
        groups: What is compared.
        found: Their statistics, where intervals are drawn.

    Returns:
        No sentence where each group is one point, or groups differ in nothing else.
    """
    lines = []
    if groups.held_at:
        held = listing(
            [f"{shorten(label(name), _NAME)} {shorten(show(value))}" for name, value in groups.held_at]
        )
        lines.append(f"Only points with the other parameters at the base case count ({held}).")
    rest = ""
    if found is not None and found["ci_low"].notna().any():
        wider = found["unit"][found["unit"].notna() & (found["unit"] != "run")]
        rest = f"; {_INTERVALS[str(wider.iloc[0]) if len(wider) else 'run']}"
    if groups.averaged_over:
        uneven = ", whose values are not alike at all levels" if groups.uneven else ""
        lines.append(f"Averaged over {_names(groups.averaged_over)}{uneven}{rest}.")
    elif groups.uneven:
        lines.append(f"Levels differ in {_names(groups.uneven)} too: a difference may be theirs.")
    repeated = int((~groups.counted & (groups.code >= 0)).sum())
    if repeated:
        lines.append(
            f"{plural(repeated, 'run')} with the values and the seed of another {_are(repeated)} counted once."
        )
    return lines


def _names(names: Sequence[str]) -> str:
    return listing([shorten(label(name), _NAME) for name in names])


def caption(
    table: pd.DataFrame,
    chart: str,
    title: str,
    sentences: Sequence[str],
    columns: Mapping[str, str],
    **more: Any,
) -> pd.DataFrame:
    """Attach to a table what its chart says.

    Args:
        table: What the chart shows.
        chart: The kind of chart.
        title: In plain words.
        sentences: What is drawn, and what is left out.
        columns: Labels of the columns that people see, in order.
        more: What the drawing needs besides.

    Returns:
        The same table, with plain data in `attrs["chart"]`.
    """
    title = opening(title)
    subtitle = [opening(" ".join(sentences))] if sentences else []
    alt_text = " ".join([f"{title}.", *subtitle])
    table.attrs = {
        "chart": {
            "kind": chart,
            "title": title,
            "subtitle": subtitle,
            "alt": alt_text,
            "columns": dict(columns),
            **more,
        }
    }
    return table


def number_format(values: pd.Series[Any]) -> str:
    """Return the d3 format that shows a column with about four digits."""
    import numpy as np

    finite = np.abs(pd.to_numeric(values, errors="coerce").astype("float64"))
    finite = finite[np.isfinite(finite) & (finite > 0)]
    if not len(finite):
        return ",.4~f"
    size = int(np.floor(np.log10(float(finite.max()))))
    return ".4~e" if size < -4 or size > 12 else f",.{max(3 - size, 0)}~f"
