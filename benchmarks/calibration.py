"""How often calibration holds the truth: by surfaces and by the nearest runs, beside the exact posterior where that is known.

Searches are played (`mesa_lab.testing.played_search`) on functions, and on Mesa's VirusOnNetwork. All rows are counts, which the machine has no part in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

import mesa_lab as ml
from benchmarks.measuring import Row
from mesa_lab.processing.analysis.calibration.fit import Fit
from mesa_lab.processing.analysis.calibration.population import (
    Population,
    first_size,
    generations_of,
    population_of,
    read_particles,
)
from mesa_lab.processing.analysis.calibration.targets import Component, components_of, plain_targets
from mesa_lab.testing import synthetic_results
from mesa_lab.testing.played_search import play_search

type Floats = npt.NDArray[np.float64]
type Model = Callable[[Mapping[str, Any], np.random.Generator], dict[str, float]]

LEVEL = 0.9
STEPS = (1, 2, 4, 8, 12)
SPACE = {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}
GRID = (np.arange(120) + 0.5) / 120
_SHOCKS = np.linspace(-3.5, 3.5, 61)


def measure(*, quick: bool) -> Iterator[Row]:
    yield _by_surface(1 if quick else 100)
    yield from _of_points(1 if quick else 100)
    for name in CASES:
        yield from _by_nearest(name, 1 if quick else 100)
    yield from _virus(1 if quick else 100, 60 if quick else 150)
    yield from _ridges(1 if quick else 50)


def decay(values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Five observed steps of a decay, chance in each and in their level, more of it where there is more of it."""
    level = rng.normal(0, 0.1)
    found = {
        f"y @ {step}": 100 * values["a"] * np.exp(-values["b"] * step / 4 + level)
        + rng.normal(0, 1 + 2 * values["a"])
        for step in STEPS
    }
    return found | {"y": found["y @ 12"]}


def _decay_density(a: Floats, b: Floats, data: Sequence[Component]) -> Floats:
    """The log density of the data: the shared level is integrated out."""
    found = np.empty((len(_SHOCKS), *a.shape))
    for place, shock in enumerate(_SHOCKS):
        found[place] = -0.5 * shock**2
        for each in data:
            mean = 100 * a * np.exp(-b * (each.step or 0) / 4 + 0.1 * shock)
            found[place] += -0.5 * ((each.value - mean) / (1 + 2 * a)) ** 2 - np.log(1 + 2 * a)
    most = found.max(axis=0)
    return np.asarray(most + np.log(np.exp(found - most).sum(axis=0)))


def product(values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """A parameter, and its product with another, of which little is known where the first is small."""
    return {
        "u": values["a"] + 0.1 * rng.normal(),
        "v": values["a"] * values["b"] + 0.1 * rng.normal(),
    }


def _product_density(a: Floats, b: Floats, data: Sequence[Component]) -> Floats:
    u, v = (each.value for each in data)
    return np.asarray(-0.5 * ((a - u) / 0.1) ** 2 - 0.5 * ((a * b - v) / 0.1) ** 2)


def counts(values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Counts: skewed, and the more of them the more chance."""
    return {
        "u": float(rng.poisson(20 * values["a"])),
        "v": float(rng.poisson(1 + 30 * values["a"] * values["b"])),
    }


def _counts_density(a: Floats, b: Floats, data: Sequence[Component]) -> Floats:
    means = (20 * a, 1 + 30 * a * b)
    return np.asarray(sum(each.value * np.log(mean) - mean for each, mean in zip(data, means, strict=True)))


CASES: dict[str, tuple[Model, Callable[[Floats, Floats, Sequence[Component]], Floats]]] = {
    "product": (product, _product_density),
    "decay": (decay, _decay_density),
    "counts": (counts, _counts_density),
}
"""Models with the density of what they give, so that the exact posterior is known."""


@dataclass(frozen=True)
class Held:
    """What one study by the nearest runs came to, by parameter.

    Attributes:
        truth: Whether the 90 % interval holds the true value.
        exact: Whether the exact one does.
        mass: Which share of the exact posterior lies in it.
        width: How wide it is, as a multiple of the exact one.
    """

    truth: tuple[bool, ...]
    exact: tuple[bool, ...]
    mass: tuple[float, ...]
    width: tuple[float, ...]


def study_by_nearest(name: str, seed: int, budget: int = 300) -> Held:
    """Draw a truth, make data with it, search for it by the nearest runs, and compare with the exact posterior."""
    model, density = CASES[name]
    rng = np.random.default_rng(9000 + seed)
    truth = rng.random(2)
    data = model(dict(zip("ab", truth, strict=True)), rng)
    targets: Any = {"y": [[step, data[f"y @ {step}"]] for step in STEPS]} if name == "decay" else data
    method = ml.Calibrate(targets, engine="abc")
    experiment = ml.Experiment("none:None", SPACE, seed=seed)
    played = play_search(ml.Search(experiment, method, budget=budget), model)
    values = np.stack(method.columns(played.history), axis=-1)
    found = population_of(
        played.history.space,
        played.history.unit,
        read_particles(played.batches, values, 1),
        generations_of(played.batches),
        method.components,
        first=first_size(budget, 1),
        seed=seed,
    )
    assert found is not None
    a, b = np.meshgrid(GRID, GRID, indexing="ij")
    log = density(a, b, method.components)
    likely = np.exp(log - log.max())
    rows = []
    for place in (0, 1):
        marginal = likely.sum(axis=1 - place) / likely.sum()
        exact = np.interp(_TAILS, np.cumsum(marginal) - marginal / 2, GRID)
        low, high = ends(found, place)
        inside = float(marginal[(low <= GRID) & (high >= GRID)].sum())
        rows.append(
            (
                low <= truth[place] <= high,
                exact[0] <= truth[place] <= exact[1],
                inside,
                (high - low) / (exact[1] - exact[0]),
            )
        )
    return Held(*(tuple(column) for column in zip(*rows, strict=True)))


_TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)


def ends(found: Population, place: int) -> tuple[float, float]:
    """Return the 90 % interval of a parameter in the unit cube."""
    order = np.argsort(found.adjusted[:, place])
    weight = found.near_weight[order]
    low, high = np.interp(_TAILS, np.cumsum(weight) - weight / 2, found.adjusted[order, place])
    return float(low), float(high)


def _by_nearest(name: str, studies: int) -> Iterator[Row]:
    held = [study_by_nearest(name, seed) for seed in range(studies)]
    exact = 100 * np.mean([each.exact for each in held])
    width = np.median([each.width for each in held])
    yield Row(
        f"nearest runs, {name}: 90 % intervals hold the truth",
        float(100 * np.mean([each.truth for each in held])),
        ">= 85",
        "%",
        f"{studies} studies of 300 runs, two parameters; the exact ones {exact:.0f} %",
    )
    yield Row(
        f"nearest runs, {name}: share of the exact posterior in them",
        float(100 * np.mean([each.mass for each in held])),
        ">= 87",
        "%",
        f"{width:.2f} times as wide as the exact ones (median)",
    )


def study_of_points(seed: int, points: int = 128) -> Held:
    """Draw a truth, make data with it, and read what fits from points that were run for nothing in particular; no run is added."""
    rng = np.random.default_rng(900 + seed)
    truth = rng.random(2)
    data = product(dict(zip("ab", truth, strict=True)), rng)
    results = synthetic_results(
        ml.Experiment("none:None", SPACE, design=ml.Sobol(points), seed=seed),
        {
            "u": lambda runs, rng: runs["a"] + 0.1 * rng.normal(size=len(runs)),
            "v": lambda runs, rng: runs["a"] * runs["b"] + 0.1 * rng.normal(size=len(runs)),
        },
    )
    table = results.calibrate(data).table.set_index("parameter")
    a, b = np.meshgrid(GRID, GRID, indexing="ij")
    likely = np.exp(_product_density(a, b, components_of(plain_targets(data))))
    rows = []
    for place, name in enumerate("ab"):
        marginal = likely.sum(axis=1 - place) / likely.sum()
        exact = np.interp(_TAILS, np.cumsum(marginal) - marginal / 2, GRID)
        low, high = float(table.loc[name, "low"]), float(table.loc[name, "high"])
        inside = float(marginal[(low <= GRID) & (high >= GRID)].sum())
        width = float((high - low) / (exact[1] - exact[0]))
        rows.append((low <= truth[place] <= high, bool(exact[0] <= truth[place] <= exact[1]), inside, width))
    return Held(*(tuple(column) for column in zip(*rows, strict=True)))


def _of_points(studies: int) -> Iterator[Row]:
    held = [study_of_points(seed) for seed in range(studies)]
    yield Row(
        "existing points, product: 90 % intervals hold the truth",
        float(100 * np.mean([each.truth for each in held])),
        ">= 85",
        "%",
        f"{studies} studies of 128 Sobol' points, one run each; the exact ones {100 * np.mean([each.exact for each in held]):.0f} %",
    )
    yield Row(
        "existing points, product: share of the exact posterior in them",
        float(100 * np.mean([each.mass for each in held])),
        ">= 85",
        "%",
        f"{np.median([each.width for each in held]):.2f} times as wide as the exact ones (median)",
    )


def _by_surface(studies: int) -> Row:
    held = 0
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        truth = rng.random(2) * 0.8 + 0.1
        data = decay({"a": truth[0], "b": truth[1]}, rng)
        experiment = ml.Experiment("none:None", SPACE, seed=seed)
        method = ml.Calibrate({"y": [[step, data[f"y @ {step}"]] for step in STEPS]})
        fit = method.posterior(play_search(ml.Search(experiment, method, budget=150), decay).history)
        held += fit is not None and bool(fit.holds(truth[None])[0])
    return Row(
        "surfaces, decay: the 90 % region holds the truth",
        100 * held / studies,
        ">= 85",
        "%",
        f"{studies} studies of 150 runs",
    )


def only_product(values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """Two parameters that act by their product alone, with chance."""
    both = values["a"] * values["b"]
    return {"u": both + 0.03 * rng.normal(), "v": both**2 + 0.03 * rng.normal()}


def apart(values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """The same two outcomes, one of which depends on one of the parameters alone."""
    return {
        "u": values["a"] * values["b"] + 0.03 * rng.normal(),
        "v": values["a"] ** 2 + 0.03 * rng.normal(),
    }


def ridge_named(model: Model, seed: int, budget: int = 150) -> bool:
    """Draw a truth, make data with it, calibrate, and return whether a ridge of a and b is told."""
    rng = np.random.default_rng(seed)
    truth = dict(zip("ab", 0.3 + 0.4 * rng.random(2), strict=True))
    method = ml.Calibrate(model(truth, rng))
    experiment = ml.Experiment("none:None", SPACE, seed=seed)
    history = play_search(ml.Search(experiment, method, budget=budget), model).history
    columns = method.columns(history)
    point, replication = np.nonzero(np.all([np.isfinite(column) for column in columns], axis=0))
    told: Any = Fit(
        results=SimpleNamespace(experiment=experiment),  # type: ignore[arg-type]  # which is asked for its seed alone
        space=history.space,
        components=method.components,
        vectors=np.column_stack([column[point, replication] for column in columns]),
        point=point,
        unit=history.unit,
        distance=method.distance,
        observed_runs=method.observed_runs,
        level=LEVEL,
        n_carried=len(point),
        runs=np.arange(len(point)),
    )
    return told.posterior is not None and [set(pair[:2]) for pair in told.ridges] == [{"a", "b"}]


def _ridges(studies: int) -> Iterator[Row]:
    for name, model, target in (("there is one", only_product, ">= 95"), ("there is none", apart, "<= 5")):
        named = sum(ridge_named(model, seed) for seed in range(studies))
        yield Row(
            f"surfaces: a ridge is named where {name}",
            100 * named / studies,
            target,
            "%",
            f"{studies} studies of 150 runs, two parameters",
        )


_OBSERVED = (2, 4, 7, 11, 15)


def _infected(values: Mapping[str, Any], rng: np.random.Generator) -> dict[str, float]:
    """One run of Mesa's VirusOnNetwork with thirty nodes."""
    import random

    from mesa.examples import VirusOnNetwork

    seed = int(rng.integers(2**31))
    random.seed(seed)
    np.random.seed(seed)  # the model draws its network from the global generators
    model = VirusOnNetwork(
        num_nodes=30,
        virus_spread_chance=values["spread"],
        recovery_chance=values["recovery"],
        rng=seed,
    )
    found = {}
    for step in range(1, _OBSERVED[-1] + 1):
        model.step()
        if step in _OBSERVED:
            infected = sum(agent.state.name == "INFECTED" for agent in model.agents)
            found[f"Infected @ {step}"] = float(infected)
    return found | {"Infected": float(infected)}


def _virus(studies: int, budget: int) -> Iterator[Row]:
    """Its two parameters from a series that was made with known ones."""
    space = {"spread": ml.Real(0.1, 0.9), "recovery": ml.Real(0.1, 0.9)}
    held = told = 0
    for seed in range(studies):
        rng = np.random.default_rng(seed)
        unit = rng.random(2) * 0.8 + 0.1
        data = _infected(dict(zip(space, 0.1 + 0.8 * unit, strict=True)), rng)
        method = ml.Calibrate({"Infected": [[step, data[f"Infected @ {step}"]] for step in _OBSERVED]})
        experiment = ml.Experiment("none:None", space, seed=seed)
        played = play_search(ml.Search(experiment, method, budget=budget), _infected)
        fit = method.posterior(played.history)
        held += fit is not None and bool(fit.holds(unit[None])[0])
        told += fit is not None and fit.share_left < 1
    yield Row(
        "surfaces, VirusOnNetwork: the 90 % region holds the truth",
        100 * held / studies,
        ">= 85",
        "%",
        f"{studies} studies of {budget} runs, five observed steps; some of the space ruled out in {100 * told / studies:.0f} %",
    )
