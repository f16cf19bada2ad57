"""Searches beside what they replace, on functions of known truth: how good, how often right, with how many runs.

Searches are played (`mesa_lab.testing.played_search`): no models are run. All but the last rows are counts, which the machine has no part in.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import mesa_lab as ml
from benchmarks.measuring import Row
from mesa_lab.testing.played_search import PlayedSearch, play_search

type Truth = Callable[[Mapping[str, Any]], float]

SPACES: dict[str, dict[str, Any]] = {
    "sphere": {name: ml.Real(-1, 1) for name in "abcd"},
    "Branin": {"a": ml.Real(-5, 10), "b": ml.Real(0, 15)},
    "Rosenbrock": {"a": ml.Real(-2, 2), "b": ml.Real(-1, 3)},
    "mixed": {"a": ml.Real(-1, 1), "n": ml.Integer(0, 10), "kind": ml.Choice(["x", "y", "z"])},
}


def sphere(values: Mapping[str, Any]) -> float:
    """Lowest at 0.3 in each parameter; 0 to 6.76."""
    return sum((values[name] - 0.3) ** 2 for name in "abcd")


def branin(values: Mapping[str, Any]) -> float:
    """Three lowest places of 0.4; 0.4 to 308 (Dixon & Szegö 1978)."""
    a, b = values["a"], values["b"]
    return (
        (b - 5.1 / (4 * math.pi**2) * a**2 + 5 / math.pi * a - 6) ** 2
        + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a)
        + 10
    )


def rosenbrock(values: Mapping[str, Any]) -> float:
    """A bent valley, lowest at (1, 1), by the decimal logarithm; about 0 to 3.4 (Rosenbrock 1960)."""
    a, b = values["a"], values["b"]
    return math.log10(1 + (1 - a) ** 2 + 100 * (b - a**2) ** 2)


def mixed(values: Mapping[str, Any]) -> float:
    """Lowest at a = 0.3, n = 4, kind y; 0 to 3.69."""
    return (
        (values["a"] - 0.3) ** 2
        + ((values["n"] - 4) / 6) ** 2
        + {"x": 0.6, "y": 0.0, "z": 1.0}[values["kind"]]
    )


FUNCTIONS: dict[str, tuple[Truth, float]] = {
    "sphere": (sphere, 0.3 * 6.76),
    "Branin": (branin, 0.3 * 307.7),
    "Rosenbrock": (rosenbrock, 0.3 * 3.40),
    "mixed": (mixed, 0.3 * 3.69),
}
"""The functions, and the standard deviation of a run: 30 % of what lies between their lowest and highest value."""

OURS = ml.Optimise("loss")
RANDOM = ml.Optimise("loss", engine="random", racing=False, surface=False)
FIXED = ml.Optimise("loss", replications=5, racing=False, surface=False)
BUDGET = 240


def measure(*, quick: bool) -> Iterator[Row]:
    for name in ("mixed",) if quick else FUNCTIONS:
        yield from _optimising(name, 1 if quick else 40)
    yield from _selecting(5 if quick else 400)
    yield _varied(1 if quick else 20)
    yield from _asking(60 if quick else 700)


def played(name: str, method: Any, seed: int) -> tuple[float, bool]:
    """Play one search, and return what the setting that it reports is truly worth, and whether its interval holds that."""
    truth, noise = FUNCTIONS[name]
    experiment = ml.Experiment("none:None", SPACES[name], seed=seed)
    found = play_search(
        ml.Search(experiment, method, budget=BUDGET), lambda values, rng: truth(values) + noise * rng.normal()
    )
    from scipy.stats import t

    last = next(batch for batch in reversed(found.batches) if batch.notes.get("phase") == "confirm")
    point, first, stop = last.runs[0]
    worth, runs = truth(found.points[point]), found.values["loss"][point, first:stop]
    half = t.ppf(0.975, len(runs) - 1) * runs.std(ddof=1) / math.sqrt(len(runs))
    return float(worth), bool(abs(runs.mean() - worth) <= half)


def plain_optuna(name: str, seed: int) -> tuple[float, float]:
    """Run Optuna as its tutorial does: TPE, one run for each point. Return what its best trial is truly worth, and what it says of it."""
    import optuna

    truth, noise = FUNCTIONS[name]
    rng = np.random.default_rng(seed)

    def objective(trial: Any) -> float:
        values: dict[str, Any] = {}
        for each, parameter in SPACES[name].items():
            if isinstance(parameter, ml.Choice):
                values[each] = trial.suggest_categorical(each, list(parameter.values))
            elif isinstance(parameter, ml.Integer):
                values[each] = trial.suggest_int(each, parameter.low, parameter.high)
            else:
                values[each] = trial.suggest_float(each, parameter.low, parameter.high)
        return truth(values) + noise * rng.normal()

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(objective, n_trials=BUDGET)
    return truth(study.best_params), float(study.best_value)


def _optimising(name: str, studies: int) -> Iterator[Row]:
    ours = [played(name, OURS, seed) for seed in range(studies)]
    for other, method in (("random search", RANDOM), ("TPE with 5 runs of each", FIXED)):
        theirs = [played(name, method, seed) for seed in range(studies)]
        better = sum(one[0] < two[0] for one, two in zip(ours, theirs, strict=True))
        medians = [float(np.median([each[0] for each in some])) for some in (ours, theirs)]
        yield Row(
            f"{name}: better than {other}",
            100 * better / studies,
            ">= 80",
            "%",
            f"{studies} studies of {BUDGET} runs; median {medians[0]:.2f} beside {medians[1]:.2f}",
        )
    plain = [plain_optuna(name, seed) for seed in range(studies)]
    flattered = float(np.median([(worth - said) / FUNCTIONS[name][1] for worth, said in plain]))
    yield Row(
        f"{name}: better than Optuna's best trial",
        100 * sum(one[0] < two[0] for one, two in zip(ours, plain, strict=True)) / studies,
        ">= 80",
        "%",
        f"its median {np.median([each[0] for each in plain]):.2f}; its best value is {flattered:.1f} standard deviations of a run too good",
    )
    held = 100 * sum(each[1] for each in ours) / studies
    yield Row(
        f"{name}: the reported interval holds the truth",
        held,
        ">= 93" if studies > 20 else "",
        "%",
        f"{studies} studies",
    )


def _selecting(studies: int) -> Iterator[Row]:
    """Ten points, of which one is better by the indifference, the least favourable case."""
    means = np.array([0.0] * 9 + [-1.0])
    design = [{"x": float(place)} for place in range(10)]
    right, runs = 0, []
    for seed in range(studies):
        experiment = ml.Experiment("none:None", {"x": ml.Real(0, 9)}, design=design, seed=seed)
        search = ml.Search(experiment, ml.Select("loss", indifference=1.0), batch=100)
        found = play_search(search, lambda values, rng: means[int(values["x"])] + 2 * rng.normal())
        right += "point 9" in found.over
        runs.append(found.n_runs)
    yield Row(
        "select: the best of 10 is chosen",
        100 * right / studies,
        ">= 95",
        "%",
        f"{studies} studies, {np.mean(runs):,.0f} runs of {np.max(runs):,} at most",
    )


def _varied(seeds: int) -> Row:
    """Patterns that a search for variety finds, and Sobol' points with as many runs."""
    gains = []

    def model(values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
        a, b, c = values["a"], values["b"], values["c"]
        return {"u": a**8 * b + 0.005 * rng.normal(), "v": (b * c) ** 6 + 0.005 * rng.normal()}

    for seed in range(seeds):
        experiment = ml.Experiment("none:None", {name: ml.Real(0, 1) for name in "abc"}, seed=seed)
        method = ml.Diversity(["u", "v"], cells={"u": 0.1, "v": 0.1})
        found = play_search(ml.Search(experiment, method, budget=300), model)
        even = play_search(ml.Search(experiment.replace(seed=seed), method, budget=300, batch=300), model)
        gains.append(_patterns(method, found) / _patterns(method, even))
    return Row(
        "diversity: patterns beside Sobol'", float(np.median(gains)), ">= 1", "×", f"{seeds} seeds, 300 runs"
    )


def _patterns(method: ml.Diversity, found: PlayedSearch) -> int:
    return len({cell for cell in method.cells_of(method.medians(found.history)) if cell is not None})


def _asking(points: int) -> Iterator[Row]:
    """What asking for one batch takes once there are so many points, in CPU time."""
    experiment = ml.Experiment("none:None", SPACES["mixed"], seed=1)
    for name, method in (("optimise", OURS), ("diversity", ml.Diversity(["loss"]))):
        search = ml.Search(experiment, method, budget=20 * points, batch=3 * points // 2)
        found = play_search(search, lambda values, rng: mixed(values) + rng.normal(), most_batches=3)
        history = replace(found.history, batch_runs=12)
        taken = []
        for _ in range(3):
            start = time.process_time()
            method.ask(history)
            taken.append(time.process_time() - start)
        yield Row(
            f"{name}: asking with {history.n_points:,} points",
            1000 * min(taken),
            "",
            "ms",
            "CPU time of one core",
        )
