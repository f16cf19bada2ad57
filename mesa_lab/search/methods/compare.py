"""Compare: replications where a verdict is still open, until every point is told from the base or called alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from mesa_lab.errors import ExperimentError, ParameterError
from mesa_lab.formatting import plural
from mesa_lab.preparation.encoding import canonical
from mesa_lab.preparation.settings import check_level, check_positive, check_whole
from mesa_lab.processing.analysis.comparison.any_time import factor
from mesa_lab.search.method import Answer, Ask, Done, Method
from mesa_lab.search.methods.fixed_points import FixedPoints
from mesa_lab.search.sameness import all_the_same

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.search.history import Floats, History

__all__ = ["Compare", "verdict"]

OPEN, HIGHER, LOWER, ALIKE = "cannot tell yet", "higher", "lower", "no difference larger than the margin"


@dataclass(frozen=True)
class Compare(Method):
    """Run the points of the design until each is told from a base, or called alike.

    Every look at the results is a chance for a false alarm: a t test that is repeated until it finds something finds it in far more
    than 5 % of the cases where there is nothing. The intervals here hold at all looks together, however many, and for all points
    together. Where points share their seeds (`common_random_numbers`), runs of one seed are compared.

    Args:
        outcome: What is compared.
        base: The base: the number of a point of the design, or values by name; None for the first point.
        margin: A difference up to this size does not matter; None to look for differences alone.
        level: 1 less the share of studies with any false alarm.
        at_least: Runs that every point gets.
        at_most: Runs after which a verdict stays open.

    Raises:
        ExperimentError: If a number is out of range.

    Example:
        >>> Compare("Wolves", margin=5).outcomes
        ('Wolves',)
    """

    outcome: str
    base: int | Mapping[str, Any] | None = None
    margin: float | None = None
    level: float = 0.95
    at_least: int = 10
    at_most: int = 200

    name: ClassVar[str] = "compare"
    chooses_points: ClassVar[bool] = False

    def __post_init__(self) -> None:
        settle = object.__setattr__
        settle(self, "margin", check_positive("margin", self.margin, "a difference in units of the outcome"))
        settle(self, "at_least", check_whole("at_least", self.at_least, least=2))
        settle(self, "at_most", check_whole("at_most", self.at_most, least=self.at_least))
        settle(self, "level", check_level(self.level))

    @property
    @override
    def outcomes(self) -> tuple[str, ...]:
        return (self.outcome,)

    @property
    @override
    def described(self) -> str:
        return f"which points differ in {self.outcome}"

    @override
    def check(self, experiment: Experiment) -> None:
        n = experiment.n_points
        if n < 2:
            raise ExperimentError(
                "Compare needs two points at least. Vary something, or list the points in the design."
            )
        if isinstance(self.base, int) and not 0 <= self.base < n:
            raise ParameterError(f"base is {self.base}, and the design has the points 0 to {n - 1}.")

    def place_of_base(self, points: FixedPoints) -> int:
        """Return which point of the design is the base."""
        if self.base is None:
            return 0
        if isinstance(self.base, int):
            return self.base
        for place, row in enumerate(points.rows):
            if all(
                name in row and canonical({name: row[name]}) == canonical({name: value})
                for name, value in self.base.items()
            ):
                return place
        raise ParameterError(f"No point of the design has {dict(self.base)}, which is to be the base.")

    def verdicts(self, history: History) -> tuple[FixedPoints, int, dict[int, str]]:
        """Return the points, which is the base, and the verdict on each of the others."""
        points = FixedPoints(history, self.outcome)
        base = self.place_of_base(points)
        others = [place for place in range(len(points)) if place != base]
        alpha = (1 - self.level) / max(len(others), 1)
        found = {
            place: verdict(points.row(place), points.row(base), alpha, self.margin, paired=history.common)
            for place in others
        }
        return points, base, found

    @override
    def ask(self, history: History) -> Answer:
        points, base, found = self.verdicts(history)
        least = max(self.at_least, min(history.least, self.at_most))
        places = [base, *found]
        fresh = [place for place in places if points.asked(place) < least]
        if fresh:
            room = max(history.batch_runs // least, 1)
            return Ask(
                [points.request(place, least - points.asked(place)) for place in fresh[:room]],
                f"Runs each point {least:,} times.",
            )
        if any(points.ended(place) < points.asked(place) for place in places):
            return Ask(why="Waits for the runs under way.")
        alike = [place for place in found if found[place] == OPEN and points.are_one_number((place, base))]
        still = [
            place
            for place in found
            if found[place] == OPEN and points.asked(place) < self.at_most and place not in alike
        ]
        if not still:
            same = self.sameness(history)
            return Done(f"{same}." if same else self._ended(found, len(alike)))
        # The base and what is open get the same runs, so that they can be paired.
        target = min(max(points.asked(place) for place in still) * 3 // 2 + 1, self.at_most)
        requests = [
            points.request(place, target - points.asked(place))
            for place in (base, *still)
            if points.asked(place) < target
        ]
        return Ask(requests, f"Runs {plural(len(still), 'point')} again whose verdict is open, and the base.")

    def _ended(self, found: Mapping[int, str], alike: int) -> str:
        """Why it ends, with so many points that gave the base's number in all runs."""
        n_open = sum(said == OPEN for said in found.values())
        if not n_open:
            return (
                "The comparison is settled."
                if len(found) == 1
                else f"All {len(found):,} comparisons are settled."
            )
        settled = len(found) - n_open
        said = f"{settled:,} of {plural(len(found), 'comparison')} {'is' if settled == 1 else 'are'} settled"
        if alike:
            said += f"; {plural(alike, 'point')} gave in all runs the one number that the base gave"
        left = n_open - alike
        return (
            f"{said}; {left:,} cannot be told after {plural(self.at_most, 'run')} of each point."
            if left
            else f"{said}."
        )

    @override
    def sameness(self, history: History) -> str:
        same = all_the_same(history, self.outcomes)
        return f"{same}: there is no difference to find" if same else ""

    @override
    def headline(self, history: History) -> str:
        if not history.known:
            return ""
        found = self.verdicts(history)[2]
        return f"{sum(said != OPEN for said in found.values()):,} of {plural(len(found), 'verdict')}"


def verdict(one: Floats, base: Floats, alpha: float, margin: float | None, *, paired: bool) -> str:
    """Return what can be said of a point and its base, valid at any number of looks.

    Robbins (1970); Wang & Ramdas (2025) for unknown variance: `processing/analysis/comparison/any_time.py`.

    Args:
        one: Values of the point by replication, NaN where there is none.
        base: The same of the base.
        alpha: Share of studies in which this says something where there is nothing.
        margin: A difference up to this size does not matter; None for differences alone.
        paired: Whether runs of one replication have the same seed.
    """
    if paired:
        length = min(len(one), len(base))
        gaps = one[:length] - base[:length]
        gaps = gaps[np.isfinite(gaps)]
        n, df = len(gaps), len(gaps) - 1.0
        if n < 2:
            return OPEN
        estimate, error = float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(n))
    else:
        one, base = one[np.isfinite(one)], base[np.isfinite(base)]
        n = min(len(one), len(base))
        if n < 2:
            return OPEN
        estimate = float(one.mean() - base.mean())
        parts = np.array([one.var(ddof=1) / len(one), base.var(ddof=1) / len(base)])
        error = float(np.sqrt(parts.sum()))
        freedom = (parts**2 / np.array([len(one) - 1, len(base) - 1])).sum()
        df = float(parts.sum() ** 2 / freedom) if freedom > 0 else float(len(one) + len(base) - 2)
    half = float(factor(df, n, alpha)) * error if error > 0 else 0.0
    if margin is not None and abs(estimate) + half <= margin:
        return ALIKE
    if abs(estimate) - half > 0 and np.isfinite(half):
        return HIGHER if estimate > 0 else LOWER
    return OPEN
