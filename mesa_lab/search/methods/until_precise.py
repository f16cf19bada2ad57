"""UntilPrecise: replications of each point until its interval is narrow enough, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, override

import numpy as np

from mesa_lab.errors import ExperimentError
from mesa_lab.formatting import number, plural
from mesa_lab.preparation.settings import check_level, check_positive, check_whole
from mesa_lab.search.method import Answer, Ask, Done, Method
from mesa_lab.search.methods.fixed_points import FixedPoints
from mesa_lab.search.sameness import all_the_same

if TYPE_CHECKING:
    from mesa_lab.search.history import Floats, History

__all__ = ["UntilPrecise", "half_widths", "precise_from"]

_LOOK_AHEAD = 5
"""Further runs in which the interval has to stay narrow enough; of a hundred runs on, five in a hundred."""

_BATCHES = 8
"""In about so many batches the runs are asked for that are known to be needed: each is decided on with what is known by then."""


@dataclass(frozen=True)
class UntilPrecise(Method):
    """Run each point of the design until the interval of its mean is narrow enough.

    A point is done when its interval is narrow enough, and stays so in the next five runs (of more than a hundred: 5 %): an interval that
    is narrow by luck does not last (Hoad, Robinson & Davies 2010). Points that are done get no more runs.

    Args:
        outcome: What is measured.
        half_width: Half the width of the interval, in units of the outcome.
        relative: The same as a share of the mean, such as 0.05. With both, either will do.
        level: Level of the interval.
        at_least: Runs that every point gets.
        at_most: Runs after which a point is given up.

    Raises:
        ExperimentError: If neither width is given, or a number is out of range.

    Example:
        >>> UntilPrecise("Wolves", relative=0.05).at_least
        10
    """

    outcome: str
    half_width: float | None = None
    relative: float | None = None
    level: float = 0.95
    at_least: int = 10
    at_most: int = 1000

    name: ClassVar[str] = "until precise"
    chooses_points: ClassVar[bool] = False

    def __post_init__(self) -> None:
        settle = object.__setattr__
        for name, what in (
            ("half_width", "a width in units of the outcome"),
            ("relative", "a share of the mean"),
        ):
            settle(self, name, check_positive(name, getattr(self, name), what))
        if self.half_width is None and self.relative is None:
            raise ExperimentError(
                "UntilPrecise needs to know how precise: half_width=2 in units of the outcome, or relative=0.05 for 5 % of the mean."
            )
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
        wide = [] if self.half_width is None else [f"±{number(self.half_width)}"]
        wide += [] if self.relative is None else [f"±{number(100 * self.relative)} %"]
        return f"until {self.outcome} is known to {' or '.join(wide)}"

    def allowed(self, means: Floats) -> Floats:
        """Return how wide half an interval may be, given the mean so far."""
        wide: Floats = np.maximum(self.half_width or 0.0, (self.relative or 0.0) * np.abs(means))
        return wide

    def is_precise(self, values: Floats) -> bool:
        """Whether a point with these values, in their order, is done."""
        return precise_from(values, self) is not None

    def missing(self, values: Floats) -> int:
        """How many further runs a point needs by what is known: at most as many as it has."""
        n = len(values)
        if n < 2:
            return max(self.at_least - n, 1)
        means, widths = half_widths(values, self.level)
        wide = float(self.allowed(means)[-1])
        if not wide > 0:
            return n
        needed = int(np.ceil(n * (float(widths[-1]) / wide) ** 2))
        return int(np.clip(needed + look_ahead(max(needed, n)) - n, _LOOK_AHEAD, max(n, _LOOK_AHEAD)))

    @override
    def ask(self, history: History) -> Answer:
        points = FixedPoints(history, self.outcome)
        wanted: dict[int, int] = {}
        n_done = n_given_up = waits = 0
        for place in range(len(points)):
            asked, ended, values = points.asked(place), points.ended(place), points.values(place)
            if asked < max(self.at_least, min(history.least, self.at_most)):
                wanted[place] = max(self.at_least, min(history.least, self.at_most)) - asked
            elif ended < asked:
                waits += 1
            elif self.is_precise(values):
                n_done += 1
            elif asked >= self.at_most or not len(values):
                n_given_up += 1
            else:
                wanted[place] = min(self.missing(values), self.at_most - asked)
        if not wanted:
            return (
                Ask(why="Waits for the runs under way.") if waits else Done(self._ended(n_done, n_given_up))
            )
        room = max(history.batch_runs, sum(wanted.values()) // _BATCHES)
        requests = []
        for place in sorted(wanted, key=lambda place: (points.asked(place), place)):
            if room < 1:
                break
            requests.append(points.request(place, wanted[place]))
            room -= wanted[place]
        why = (
            f"Runs {plural(len(requests), 'point')} again; {n_done:,} of {len(points):,} are precise enough."
        )
        return Ask(requests, why)

    def _ended(self, n_done: int, n_given_up: int) -> str:
        if not n_given_up:
            return (
                f"All {plural(n_done, 'point')} are precise enough."
                if n_done > 1
                else "The point is precise enough."
            )
        return (
            f"{n_done:,} of {plural(n_done + n_given_up, 'point')} {'is' if n_done == 1 else 'are'} precise enough; {n_given_up:,} "
            f"{'is' if n_given_up == 1 else 'are'} not after {plural(self.at_most, 'run')}, or had no run with a value. Raise at_most or allow "
            "a wider interval."
        )

    @override
    def sameness(self, history: History) -> str:
        return all_the_same(history, self.outcomes)

    @override
    def headline(self, history: History) -> str:
        if not history.known:
            return ""
        points = FixedPoints(history, self.outcome)
        done = sum(self.is_precise(points.values(place)) for place in range(len(points)))
        return f"{done:,} of {plural(len(points), 'point')} precise enough"


def half_widths(values: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the mean of the first 2, 3, … values, and half the width of its interval (Student's).

    Args:
        values: Two at least, in their order.
        level: Level of confidence.

    Example:
        >>> means, widths = half_widths(np.array([1.0, 2.0, 3.0]))
        >>> means.tolist(), widths.round(2).tolist()
        ([1.5, 2.0], [6.35, 2.48])
    """
    from scipy.special import stdtrit

    n = np.arange(1, len(values) + 1)
    centred = values - values[0]  # of large values with a small spread the squares would swallow it
    means = np.cumsum(centred) / n
    squares = np.maximum(np.cumsum(centred**2) - n * means**2, 0.0)
    n, means, squares = n[1:], means[1:], squares[1:]
    widths: Floats = np.asarray(stdtrit(n - 1, (1 + level) / 2) * np.sqrt(squares / (n - 1) / n), np.float64)
    return np.asarray(means + values[0], np.float64), widths


def look_ahead(n: int) -> int:
    """Return in how many further runs an interval of n runs has to stay narrow enough."""
    return _LOOK_AHEAD if n <= 100 else 5 * n // 100


def precise_from(values: Floats, method: UntilPrecise) -> int | None:
    """Return after how many runs a point was precise enough, and stayed so; None while that is not known.

    Hoad, Robinson & Davies (2010), Journal of the Operational Research Society 61: 1632-1644.

    Args:
        values: The values of a point in their order.
        method: How precise is enough.
    """
    if len(values) < method.at_least:
        return None
    means, widths = half_widths(values, method.level)
    narrow = widths <= method.allowed(means)
    first: int | None = None
    for n in range(method.at_least, len(values) + 1):
        if not narrow[n - 2]:
            first = None
            continue
        first = n if first is None else first
        if n >= min(first + look_ahead(first), method.at_most):
            return first
    return None
