"""How often intervals hold what they promise to hold: 95 of 100, in simulated studies whose truth is known.

No models are run and no clock is read: values are drawn where runs would report them, and go through the statistics that
users see. A fixed seed makes every figure reproducible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import mesa_lab as ml
from benchmarks.measuring import Row
from mesa_lab.processing.analysis.best.correction import left_out_value, winner_interval
from mesa_lab.processing.analysis.best.selection import select
from mesa_lab.processing.analysis.comparison.any_time import any_time_p
from mesa_lab.processing.analysis.failed_runs import where_failed
from mesa_lab.processing.analysis.replications.running import running, steady_from
from mesa_lab.processing.statistics.group_statistics import statistics
from mesa_lab.processing.statistics.pooling import Origins
from mesa_lab.testing import synthetic_results

HONEST = ">= 93.5"
STUDIES, FEW = 20_000, 2_000


def measure(*, quick: bool) -> Iterator[Row]:
    studies = FEW if quick else STUDIES
    for work, simulate, target in ROWS:
        rng = np.random.default_rng(20_261_201)
        share, simulated = simulate(studies, rng)
        yield Row(work, 100 * share, target, "%", f"{simulated:,} studies")


def held(table, truth) -> tuple[float, int]:
    """The share of studies whose interval holds the truth, of those that give one, and how many these are."""
    known = table["ci_low"].notna().to_numpy()
    truth = np.broadcast_to(truth, len(table))
    inside = (table["ci_low"].to_numpy() <= truth) & (truth <= table["ci_high"].to_numpy())
    return float(inside[known].mean()), int(known.sum())


def one_point(draw: Callable[..., np.ndarray], truth: float, n: int, **kind: bool):
    """Runs of one point."""

    def simulate(studies: int, rng: np.random.Generator) -> tuple[float, int]:
        values = draw(rng, (studies, n)).astype(float)
        code = np.repeat(np.arange(studies), n)
        return held(statistics(values.ravel(), code, studies, **kind), truth)

    return simulate


def several_points(
    points: int,
    runs: int,
    *,
    sampled: bool,
    common: bool,
    share: bool = False,
    ratio: float = 3.0,
    luck: float = 0.0,
):
    """Runs of several points, whose means differ by a standard deviation of 1.

    Args:
        points: Points of a study.
        runs: Replications of each.
        sampled: Whether the points are drawn anew for each study.
        common: Whether replications share their seeds.
        share: Whether runs answer yes or no.
        ratio: The standard deviation within every second point; in the others it is 1.
        luck: Standard deviation of what a seed does to all points alike.
    """

    def simulate(studies: int, rng: np.random.Generator) -> tuple[float, int]:
        fixed = rng.normal(size=points)
        effects = rng.normal(size=(studies, points)) if sampled else np.tile(fixed, (studies, 1))
        truth = 0.0 if sampled else fixed.mean()
        sd = np.where(np.arange(points) % 2, ratio, 1.0)
        noise = rng.normal(size=(studies, points, runs)) * sd[:, None]
        seeds = luck * rng.normal(size=(studies, 1, runs))
        values = effects[:, :, None] + noise + seeds
        if share:
            values = (values > 1).astype(float)
            total = rng.normal(size=(4_000_000 // points, points)) * np.hypot(sd, luck)
            total += rng.normal(size=total.shape) if sampled else fixed
            truth = float((total > 1).mean())
        code = np.repeat(np.arange(studies), points * runs)
        point = np.tile(np.repeat(np.arange(points), runs), studies)
        replication = np.tile(np.arange(runs), studies * points)
        origins = Origins(point, replication, sampled, common)
        return held(statistics(values.ravel(), code, studies, is_share=share, origins=origins), truth)

    return simulate


def normal(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.normal(10, 3, size)


def exponential(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.exponential(size=size)


def one_in_twenty(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.random(size) < 0.05


def poisson(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.poisson(1, size)


def winner(settings: int, runs: int, gap: float, *, what: str, luck: float = 0.0, share: bool = False):
    """The best of several settings: whether it is among the candidates, and whether the worth of the winner is held.

    Args:
        settings: How many there are.
        runs: Replications of each.
        gap: Between the means of the best and the worst, in standard deviations.
        what: "kept" or "worth".
        luck: Standard deviation of what a seed does to all settings alike.
        share: Whether runs answer yes or no.
    """

    def simulate(studies: int, rng: np.random.Generator) -> tuple[float, int]:
        truth = gap * np.linspace(1, 0, settings)
        truth = 0.5 + 0.4 * truth if share else truth
        good = 0
        studies //= 10
        for _ in range(studies):
            if share:
                values = (rng.random((settings, runs)) < truth[:, None]).astype(float)
            else:
                values = truth[:, None] + rng.normal(size=(settings, runs)) + luck * rng.normal(size=runs)
            found = select(values, common=luck > 0, is_share=share, level=0.95)
            if what == "kept":
                good += found.candidate[0]
            else:
                low, high = winner_interval(values, found.winner, common=luck > 0, is_share=share, level=0.95)
                value = left_out_value(values)
                good += min(low, value) <= truth[found.winner] <= max(high, value)
        return float(good / studies), studies

    return simulate


def precise_enough(sd: float, precision: float):
    """The mean of as many runs as the sequential rule with its look-ahead asks for: is it as near the truth as was wanted?"""

    def simulate(studies: int, rng: np.random.Generator) -> tuple[float, int]:
        values = rng.normal(1, sd, (studies // 10, int(12 * (2 * sd / precision) ** 2) + 40))
        found = running(values, is_share=False, level=0.95)
        n, _ = steady_from(found, precision * np.abs(found.mean))
        mean = found.mean[np.arange(len(n)), n - 1]
        return float((np.abs(mean - 1) <= precision)[n > 0].mean()), int((n > 0).sum())

    return simulate


def no_difference(runs: int, looks: int):
    """Two scenarios that do not differ, compared again whenever runs were added: how often is a difference never claimed?"""

    def simulate(studies: int, rng: np.random.Generator) -> tuple[float, int]:
        steps = np.unique(np.linspace(5, runs, looks).astype(int))
        gaps = rng.normal(size=(studies, runs))
        alarmed = np.zeros(studies, dtype=bool)
        for n in steps:
            mean, sd = gaps[:, :n].mean(axis=1), gaps[:, :n].std(axis=1, ddof=1)
            alarmed |= (
                any_time_p(mean / (sd / np.sqrt(n)), np.full(studies, n - 1), np.full(studies, n)) <= 0.05
            )
        return float(1 - alarmed.mean()), studies

    return simulate


WHOLE_ANSWERS = 80  # asking a whole question takes as long as so many of the plain studies


def levels_at_equal_points(common: bool, sampled: bool, spread: float = 1.0):
    """Two levels of a parameter, compared where another one takes the same values: is the difference held?

    Args:
        common: Whether replications share their seeds.
        sampled: Whether the points are drawn anew for each study.
        spread: The standard deviation at the second level; at the first it is 1.
    """
    ranges = {"a": ml.Integer(0, 1), "b": ml.Real(0, 1)}
    listed = {"a": [0, 1], "b": [0, 0.25, 0.5, 0.75, 1]}

    def simulate(studies: int, rng: np.random.Generator) -> tuple[float, int]:
        good = 0
        studies //= WHOLE_ANSWERS
        for seed in range(studies):
            luck = 2 * rng.normal(size=6) * common

            def outcome(runs, _, luck=luck):
                second = runs["a"].to_numpy()
                noise = rng.normal(size=len(runs)) * np.where(second > 0, spread, 1)
                return 2 * second + 5 * runs["b"] + luck[runs["replication"].to_numpy()] + noise

            experiment = ml.Experiment(
                "none:None",
                ranges if sampled else listed,
                design=ml.LatinHypercube(40) if sampled else ml.FullFactorial(),
                replications=6 if common else 3,
                common_random_numbers=common,
                seed=seed,
            )
            answer = synthetic_results(experiment, {"y": outcome}).compare("y", by="a", base=0)
            row = answer.table.iloc[0]
            good += row["low"] <= 2 <= row["high"]
        return float(good / studies), studies

    return simulate


def failures_anywhere(points: int, runs: int, share: float):
    """Runs that fail by chance alone: how often is no part of the space said to hold them?"""
    experiment = ml.Experiment(
        "none:None",
        {"a": ml.Real(0, 1), "b": ml.Real(0, 1), "c": [1, 2, 3]},
        design=ml.LatinHypercube(points),
        replications=runs,
    )

    def simulate(studies: int, rng: np.random.Generator) -> tuple[float, int]:
        studies //= WHOLE_ANSWERS
        quiet = 0
        for _ in range(studies):
            failed = np.flatnonzero(rng.random(points * runs) < share).tolist()
            results = synthetic_results(
                experiment, {"y": lambda runs, rng: np.ones(len(runs))}, failed=failed
            )
            quiet += not where_failed(results)
        return float(quiet / studies), studies

    return simulate


ROWS = [
    *((f"mean of {n} normal runs of a point", one_point(normal, 10, n), HONEST) for n in (2, 5, 10, 30)),
    # Shares of few runs are few numbers: Wilson's interval holds the truth 95 times in the mean over shares, not at each.
    *(
        (f"share, 5 % yes, {n} runs", one_point(one_in_twenty, 0.05, n, is_share=True), "")
        for n in (5, 20, 100)
    ),
    *(
        (f"mean of {n} counts (Poisson, mean 1)", one_point(poisson, 1, n, is_count=True), "")
        for n in (5, 30)
    ),
    *((f"mean of {n} skewed runs (exponential)", one_point(exponential, 1, n), "") for n in (10, 30, 100)),
    ("10 points drawn, 10 runs each", several_points(10, 10, sampled=True, common=False), HONEST),
    ("30 points drawn, one run each", several_points(30, 1, sampled=True, common=False), HONEST),
    ("25 points of a grid, 4 runs each", several_points(25, 4, sampled=False, common=False), HONEST),
    ("4 points of a grid, 2 runs each", several_points(4, 2, sampled=False, common=False), HONEST),
    (
        "4 points of a grid, 2 runs each, of one spread",
        several_points(4, 2, sampled=False, common=False, ratio=1),
        HONEST,
    ),
    (
        "10 points of a grid, 10 common seeds",
        several_points(10, 10, sampled=False, common=True, luck=2),
        HONEST,
    ),
    ("the same, seeds that do nothing in common", several_points(10, 10, sampled=False, common=True), HONEST),
    ("10 points drawn, 10 common seeds", several_points(10, 10, sampled=True, common=True, luck=1), HONEST),
    ("30 points drawn, 5 common seeds", several_points(30, 5, sampled=True, common=True, luck=0.3), HONEST),
    (
        "share, 10 points drawn, 10 runs each",
        several_points(10, 10, sampled=True, common=False, share=True),
        HONEST,
    ),
    (
        "share, 25 points of a grid, 4 runs each",
        several_points(25, 4, sampled=False, common=False, share=True),
        HONEST,
    ),
    (
        "share, 10 points of a grid, 10 common seeds",
        several_points(10, 10, sampled=False, common=True, luck=1, share=True),
        HONEST,
    ),
    *(
        (f"{text}, {settings} settings, {runs} runs each", winner(settings, runs, gap, what=what), HONEST)
        for what, text in (("kept", "the best is among the candidates"), ("worth", "the worth of the winner"))
        for settings, runs, gap in ((2, 10, 0), (10, 5, 0), (10, 10, 1), (100, 10, 1))
    ),
    (
        "the best is among the candidates, 10 with common seeds, 10 runs",
        winner(10, 10, 0.5, what="kept", luck=2),
        HONEST,
    ),
    (
        "the worth of the winner, 10 with common seeds, 10 runs",
        winner(10, 10, 0.5, what="worth", luck=2),
        HONEST,
    ),
    (
        "the best is among the candidates, 10 shares, 10 runs",
        winner(10, 10, 0, what="kept", share=True),
        HONEST,
    ),
    ("the worth of the winner, 10 shares, 10 runs", winner(10, 10, 0, what="worth", share=True), HONEST),
    ("±5 % after as many runs as the rule asks for, CV 10 %", precise_enough(0.1, 0.05), HONEST),
    ("±5 % after as many runs as the rule asks for, CV 30 %", precise_enough(0.3, 0.05), ""),
    ("no difference claimed, 40 looks up to 200 pairs", no_difference(200, 40), ">= 95"),
    ("levels compared on a grid", levels_at_equal_points(common=False, sampled=False), HONEST),
    (
        "levels compared on a grid, one four times as spread",
        levels_at_equal_points(common=False, sampled=False, spread=4),
        HONEST,
    ),
    ("levels compared with common seeds", levels_at_equal_points(common=True, sampled=False), HONEST),
    ("levels compared over drawn points", levels_at_equal_points(common=False, sampled=True), HONEST),
    ("failures by chance, 1 in 10 runs, are not placed", failures_anywhere(40, 5, 0.1), ">= 95"),
    ("failures by chance, 1 in 3 runs, are not placed", failures_anywhere(40, 5, 1 / 3), ">= 95"),
]
