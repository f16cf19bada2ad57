"""Do models run faster in Mesa Lab than by themselves? Mesa's own benchmark models and sizes (small), 200 runs each.

Every model is measured at every step by its own reporters, in Mesa Lab and in the plain loop alike; Mesa Lab stores
what they report.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import plain
from benchmarks.measuring import WORKERS, Reading, Row, alternate, median, ratio, stopwatch

MODELS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "boltzmann": ("mesa.examples:BoltzmannWealth", 125, {"n": 100, "width": 10, "height": 10}),
    "schelling": (
        "mesa.examples:Schelling",
        20,
        {"height": 40, "width": 40, "homophily": 0.4, "radius": 1, "density": 0.625},
    ),
    "wolf_sheep": (
        "mesa.examples:WolfSheep",
        80,
        {
            "height": 25,
            "width": 25,
            "initial_sheep": 60,
            "initial_wolves": 40,
            "sheep_reproduce": 0.2,
            "wolf_reproduce": 0.1,
            "grass_regrowth_time": 20,
        },
    ),
    "boids": (
        "mesa.examples:BoidFlockers",
        20,
        {"population_size": 200, "width": 100, "height": 100, "vision": 5},
    ),
    # Mesa's list has no sizes for this one: its defaults. Smaller worlds starve, and the model raises.
    "sugarscape": ("mesa.examples:SugarscapeG1mt", 10, {}),
}


def measure(quick: bool = False) -> Iterator[Row]:
    """Yield one row for all, with each model's throughput beside that of the plain loops."""
    runs, rounds = (2, 1) if quick else (100, 2)
    names = ["boltzmann"] if quick else list(MODELS)
    speeds, cpu, seconds = {}, {}, 0.0
    for name in names:
        readings = alternate({"plain": plain_loops, "lab": mesa_lab}, rounds, name=name, runs=runs)
        speeds[name] = ratio(readings["plain"], readings["lab"])
        cpu[name] = ratio(readings["plain"], readings["lab"], "cpu")
        seconds += median(readings["lab"])
    yield Row(
        f"Mesa's benchmark models, {rounds} × {runs} runs: throughput ÷ two plain loops",
        statistics.geometric_mean(speeds.values()),
        ">= 1.15",
        detail=", ".join(f"{name} {speed:.2f} (CPU {cpu[name]:.2f})" for name, speed in speeds.items()),
        cpu=statistics.geometric_mean(cpu.values()),
    )


def mesa_lab(name: str, runs: int) -> Reading:
    import mesa_lab as ml

    model, steps, parameters = MODELS[name]

    def experiment(replications: int) -> ml.Experiment:
        return ml.Experiment(model, parameters, replications=replications, max_steps=steps)

    with tempfile.TemporaryDirectory() as folder:
        ml.run(experiment(2), Path(folder, "warm.study"), n_jobs=WORKERS, progress=False)
        with stopwatch() as watch:
            results = ml.run(experiment(runs), Path(folder, "timed.study"), n_jobs=WORKERS, progress=False)
        assert sum(results.status.values()) == runs
    return watch.reading


def plain_loops(name: str, runs: int) -> Reading:
    import mesa_lab as ml

    model, steps, parameters = MODELS[name]
    experiment = ml.Experiment(model, parameters, replications=runs, max_steps=steps)
    seeds = [configuration.seed for configuration in experiment.configurations()]
    return plain.side_by_side(name, [(parameters, seed) for seed in seeds], steps, warm=2)
