"""Racing: which points of an optimisation are still in it, which are the last few, and how the budget is shared between phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.parameters.space import Choice, table
from mesa_lab.processing.analysis.searched.outcome_space import nondominated
from mesa_lab.processing.analysis.smooth_surface import Landscape, fit_landscape
from mesa_lab.search.engines.engine import Trials
from mesa_lab.search.estimates import Estimates, estimates
from mesa_lab.search.history import Floats, History
from mesa_lab.search.new_points import allowed_values, fresh, taken_by

__all__ = ["CONFIRM", "DONE", "EXPLORE", "SELECT", "Race", "Shares", "shares_of"]

EXPLORE: Final = "explore"
SELECT: Final = "select"
CONFIRM: Final = "confirm"
DONE: Final = "done"

_RESERVE: Final = 0.2
"""Of the budget for the choice among the last few, and for fresh runs of the winner."""

_FINALISTS: Final = 4
_POOL: Final = 384
"""New points among which the surface chooses."""

_DOUBT: Final = 2.0
"""Standard errors within which a point may still be the best."""

_BEST_CONFIRMED: Final = "The best setting is confirmed with fresh seeds."
_FRONT_CONFIRMED: Final = "The settings of the front are confirmed with fresh seeds."

type Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """How the budget is shared.

    Attributes:
        phase: What comes next: `EXPLORE`, `SELECT`, `CONFIRM` or `DONE`.
        closing: What comes next once there is nothing more to explore.
        explore_left: Runs that are left for exploring.
        select_runs: Runs for the choice among the last few.
        confirm_runs: Runs for the winner.
        finalists: How many the last few are.
        reason: Why it ends, once it does.
    """

    phase: str
    closing: str
    explore_left: int
    select_runs: int
    confirm_runs: int
    finalists: int = _FINALISTS
    reason: str = _BEST_CONFIRMED


def shares_of(history: History, confirm: int | None, replications: int, *, several: bool) -> Shares:
    """Share the budget.

    Args:
        history: What is known.
        confirm: Runs of the winner, or of each point of the front; None for what a fifth of the budget allows.
        replications: Runs of a new point.
        several: Whether there are several goals: then nothing is selected, and all of the front is confirmed.
    """
    phases = [str(batch.notes.get("phase", "")) for batch in history.batches if batch.runs]
    last = max((place for place, phase in enumerate(phases) if phase == EXPLORE), default=-1)
    closing = DONE if CONFIRM in phases[last + 1 :] else CONFIRM if SELECT in phases[last + 1 :] else SELECT
    if several and closing == SELECT:
        closing = CONFIRM
    asked, left = history.n_asked, history.runs_left
    total = history.budget
    if total is None:  # a time: as many runs as a fifth of those so far
        reserve = max(round(asked * _RESERVE), 2 * replications)
        explores = history.spent < 1 - _RESERVE and closing in (SELECT, CONFIRM)
        explore_left, left = (history.batch_runs, reserve) if explores else (0, reserve)
    else:
        reserve = round(total * _RESERVE)
        if confirm is not None:
            reserve = min(confirm * (6 if several else 2), total - min(total, replications))
        elif total < 4 * replications:
            reserve = 0
        explore_left = max(total - reserve - asked, 0)
    assert left is not None
    select = 0 if several else reserve // 2
    runs = left - (select if closing == SELECT else 0)
    phase, reason = EXPLORE if explore_left > 0 else closing, _FRONT_CONFIRMED if several else _BEST_CONFIRMED
    return Shares(phase, closing, explore_left, select, max(runs, 0), reason=reason)


class Race:
    """The points of an optimisation in comparison.

    Args:
        history: What is known.
        goals: The outcomes with their goals.
        subject_to: Conditions on outcomes.
        holds_in: In which share of the runs they must hold.
        surface: Whether a smooth surface through all runs is used.
    """

    def __init__(
        self,
        history: History,
        goals: Mapping[str, str],
        subject_to: Sequence[str] = (),
        holds_in: float = 0.9,
        *,
        surface: bool = True,
    ) -> None:
        self.history = history
        self.goals = dict(goals)
        self.subject_to = tuple(subject_to)
        self.holds_in = holds_in
        self.surface = surface
        self._signs = np.array([-1.0 if goal == "max" else 1.0 for goal in goals.values()])

    @cached_property
    def estimates(self) -> list[Estimates]:
        """Each goal at the points; with common random numbers without what all points of a replication share."""
        found = [estimates(self.history, name) for name in self.goals]
        return [each.without_seeds() for each in found] if self.history.common else found

    @cached_property
    def means(self) -> Floats:
        """The mean of each goal at each point, of shape (points, goals)."""
        return np.column_stack([each.mean for each in self.estimates])

    @cached_property
    def losses(self) -> Floats:
        """The same turned so that small is good."""
        found: Floats = self.means * self._signs
        return found

    @cached_property
    def noise(self) -> Floats:
        """The variance of each mean."""
        return np.column_stack([each.error**2 for each in self.estimates])

    @cached_property
    def share(self) -> Floats:
        """In which share of the runs of each point all conditions hold; failed runs count as not held."""
        if not self.subject_to:
            return np.ones(self.history.n_points)
        holds = self.history.ended.copy()
        for text in self.subject_to:
            expression = compile_expression(text)
            values = {name: self.history.outcome(name) for name in expression.names}
            known = np.all([np.isfinite(each) for each in values.values()], axis=0)
            filled = {name: np.where(known, each, 0.0).ravel() for name, each in values.items()}
            kept = np.asarray(expression.evaluate(filled), dtype=bool).reshape(known.shape)
            holds &= known & kept
        ended = self.history.ended.sum(axis=1)
        return np.asarray(np.where(ended > 0, holds.sum(axis=1) / np.maximum(ended, 1), np.nan))

    @cached_property
    def violation(self) -> Floats:
        """By how much each point misses the share of runs in which the conditions must hold."""
        return np.maximum(self.holds_in - self.share, 0.0) if self.subject_to else np.zeros(len(self.share))

    @cached_property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which points lie in the ranges and have a value in at least half of their runs."""
        history = self.history
        n, ended = self.estimates[0].n, self.estimates[0].n_ended
        has = np.isfinite(self.losses).all(axis=1)
        return np.asarray(has & (2 * n >= ended) & history.inside, np.bool_)

    @property
    def n_known(self) -> int:
        """How many points can be compared."""
        return int(self.usable.sum())

    @cached_property
    def landscape(self) -> Landscape | None:
        """The surface of the one goal; None where there are several, or too few points."""
        if not self.surface or len(self.goals) > 1 or not self.n_known:
            return None
        values = np.where(self.usable, self.losses[:, 0], np.nan)
        noise = np.where(np.isfinite(self.noise[:, 0]), self.noise[:, 0], np.nan)
        return fit_landscape(self.history.space, self.history.unit, values, noise, self.history.seed)

    @cached_property
    def believed(self) -> tuple[Floats, Floats]:
        """What is believed of the loss at each point, and its standard error: the surface, or the shrunken mean."""
        if self.landscape is not None:
            mean, error = self.landscape.at(self.history.unit)
            return np.where(self.usable, mean, np.nan), error
        losses, noise = self.losses[:, 0], self.noise[:, 0]
        known = self.usable & np.isfinite(noise)
        if known.sum() < 3:
            return np.where(self.usable, losses, np.nan), np.sqrt(np.where(np.isfinite(noise), noise, 0.0))
        # A mean of few runs is moved towards that of all points: the best of many noisy means is a lucky one.
        between = max(float(losses[known].var() - noise[known].mean()), 0.0)
        weight = between / (between + noise) if between > 0 else np.zeros_like(noise)
        centre = float(losses[known].mean())
        shrunk = centre + weight * (losses - centre)
        return np.where(self.usable, shrunk, np.nan), np.sqrt(np.maximum(weight * noise, 0.0))

    def trials(self) -> Trials:
        """Return what an engine is told: the surface's values in place of single means, where there is one."""
        losses = np.where(self.usable[:, None], self.losses, np.nan)
        if self.landscape is not None:
            losses = self.believed[0][:, None]
        here = np.flatnonzero(self.history.inside)
        known = self.estimates[0].n_ended > 0
        return Trials(self.history, here, losses[here], self.noise[here], known[here], self.violation[here])

    def contenders(self, at_most: int, count: int) -> list[int]:
        """Return the points that most deserve more runs: those that may be the best, as far as is known."""
        if count < 1 or not self.n_known:
            return []
        free = self.usable & (self.history.asked < at_most) & (self.history.pending == 0)
        if len(self.goals) > 1:
            front = [point for point in self.front(most=None) if free[point]]
            return sorted(front, key=lambda point: (int(self.estimates[0].n[point]), point))[:count]
        mean, error = self.believed
        own = np.sqrt(np.where(np.isfinite(self.noise[:, 0]), self.noise[:, 0], 0.0))
        width = np.where(error > 0, error, own)
        score = mean - width + 10 * self.violation * (np.nanmax(mean) - np.nanmin(mean) + 1e-12)
        reach = float(np.nanmin(mean + _DOUBT * width))
        chosen = np.flatnonzero(free & (mean - _DOUBT * width <= reach))
        return [int(point) for point in chosen[np.argsort(score[chosen], kind="stable")][:count]]

    def finalists(self, count: int) -> list[int]:
        """Return the points that are believed to be the best, those that keep the conditions first."""
        if not self.n_known:
            return []
        mean, _ = self.believed
        order = np.lexsort((np.arange(len(mean)), np.where(self.usable, mean, np.inf), self.violation))
        return [int(point) for point in order if self.usable[point]][:count]

    def front(self, most: int | None = 8) -> list[int]:
        """Return the points at which no goal can be bettered without losing in another.

        Args:
            most: How many at most, spread evenly over the front; None for all.
        """
        keeps = self.usable & (self.violation <= float(np.min(self.violation[self.usable], initial=np.inf)))
        here = np.flatnonzero(keeps)
        if not len(here):
            return []
        found = here[nondominated(self.losses[here])]
        found = found[np.argsort(self.losses[found, 0], kind="stable")]
        if most is not None and len(found) > most:
            found = found[np.unique(np.round(np.linspace(0, len(found) - 1, most)).astype(int))]
        return [int(point) for point in found]

    def promising(self, n: int, rng: np.random.Generator) -> list[Mapping[str, Any]]:
        """Return new points that the surface holds for good: the best one, and the best of surfaces drawn at random.

        Thompson sampling: Russo et al. (2018), Foundations and Trends in Machine Learning 11: 1-96.
        """
        surface, history = self.landscape, self.history
        if surface is None or n < 1:
            return []
        k = len(history.space.varied)
        near = self._near_the_best(_POOL // 2, rng)
        values = fresh(
            allowed_values(history.space, np.vstack([rng.random((_POOL // 2, k)), near])), taken_by(history)
        )
        if not values:
            return []
        frame = table({name: [row[name] for row in values] for name in history.space.varied}, len(values))
        unit = history.space.to_unit(frame)
        penalty = self._missed(unit)
        drawn = surface.drawn(unit, rng, n) + penalty[:, None]
        drawn[:, 0] = surface.at(unit)[0] + penalty
        chosen: list[int] = []
        for column in drawn.T:
            order = np.argsort(column, kind="stable")
            chosen.append(next(int(place) for place in order if int(place) not in chosen))
            if len(chosen) == len(values):
                break
        return [values[place] for place in chosen]

    def _near_the_best(self, n: int, rng: np.random.Generator) -> Floats:
        best = self.finalists(8)
        centres = self.history.unit[rng.choice(best, n)]
        moved = np.clip(centres + rng.normal(0.0, 0.1, centres.shape), 0.0, 1.0)
        for place, parameter in enumerate(self.history.space.varied.values()):
            if isinstance(parameter, Choice):
                stays = rng.random(n) < 0.8
                moved[:, place] = np.where(stays, centres[:, place], rng.random(n))
        return moved

    def _missed(self, unit: Floats) -> Floats:
        """What points that will miss the conditions cost, in losses."""
        if not self.subject_to:
            return np.zeros(len(unit))
        ended = self.estimates[0].n_ended
        noise = np.where(ended > 0, 0.25 / np.maximum(ended, 1), np.nan)
        surface = fit_landscape(
            self.history.space,
            self.history.unit,
            np.where(ended > 0, self.share, np.nan),
            noise,
            self.history.seed,
        )
        if surface is None:
            return np.zeros(len(unit))
        width = float(np.ptp(self.losses[self.usable, 0])) or 1.0
        return 10 * width * np.maximum(self.holds_in - surface.at(unit)[0], 0.0)
