"""Are the conclusions true? Simulated studies whose truth is known: how often intervals hold it, and how often chance is taken for more.

Not speed but statistics: the long form of what the tests check on a few studies each. Intervals are to hold the truth in 95 of 100
studies; what depends on nothing is to be called important in 5 of 100 at most, over all parameters of a study together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks.measuring import Row

ISHIGAMI_FIRST = np.array([0.3139, 0.4424, 0.0, 0.0])
ISHIGAMI_TOTAL = np.array([0.5576, 0.4424, 0.2437, 0.0])
NOISE = 13.8446**0.5


def measure(quick: bool = False) -> Iterator[Row]:
    for question in (_sobol_indices, _first_order, _effects, _surface, _false_alarms, _discovery):
        yield from question(quick)


def _row(work: str, share: float, target: str, detail: str = "") -> Row:
    return Row(work, 100 * share, target, unit=" %", detail=detail)


def ishigami(unit: Any) -> Any:
    x = -np.pi + 2 * np.pi * unit
    return np.sin(x[..., 0]) + 7 * np.sin(x[..., 1]) ** 2 + 0.1 * x[..., 2] ** 4 * np.sin(x[..., 0])


def _sobol_indices(quick: bool) -> Iterator[Row]:
    from scipy.stats import qmc

    from mesa_lab.processing.analysis.sensitivity.sobol_indices import sobol_indices

    studies = 5 if quick else 400
    held, errors = np.zeros(4), []
    for seed in range(studies):
        base = qmc.Sobol(8, rng=seed).random(1024)
        a, b = base[:, :4], base[:, 4:]
        blocks = [a]
        for i in range(4):
            mixed = a.copy()
            mixed[:, i] = b[:, i]
            blocks.append(mixed)
        values = ishigami(np.stack([*blocks, b], axis=1))[:, :, None]
        values = values + NOISE * np.random.default_rng(seed + 10_000).standard_normal((1024, 6, 2))
        found = sobol_indices(values, 4)
        held += (found.total_low <= ISHIGAMI_TOTAL) & (found.total_high >= ISHIGAMI_TOTAL)
        errors.append(found.total - ISHIGAMI_TOTAL)
    what = f"{studies} Saltelli studies of Ishigami, N = 1024, two runs a point, half of all noise"
    yield _row(f"{what}: interval of the inert parameter's total index holds 0", held[3] / studies, ">= 93")
    yield _row(
        f"{what}: intervals of the others hold the truth, the worst", held[:3].min() / studies, ">= 93"
    )
    off = float(np.abs(np.mean(errors, axis=0)).max())
    spread = ", ".join(f"{sd:.3f}" for sd in np.std(errors, axis=0))
    yield Row(
        f"{what}: mean error of a total index, the largest", off, "<= 0.05", unit="", detail=f"sd {spread}"
    )


def _first_order(quick: bool) -> Iterator[Row]:
    studies = 5 if quick else 1000
    held, chance = np.zeros(4), 0
    for seed in range(studies):
        found = _first_order_study(seed)
        held += (found.low <= ISHIGAMI_FIRST) & (found.high >= ISHIGAMI_FIRST)
        chance += found.chance[1] <= 0.5 <= found.chance[2]
    what = f"{studies} Latin hypercubes of Ishigami, 256 points, two runs a point"
    for name, count in zip(("x1", "x2", "x3 (0)", "inert (0)"), held, strict=True):
        yield _row(f"{what}: interval of the first-order index of {name}", count / studies, ">= 93")
    yield _row(f"{what}: interval of the share of chance", chance / studies, ">= 93")


def _first_order_study(seed: int) -> Any:
    from scipy.stats import qmc

    from mesa_lab.processing.analysis.sensitivity.first_order import first_order

    unit = qmc.LatinHypercube(4, rng=seed).random(256)
    noise = NOISE * np.random.default_rng(seed + 10_000).standard_normal((256, 2))
    return first_order(_observations(unit, ishigami(unit)[:, None] + noise))


def _observations(unit: Any, values: Any, **more: Any) -> Any:
    import pandas as pd

    from mesa_lab.processing.analysis.observations import Factor, Observations

    factors = []
    for at in range(unit.shape[1]):
        levels, codes = np.unique(unit[:, at], return_inverse=True)
        factors.append(Factor(f"x{at}", pd.Series(unit[:, at]), unit[:, at], codes, tuple(levels), False))
    return Observations("y", tuple(factors), values, **more)


def _effects(quick: bool) -> Iterator[Row]:
    from itertools import product

    from mesa_lab.processing.analysis.effects.fit import fit_model
    from mesa_lab.processing.analysis.effects.tables import effects_table
    from mesa_lab.processing.analysis.effects.terms import model_of

    studies = 10 if quick else 4000
    unit = np.array(list(product([0.0, 1.0], repeat=3)))

    def study(values: Any, common: bool = False) -> Any:
        observed = _observations(unit, values, common=common)
        model = model_of(observed.factors)
        return effects_table(observed.factors, model, fit_model(observed, model), 0.95)

    kinds: dict[str, Callable[[Any], tuple[Any, bool]]] = {
        "equal variances": lambda rng: (rng.normal(size=(8, 5)), False),
        "variances 1 to 100": lambda rng: (
            rng.normal(size=(8, 5)) * np.where(unit[:, [1]] > 0, 3.0, 0.3),
            False,
        ),
        "common seeds": lambda rng: (rng.normal(size=(8, 5)) + rng.normal(0, 5, (1, 5)), True),
    }
    for kind, make in kinds.items():
        held = alarms = 0
        for seed in range(studies):
            noise, common = make(np.random.default_rng(seed))
            row = study(2 * unit[:, [0]] + noise, common).iloc[0]
            held += row["low"] <= 2 <= row["high"]
            alarms += bool((study(noise, common)["p_adjusted"] < 0.05).any())
        what = f"{studies:,} studies of 2³ points × 5 runs, {kind}"
        yield _row(f"{what}: interval of an effect", held / studies, ">= 93.5")
        yield _row(f"{what}: any effect called certain where there is none", alarms / studies, "<= 5.5")


def _surface(quick: bool) -> Iterator[Row]:
    from scipy.stats import qmc

    from mesa_lab.processing.analysis.surface.gaussian_process import fit_process

    studies = 3 if quick else 60
    for replications in (1, 5):
        held, explained = [], []
        for seed in range(studies):
            rng = np.random.default_rng(seed)
            unit = qmc.LatinHypercube(3, rng=seed).random(100)
            truth = np.sin(3 * unit[:, 0]) + unit[:, 1] ** 2 + unit[:, 0] * unit[:, 2]
            runs = truth[:, None] + 0.3 * rng.normal(size=(100, replications))
            noise = (
                np.full(100, np.nan)
                if replications == 1
                else np.full(100, runs.var(axis=1, ddof=1).mean() / replications)
            )
            surface = fit_process(2 * unit - 1, runs.mean(axis=1), noise)
            more = rng.uniform(0.05, 0.95, (400, 3))
            mean, se = surface.predict(2 * more - 1)
            there = np.sin(3 * more[:, 0]) + more[:, 1] ** 2 + more[:, 0] * more[:, 2]
            held.append(np.mean(np.abs(mean - there) <= 1.96 * se))
            explained.append(1 - np.var(mean - there) / np.var(there))
        yield _row(
            f"{studies} surfaces through 100 points × {replications}: interval of the mean elsewhere",
            float(np.mean(held)),
            ">= 90",
            detail=f"{100 * np.mean(explained):.0f} % of the differences explained",
        )


def _false_alarms(quick: bool) -> Iterator[Row]:
    import mesa_lab as ml
    from mesa_lab.testing import synthetic_results

    studies = 3 if quick else 1000
    space: dict[str, Any] = {name: ml.Real(0, 1) for name in "abcd"}
    designs = {
        "Latin hypercube of 64": ml.LatinHypercube(64),
        "Saltelli of 64": ml.Saltelli(64),
        "Morris of 15": ml.Morris(15),
        "grid of 2⁴": ml.FullFactorial(2),
    }
    for name, design in designs.items():
        alarms = 0
        for seed in range(studies):
            experiment = ml.Experiment("none:None", space, design=design, replications=3, seed=seed)
            results = synthetic_results(
                experiment, {"y": lambda runs, rng: rng.standard_normal(len(runs))}, seed=seed
            )
            alarms += results.sensitivity("y").values["n_matter"] > 0
        yield _row(
            f"{studies:,} studies of nothing but chance, {name}, three runs a point: any of four parameters said to matter",
            alarms / studies,
            "<= 5.5",
        )


def _discovery(quick: bool) -> Iterator[Row]:
    from mesa_lab.processing.analysis.boxes.prim import Space
    from mesa_lab.processing.analysis.discovery.selection import judge, search

    studies = 3 if quick else 400
    alarms = 0
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        codes = np.column_stack([rng.permutation(150) for _ in range(4)])
        space = Space(codes, np.full(4, 150), np.zeros(4, bool), rng.binomial(4, 0.3, 150) / 4)
        boxes, _ = search(space)
        alarms += judge(space, boxes[0], seed=seed).p < 0.05
    yield _row(
        f"{studies} events that depend on nothing, 150 points: a box told from chance",
        alarms / studies,
        "<= 6",
    )
