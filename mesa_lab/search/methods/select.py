"""Select: the best of some points, with a promised probability of being right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, override

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ExperimentError
from mesa_lab.formatting import number, percent, plural
from mesa_lab.preparation.limits import shortened
from mesa_lab.preparation.settings import check_level, check_positive, check_whole
from mesa_lab.processing.analysis.best.elimination import kim_nelson
from mesa_lab.search.method import Answer, Ask, Done, Method
from mesa_lab.search.methods.fixed_points import FixedPoints
from mesa_lab.search.sameness import all_the_same

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.search.history import Floats, History

type Whole = npt.NDArray[np.int64]

__all__ = ["Select", "ocba"]


@dataclass(frozen=True)
class Select(Method):
    """Find the best of the points of the design.

    With an indifference zone, points are dropped one after the other until one is left, which is the best with the promised probability
    wherever the best is better than the others by at least that much (Kim & Nelson 2001; it gains by common random
    numbers). Without, a budget is spent where it helps most to tell the best from its rivals (OCBA, Chen et al. 2000), with no promise.

    Args:
        outcome: What is compared.
        goal: "min" or "max".
        indifference: A difference that is not worth detecting, in units of the outcome; None to spend a budget.
        level: The promised probability of a correct selection.
        at_least: Runs that every point gets first.
        at_most: Runs of a point after which the search ends without a promise: an indifference that is small beside the spread of the
            runs would take very many.

    Raises:
        ExperimentError: If a setting is out of range.

    Example:
        >>> Select("Wolves", goal="max", indifference=5).level
        0.95
    """

    outcome: str
    goal: str = "min"
    indifference: float | None = None
    level: float = 0.95
    at_least: int = 10
    at_most: int = 10_000

    name: ClassVar[str] = "select"
    chooses_points: ClassVar[bool] = False

    def __post_init__(self) -> None:
        settle = object.__setattr__
        if self.goal not in ("min", "max"):
            raise ExperimentError(f'The goal is {shortened(self.goal)}. Write "min" or "max".')
        settle(self, "indifference", check_positive("indifference", self.indifference, "a difference"))
        settle(self, "at_least", check_whole("at_least", self.at_least, least=3))
        settle(self, "at_most", check_whole("at_most", self.at_most, least=self.at_least))
        settle(self, "level", check_level(self.level))

    @property
    def needs_budget(self) -> bool:  # type: ignore[override]
        """Without an indifference zone it does not end by itself."""
        return self.indifference is None

    @property
    @override
    def outcomes(self) -> tuple[str, ...]:
        return (self.outcome,)

    @property
    @override
    def described(self) -> str:
        return f"for the point with the {'smallest' if self.goal == 'min' else 'largest'} {self.outcome}"

    @override
    def check(self, experiment: Experiment) -> None:
        if experiment.n_points < 2:
            raise ExperimentError(
                "Select needs two points at least. Vary something, or list the points in the design."
            )

    def survivors(self, points: FixedPoints) -> tuple[list[int], int]:
        """Return the points that may still be the best, and in how many replications that was found out."""
        places = [
            place for place in range(len(points)) if len(points.values(place)) or not points.ended(place)
        ]
        sign = 1.0 if self.goal == "max" else -1.0
        assert self.indifference is not None
        kept, used = kim_nelson(sign * points.matrix(places), self.indifference, self.level, self.at_least)
        return [places[place] for place in kept], used

    @override
    def ask(self, history: History) -> Answer:
        points = FixedPoints(history, self.outcome)
        fresh = [place for place in range(len(points)) if points.asked(place) < self.at_least]
        if fresh:
            room = max(history.batch_runs // self.at_least, 1)
            return Ask(
                [points.request(place, self.at_least - points.asked(place)) for place in fresh[:room]],
                f"Runs each point {self.at_least:,} times.",
            )
        if any(points.ended(place) < self.at_least for place in range(len(points))):
            return Ask(why="Waits for the runs under way.")
        return self._spend(history, points) if self.indifference is None else self._drop(history, points)

    def _drop(self, history: History, points: FixedPoints) -> Answer:
        kept, _ = self.survivors(points)
        if len(kept) <= 1:
            where = f"point {kept[0]}" if kept else "none"
            return Done(
                f"One of {plural(len(points), 'point')} is left: {where}. It is the best with a probability of {percent(self.level)} if it is "
                f"better than the others by {number(self.indifference or 0.0)} or more."
            )
        if points.are_one_number(kept):
            return Done(self._no_choice(history, points, kept))
        room = self.at_most - max(points.asked(place) for place in kept)
        if room < 1:
            if any(points.ended(place) < points.asked(place) for place in kept):
                return Ask(why="Waits for the runs under way.")
            return Done(
                f"{len(kept):,} of {plural(len(points), 'point')} may still be the best after {plural(self.at_most, 'run')} of each, and nothing is "
                "promised: a difference of "
                f"{number(self.indifference or 0.0)} is small beside the spread of the runs. Give a larger indifference or at_most."
            )
        more = min(max(history.batch_runs // len(kept), 1), room)
        return Ask(
            [points.request(place, more) for place in kept],
            f"Runs the {len(kept):,} points again that may be the best.",
        )

    def _no_choice(self, history: History, points: FixedPoints, places: Sequence[int]) -> str:
        if same := self.sameness(history):
            return f"{same}."
        value = number(float(points.values(places[0])[0]))
        return f"'{self.outcome}' is {value} in all runs of {len(places):,} of {plural(len(points), 'point')}: there is nothing to choose from."

    @override
    def sameness(self, history: History) -> str:
        same = all_the_same(history, self.outcomes)
        return f"{same}: there is nothing to choose from" if same else ""

    def _spend(self, history: History, points: FixedPoints) -> Answer:
        sign = 1.0 if self.goal == "max" else -1.0
        places = [place for place in range(len(points)) if len(points.values(place)) > 1]
        if len(places) < 2:
            return Done("Fewer than two points have values: there is nothing to choose from.")
        if points.are_one_number(places):
            return Done(self._no_choice(history, points, places))
        means = np.array([sign * points.values(place).mean() for place in places])
        spreads = np.array([points.values(place).std(ddof=1) for place in places])
        asked = np.array([points.asked(place) for place in places])
        more = ocba(means, spreads, asked, history.batch_runs)
        requests = [
            points.request(place, int(count)) for place, count in zip(places, more, strict=True) if count
        ]
        return Ask(requests, f"Runs {plural(len(requests), 'point')} again where that tells most.")

    @override
    def headline(self, history: History) -> str:
        points = FixedPoints(history, self.outcome)
        if self.indifference is None or any(
            points.ended(place) < self.at_least for place in range(len(points))
        ):
            return ""
        return f"{plural(len(self.survivors(points)[0]), 'point')} may be the best"


def ocba(means: Floats, spreads: Floats, asked: Whole, more: int) -> Whole:
    """Share further runs so that the point with the largest mean is told from its rivals most surely.

    Chen, Lin, Yücesan & Chick (2000), Discrete Event Dynamic Systems 10: 251-270.

    Args:
        means: Mean of each point.
        spreads: Standard deviation of its runs.
        asked: Runs that it has.
        more: Runs to share.

    Returns:
        Further runs of each point; they add up to `more`.

    Example:
        >>> ocba(np.array([5.0, 4.5, 0.0]), np.ones(3), np.array([10, 10, 10]), 20).tolist()
        [10, 10, 0]
    """
    best = int(np.argmax(means))
    spreads = np.maximum(spreads, 1e-12 + 1e-6 * float(np.max(spreads)))
    gaps = np.maximum(means[best] - means, 1e-9 + 1e-3 * float(np.mean(spreads)))
    weights = (spreads / gaps) ** 2
    weights[best] = 0.0
    weights[best] = spreads[best] * np.sqrt((weights**2 / spreads**2).sum())
    total = int(asked.sum()) + more
    active = np.ones(len(means), bool)
    target = np.zeros(len(means))
    for _ in range(
        len(means)
    ):  # a point that has more than its share keeps it, and the rest share what is left
        left = total - asked[~active].sum()
        target = np.where(active, left * weights / weights[active].sum(), asked)
        over = active & (target < asked)
        if not over.any():
            break
        active &= ~over
    wanted = np.maximum(target - asked, 0.0)
    wanted = wanted / wanted.sum() * more if wanted.sum() > 0 else np.full(len(means), more / len(means))
    whole = np.floor(wanted).astype(np.int64)
    for place in np.argsort(-(wanted - whole), kind="stable")[: more - int(whole.sum())]:
        whole[place] += 1
    return whole
