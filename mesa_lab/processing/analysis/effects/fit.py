"""Fit of a factorial model: coefficients with their covariance, by what the replications say of chance.

Four ways, and the answer names the one that was taken. Runs with seeds of their own: least squares on all runs, with pure error
(the variance within points), or with White's HC3 covariance where the variances differ between points. Common seeds: one fit
for each seed, and Student's interval over seeds, since what a seed does to all points is in no effect. One run of a point:
the residuals, or Lenth's method where nothing is left over.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mesa_lab.processing.analysis.effects.lenth import Lenth, lenth
from mesa_lab.processing.analysis.effects.terms import Model
from mesa_lab.processing.analysis.observations import Observations

__all__ = ["Fit", "fit_model", "merged_repeats", "rounding"]

type Floats = npt.NDArray[np.float64]

_UNEQUAL: Final = 0.05
"""The p-value of the test for equal variances below which HC3 is taken."""
_FEWEST_RESIDUALS: Final = 3


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model.

    Attributes:
        coefficients: One per column of the model's matrix.
        covariance: Of the coefficients.
        freedom: Degrees of freedom of the intervals; NaN where there are none.
        error: "pure", "HC3", "seeds", "residual" or "Lenth".
        fitted: The fitted mean of each point.
        mean: The measured mean of each point, and `count` its runs.
        n_runs: Runs that count.
        r_squared: Share of the variation between runs that the model explains, and `adjusted` for its size.
        predicted: The same for runs left out one by one (PRESS); NaN where a run decides on a coefficient alone.
        lack_of_fit: F, its degrees of freedom and p-value: do the points' means differ from the model by more than chance?
        pure_variance: Variance within points; NaN without replications.
        pure_freedom: Its degrees of freedom.
        levene: p-value of the test for equal variances; NaN where there is none.
        lenth: Lenth's margins where that method was taken.
    """

    coefficients: Floats
    covariance: Floats
    freedom: float
    error: str
    fitted: Floats
    mean: Floats
    count: npt.NDArray[np.int64]
    n_runs: int
    r_squared: float
    adjusted: float
    predicted: float
    lack_of_fit: tuple[float, int, int, float]
    pure_variance: float
    pure_freedom: int
    levene: float
    lenth: Lenth | None = None

    def half_width(self, contrast: Floats, level: float) -> float:
        """Half the width of the interval of a combination of coefficients."""
        from scipy.special import stdtrit

        variance = float(contrast @ self.covariance @ contrast)
        if not np.isfinite(self.freedom) or self.freedom <= 0:
            return float("nan")
        return float(stdtrit(self.freedom, (1 + level) / 2) * np.sqrt(max(variance, 0.0)))

    def p_value(self, contrasts: Floats) -> float:
        """Test whether combinations of coefficients are all 0: Student's or Wald's F test."""
        from scipy.special import fdtrc

        values = contrasts @ self.coefficients
        covariance = contrasts @ self.covariance @ contrasts.T
        if not np.isfinite(self.freedom) or self.freedom <= 0:
            return float("nan")
        if np.trace(covariance) <= 1e-24 * max(float(values @ values), 1e-300):
            return 0.0 if np.abs(values).max() > 1e-12 * max(np.abs(self.mean).max(), 1e-300) else 1.0
        statistic = float(values @ np.linalg.pinv(covariance) @ values) / len(values)
        return float(fdtrc(len(values), self.freedom, max(statistic, 0.0)))


def merged_repeats(observed: Observations) -> Observations:
    """Make points that are alike one point, whose runs are the runs of all; with common seeds they are the same runs.

    Centre points of a design are points like any other in a study: together they are replications.
    """
    codes = np.column_stack([factor.codes for factor in observed.factors])
    _, first, group = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    if len(first) == len(codes):
        return observed
    order = np.argsort(first)
    place = np.empty(len(first), np.int64)
    place[order] = np.arange(len(first))
    group = place[group.ravel()]
    if observed.common:
        return observed.at(np.sort(first))
    most = int(np.bincount(group).max())
    width = observed.values.shape[1]
    values = np.full((len(first), most * width), np.nan)
    seen = np.zeros(len(first), np.int64)
    for row, at in enumerate(group):
        values[at, seen[at] * width : (seen[at] + 1) * width] = observed.values[row]
        seen[at] += 1
    return replace(observed.at(np.sort(first)), values=values)


def fit_model(observed: Observations, model: Model) -> Fit:
    """Fit a model to an outcome.

    Args:
        observed: The outcome at the points, each with at least one run.
        model: The model, of full rank at these points.
    """
    if observed.common and observed.values.shape[1] > 1:
        whole = observed.values[:, np.isfinite(observed.values).all(axis=0)]
        if whole.shape[1] > 1:
            return _by_seed(whole, model)
    return _by_run(observed, model)


def rounding(values: Floats) -> float:
    """Return the size below which a difference of such values is what rounding leaves of 0."""
    return 1e-12 * float(np.abs(values).max(initial=0.0, where=np.isfinite(values)))


def _cleared(values: Floats, nothing: float) -> Floats:
    return np.where(np.abs(values) > nothing, values, 0.0)


def _by_run(observed: Observations, model: Model) -> Fit:
    x, count, mean = model.matrix, observed.count, observed.mean
    n, p = int(count.sum()), model.n_columns
    gram = np.linalg.pinv(x.T @ (x * count[:, None]))
    nothing = rounding(mean)
    coefficients = _cleared(gram @ (x.T @ (count * mean)), nothing)
    fitted = x @ coefficients
    within = np.where(observed.variance > nothing**2, observed.variance * (count - 1), 0.0)
    pure_freedom = n - len(count)
    pure = float(within.sum()) / pure_freedom if pure_freedom > 0 else float("nan")
    around = float((count * _cleared(mean - fitted, nothing) ** 2).sum())
    residual = around + float(within.sum())
    total = residual + float((count * (fitted - (count @ mean) / n) ** 2).sum())
    levene = _levene(observed) if pure_freedom > 0 else float("nan")
    leverage = np.einsum("ij,jk,ik->i", x, gram, x)
    found: Lenth | None = None
    if pure_freedom > 0 and levene >= _UNEQUAL:
        covariance, freedom, error = gram * pure, float(pure_freedom), "pure"
    elif pure_freedom > 0 and n > p:
        away = np.where(np.isfinite(observed.values), observed.values - fitted[:, None], 0.0)
        squares = (_cleared(away, nothing) ** 2).sum(axis=1)
        middle = x.T @ (x * (squares / np.maximum(1 - leverage, 1e-9) ** 2)[:, None])
        covariance, freedom, error = gram @ middle @ gram, float(n - p), "HC3"
    elif pure_freedom > 0:
        covariance, freedom, error = gram * pure, float(pure_freedom), "pure"
    elif n - p >= _FEWEST_RESIDUALS:
        covariance, freedom, error = gram * residual / (n - p), float(n - p), "residual"
    else:
        covariance, freedom, error = np.full_like(gram, np.nan), float("nan"), "Lenth"
        if model.two_level and p > 3:
            found = lenth(2 * coefficients[1:])
            covariance, freedom = gram * n * (found.pse / 2) ** 2, found.freedom
    return Fit(
        coefficients=coefficients,
        covariance=covariance,
        freedom=freedom,
        error=error,
        fitted=fitted,
        mean=mean,
        count=count,
        n_runs=n,
        r_squared=1 - residual / total if total > 0 else float("nan"),
        adjusted=1 - residual / (n - p) / (total / (n - 1)) if total > 0 and n > p else float("nan"),
        predicted=_predicted(observed, fitted, leverage, total),
        lack_of_fit=_lack_of_fit(around, len(count) - p, pure, pure_freedom),
        pure_variance=pure,
        pure_freedom=pure_freedom,
        levene=levene,
        lenth=found,
    )


def _by_seed(whole: Floats, model: Model) -> Fit:
    """Fit the model to the runs of each common seed; the seeds are the sample."""
    x = model.matrix
    m, r = whole.shape
    p = model.n_columns
    solve = np.linalg.pinv(x)
    nothing = rounding(whole)
    of_seeds = _cleared(solve @ whole, nothing)  # (columns, seeds)
    coefficients = of_seeds.mean(axis=1)
    centred = _cleared(of_seeds - coefficients[:, None], nothing)
    covariance = centred @ centred.T / (r * (r - 1))
    fitted, mean = x @ coefficients, whole.mean(axis=1)
    left = _cleared(whole - x @ of_seeds, nothing)
    around = r * float((_cleared(mean - fitted, nothing) ** 2).sum())
    spread = float(((left - left.mean(axis=1, keepdims=True)) ** 2).sum())
    freedom = (m - p) * (r - 1)
    residual = float(((whole - whole.mean(axis=0) - (fitted - fitted.mean())[:, None]) ** 2).sum())
    total = float(((whole - whole.mean(axis=0)) ** 2).sum())
    return Fit(
        coefficients=coefficients,
        covariance=covariance,
        freedom=float(r - 1),
        error="seeds",
        fitted=fitted,
        mean=mean,
        count=np.full(m, r, np.int64),
        n_runs=m * r,
        r_squared=1 - residual / total if total > 0 else float("nan"),
        adjusted=1 - (residual / max((m * r) - r - p + 1, 1)) / (total / (m * r - r))
        if total > 0
        else float("nan"),
        predicted=float("nan"),
        lack_of_fit=_lack_of_fit(around, m - p, spread / freedom if freedom > 0 else float("nan"), freedom),
        pure_variance=float(whole.var(axis=1, ddof=1).mean()),
        pure_freedom=m * (r - 1),
        levene=float("nan"),
    )


def _lack_of_fit(
    around: float, freedom: int, pure: float, pure_freedom: int
) -> tuple[float, int, int, float]:
    from scipy.special import fdtrc

    if freedom <= 0 or pure_freedom <= 0 or not np.isfinite(pure):
        return (float("nan"), max(freedom, 0), max(pure_freedom, 0), float("nan"))
    if pure <= 0:
        return (float("inf") if around > 0 else 0.0, freedom, pure_freedom, 0.0 if around > 0 else 1.0)
    ratio = around / freedom / pure
    return (ratio, freedom, pure_freedom, float(fdtrc(freedom, pure_freedom, ratio)))


def _levene(observed: Observations) -> float:
    """Test for equal variances within points (Brown and Forsythe, 1974, JASA 69: 364-367)."""
    from scipy.special import fdtrc

    several = observed.count > 1
    values = observed.values[several]
    if len(values) < 2:
        return 1.0
    away = np.abs(values - np.nanmedian(values, axis=1, keepdims=True))
    count = np.isfinite(away).sum(axis=1)
    means = np.nanmean(away, axis=1)
    n = int(count.sum())
    between = float((count * (means - (count @ means) / n) ** 2).sum()) / (len(values) - 1)
    within = float(np.nansum((away - means[:, None]) ** 2)) / max(n - len(values), 1)
    if (
        n <= len(values) or (count < 3).all()
    ):  # two runs are equally far from their median: nothing can be seen
        return 1.0
    if within <= 0:
        return 0.0 if between > 0 else 1.0
    return float(fdtrc(len(values) - 1, n - len(values), between / within))


def _predicted(observed: Observations, fitted: Floats, leverage: Floats, total: float) -> float:
    """R² of runs that are left out one by one: 1 - PRESS / total."""
    if total <= 0 or (leverage > 1 - 1e-9).any():
        return float("nan")
    left = (observed.values - fitted[:, None]) / (1 - leverage)[:, None]
    return float(1 - np.nansum(left**2) / total)
