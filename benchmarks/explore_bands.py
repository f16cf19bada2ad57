"""How often the band of Explore holds the true mean: 95 times in 100, if it is honest.

Three functions of two to five parameters, measured with noise at points all over their ranges, a few replications each; then the band at
other points within these ranges is compared with the true mean. Run as `python -m benchmarks.explore_bands`; the tests run a short form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from mesa_lab.exploring.dials import dials_of
from mesa_lab.exploring.emulator import fit_emulator
from mesa_lab.exploring.measured import Measured, Ran
from mesa_lab.preparation.parameters.space import ParameterSpace, Real
from mesa_lab.processing.analysis.surface.gaussian_process import TUNED_QUICKLY

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A function with noise.

    Attributes:
        name: What it is called.
        mean: The true mean at points of the unit cube.
        spread: The standard deviation of single runs there.
        parameters: How many parameters it has.
        points: At how many points it is measured.
        replications: How often at each.
    """

    name: str
    mean: Callable[[Floats], Floats]
    spread: Callable[[Floats], Floats]
    parameters: int
    points: int
    replications: int


def hill(x: Floats) -> Floats:
    """A hill over two parameters."""
    return np.asarray(10 * np.exp(-8 * ((x[:, 0] - 0.4) ** 2 + (x[:, 1] - 0.6) ** 2)))


def threshold(x: Floats) -> Floats:
    """A share that goes from 0 to 1, as at a tipping point; a third parameter does nothing."""
    return np.asarray(1 / (1 + np.exp(-14 * (x[:, 0] + 0.4 * x[:, 1] - 0.7))))


def friedman(x: Floats) -> Floats:
    """Friedman's function of five parameters (1991), with an interaction and two that are linear."""
    return np.asarray(
        10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    )


CASES = (
    Case("hill", hill, lambda x: np.full(len(x), 1.0), 2, 40, 3),
    Case("threshold", threshold, lambda x: 0.05 + 0.1 * threshold(x) * (1 - threshold(x)), 3, 80, 3),
    Case("friedman", friedman, lambda x: 1.0 + 2.0 * x[:, 3], 5, 150, 2),
)


def shares_held(
    case: Case, repeats: int, seed: int = 1, tested: int = 200, *, quick: bool = False
) -> Iterator[float]:
    """Yield of each repetition the share of tested points whose true mean lies within the band.

    Args:
        case: The function.
        repeats: How many studies are simulated.
        seed: Of all chance.
        tested: Points at which the band is looked at.
        quick: Whether to look at the band that is shown first, where there are many points.
    """
    names = [f"p{number}" for number in range(case.parameters)]
    space = ParameterSpace({name: Real(0, 1) for name in names})
    dials = dials_of(space)
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        at = qmc.LatinHypercube(case.parameters, rng=rng).random(case.points)
        measured = Measured(space, dials)
        runs = case.mean(at)[:, None] + case.spread(at)[:, None] * rng.standard_normal(
            (case.points, case.replications)
        )
        for row, values in zip(at.tolist(), runs.tolist(), strict=True):
            setting: dict[str, Any] = dict(zip(names, row, strict=True))
            for replication, value in enumerate(values):
                measured.add(Ran(setting, replication, {"y": value}))
        emulator = fit_emulator(measured.taken("y"), "y", quick=quick)
        assert emulator is not None
        test = rng.random((tested, case.parameters))
        test = test[~emulator.is_beyond(test)]
        _, low, high = emulator.at(test)
        truth = case.mean(test)
        yield float(((low <= truth) & (truth <= high)).mean())


def main() -> None:
    """Print the shares."""
    for case in CASES:
        for quick in (False, True) if case.points > TUNED_QUICKLY else (False,):
            shares = list(shares_held(case, 40, quick=quick))
            print(
                f"{case.name:10} {case.points} points x {case.replications}, {case.parameters} parameters: "
                f"{'at first ' if quick else ''}the band holds the true mean at {100 * np.mean(shares):.1f} % of the points "
                f"(studies from {100 * min(shares):.0f} to {100 * max(shares):.0f} %)"
            )


if __name__ == "__main__":
    main()
