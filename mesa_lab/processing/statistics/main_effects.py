"""Which parameter matters most? A quick ranking, used to decide what is shown first.

The share of the variance between design points that lies between the levels of one parameter: the correlation ratio,
less what chance alone would give (epsilon squared; Kelley, 1935). Of a design that moves one parameter at a time it is
each parameter's part of what all moves changed. Whether chance explains a share is asked of an F test: of the levels against the
replications where levels hold the same other settings, else against the points within levels. It sees main effects only: a parameter that acts through interactions can
come out at zero, so it orders charts and proves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.formatting import label, shorten
from mesa_lab.processing.statistics.grouping import Codes, comparable_points
from mesa_lab.processing.statistics.measurements import measurements
from mesa_lab.processing.tables.column_names import level_codes
from mesa_lab.processing.tables.contents import in_one_snapshot

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Leading", "influence", "leading", "ranked"]

CLEAR: Final = 0.05
"""The chance, over all parameters, up to which an influence is not put down to chance."""

type Floats = np.ndarray[Any, np.dtype[np.float64]]


@in_one_snapshot
def influence(results: Reader, outcome: str) -> pd.DataFrame:
    """Rank the varied parameters by the share of an outcome's variance that they account for alone.

    Args:
        results: The results.
        outcome: What is explained: its mean at each design point, over the runs that came to their end.

    Returns:
        One row per parameter, the largest share first: `parameter`, `share` (0 to 1; NaN where the points are too few
        to say), `p` (how probable it is that chance makes any of so many parameters look as influential; NaN where nothing tells).
    """
    found = measurements(results.values(outcome), outcome)
    keep = results.done & found.finite
    rows = results.point_rows[keep]
    count = np.bincount(rows, minlength=len(results.points))
    measured = np.flatnonzero(count)
    means = np.bincount(rows, weights=found.values[keep], minlength=len(count))[measured] / count[measured]
    alone = {name: comparable_points(results, [name]) for name in results.columns}
    crossed = _is_crossed(results, measured)
    numbered = _every_level if crossed else _few_levels
    chances = _chances(results, found.values[keep], rows, means, measured, alone, crossed=crossed)
    if alone and all(moved is not None for moved in alone.values()):
        moves = [means[moved[measured]] for moved in alone.values() if moved is not None]
        shares = dict(zip(alone, _parts(moves), strict=True))
    else:
        shares = {
            name: _share(means, numbered(results.points[column].iloc[measured]))
            for name, column in results.columns.items()
        }
    table = pd.DataFrame(
        {"parameter": list(shares), "share": list(shares.values()), "p": [chances[name] for name in shares]}
    )
    return table.sort_values("share", ascending=False, kind="stable", na_position="last", ignore_index=True)


def ranked(results: Reader, outcome: str) -> list[str]:
    """Return the names of the varied parameters, the most influential first."""
    return [str(name) for name in influence(results, outcome)["parameter"]]


@dataclass(frozen=True)
class Leading:
    """The parameter that comes first.

    Attributes:
        name: The parameter.
        share: The share of the variance between points that it accounts for alone; NaN where the points are too few to say.
        clear: Whether chance hardly makes any of so many parameters look as influential; None where nothing tells.
    """

    name: str
    share: float
    clear: bool | None

    @property
    def words(self) -> str:
        """What is to be said of its influence in few words, empty where nothing is known."""
        if self.clear is False:
            return "no clear influence"
        return f"{shorten(label(self.name), 30)}, {round(100 * self.share)} %" if self.share > 0 else ""


def leading(results: Reader, outcome: str) -> Leading | None:
    """Return the most influential parameter, None where none varies."""
    table = influence(results, outcome)
    if table.empty:
        return None
    first = table.iloc[0]
    clear = bool(first["p"] <= CLEAR) if table["p"].notna().any() else None
    return Leading(str(first["parameter"]), float(first["share"]), clear)


def _chances(
    results: Reader,
    values: Floats,
    rows: Codes,
    means: Floats,
    measured: Codes,
    alone: Mapping[str, npt.NDArray[np.bool_] | None],
    *,
    crossed: bool,
) -> dict[str, float]:
    """For each parameter how probable it is that chance alone makes one of so many look as influential."""
    at = np.full(len(results.points), -1, dtype=np.int64)
    at[measured] = np.arange(len(measured))
    of_run = at[rows]
    with np.errstate(all="ignore"):  # enormous values
        centred = values - means[of_run]
        error = float(centred @ centred), len(values) - len(measured)
    count = np.bincount(of_run, minlength=len(measured))
    found = {}
    for name, column in results.columns.items():
        moved = alone[name]
        kept = np.ones(len(measured), dtype=bool) if moved is None else moved[measured]
        comparable = moved is not None or crossed  # levels hold the same other settings
        numbered = _every_level if comparable else _few_levels
        codes = numbered(results.points[column].iloc[measured[kept]])
        replicated = comparable and error[1] > 0
        chance = _chance(means[kept], count[kept], codes, error if replicated else None)
        found[name] = min(1.0, chance * len(results.columns)) if chance == chance else chance
    return found


def _is_crossed(results: Reader, measured: Codes) -> bool:
    """Whether every combination of levels is there equally often, so that levels hold the same other settings."""
    codes = [level_codes(results.points[column].iloc[measured])[0] for column in results.columns.values()]
    if not codes or not len(measured):
        return False
    times = np.unique(np.column_stack(codes), axis=0, return_counts=True)[1]
    return len(times) == math.prod(len(np.unique(each)) for each in codes) and times.min() == times.max()


def _chance(means: Floats, count: Codes, codes: Codes, error: tuple[float, int] | None) -> float:
    """The p-value of an F test of levels; NaN where nothing tells chance from effect."""
    from scipy.special import fdtrc

    if len(codes) < 2:
        return float("nan")
    codes = np.unique(codes, return_inverse=True)[1]
    weights = count.astype(np.float64) if error is not None else np.ones(len(means))
    with np.errstate(all="ignore"):  # enormous values, and outcomes that never change
        centred = means - float(weights @ means) / float(weights.sum())
        sums = np.bincount(codes, weights=weights * centred)
        between = float((sums**2 / np.bincount(codes, weights=weights)).sum())
        k = len(sums) - 1
        within, left = error or (float(weights @ centred**2) - between, len(means) - len(sums))
        if k < 1 or left < 1 or not np.isfinite(between) or not np.isfinite(within):
            return float("nan")
        if within <= 0:
            return 0.0 if between > 0 else float("nan")
        return float(fdtrc(k, left, (between / k) / (within / left)))


def _parts(moves: list[Floats]) -> list[float]:
    """Each parameter's part of the variance that all moves from the base case made."""
    with np.errstate(all="ignore"):  # enormous values, and parameters of which no point was measured
        variances = np.array([each.var() if len(each) > 1 else np.nan for each in moves])
        total = np.nansum(variances)
        return [float(each) for each in (variances / total if 0 < total < np.inf else variances * np.nan)]


def _every_level(values: pd.Series[Any]) -> Codes:
    return level_codes(values)[0]


def _few_levels(values: pd.Series[Any]) -> Codes:
    """Number the levels of a parameter: ranges of equally many points where levels hold too few."""
    codes, levels = level_codes(values)
    if len(levels) <= max(2, len(codes) / 3):
        return codes
    bins = int(np.clip(np.sqrt(len(codes)), 2, 8))
    ranks = pd.Series(codes).rank(method="average").to_numpy()
    return np.minimum((ranks - 1) * bins // len(codes), bins - 1).astype(np.int64)


def _share(values: Floats, codes: Codes) -> float:
    if len(values) == 0:
        return float("nan")
    codes = np.unique(codes, return_inverse=True)[1]
    counts = np.bincount(codes)
    centred = values - values.mean()
    with np.errstate(all="ignore"):  # enormous values
        total, left = float(centred @ centred), len(values) - len(counts)
        between = float((np.bincount(codes, weights=centred) ** 2 / counts).sum())
    if not 0 < total < np.inf or left <= 0 or len(counts) < 2:
        return float("nan")
    return max(0.0, (between - (len(counts) - 1) * (total - between) / left) / total)
