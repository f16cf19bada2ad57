"""What does a run cost beside the model itself? 10,000 runs of Boltzmann with 10 agents and 5 steps, on two workers.

Workers are warm: what their start costs is the question of `first_result`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import plain
from benchmarks.measuring import (
    WORKERS,
    Reading,
    Row,
    alternate,
    in_environment_with,
    in_fresh_process,
    listed,
    ratio,
    stopwatch,
)

STEPS = 5


def measure(quick: bool = False) -> Iterator[Row]:
    runs, rounds = (60, 1) if quick else (10_000, 5)
    readings = alternate({"plain loops": plain_loops, "Mesa Lab": mesa_lab}, rounds, runs=runs)
    if not quick:
        readings["batch_run"] = [in_fresh_process(batch_run, runs=runs)]
        readings["ema_workbench"] = [
            in_fresh_process(ema_workbench, in_environment_with("ema_workbench"), runs=runs)
        ]
    yield Row(
        f"{runs:,} tiny runs, results stored: wall time ÷ two plain loops",
        ratio(readings["Mesa Lab"], readings["plain loops"]),
        "<= 1.25",
        detail=listed(readings),
        cpu=ratio(readings["Mesa Lab"], readings["plain loops"], "cpu"),
    )


def mesa_lab(runs: int) -> Reading:
    import mesa_lab as ml

    def experiment(replications: int) -> ml.Experiment:
        return ml.Experiment("benchmarks.models:TinyWealth", replications=replications, max_steps=STEPS)

    with tempfile.TemporaryDirectory() as folder:
        ml.run(experiment(20), Path(folder, "warm.study"), n_jobs=WORKERS, progress=False)
        with stopwatch() as watch:
            results = ml.run(experiment(runs), Path(folder, "timed.study"), n_jobs=WORKERS, progress=False)
        assert results.status["done"] == runs
    return watch.reading


def plain_loops(runs: int) -> Reading:
    return plain.side_by_side("TinyWealth", [({}, seed) for seed in range(runs)], STEPS)


def batch_run(runs: int) -> Reading:
    import mesa

    from benchmarks.models import TinyWealth

    with stopwatch() as watch:
        mesa.batch_run(
            TinyWealth,
            {},
            number_processes=WORKERS,
            rng=list(range(runs)),
            max_steps=STEPS,
            display_progress=False,
        )
    return watch.reading


def ema_workbench(runs: int) -> Reading:
    import ema_workbench as ema

    # Replications of one case are experiments over the seed.
    model = ema.Model("tiny", function=_one_run)
    model.uncertainties = [ema.IntegerParameter("seed", 0, 2**31)]
    model.outcomes = [ema.ScalarOutcome("richest")]
    with ema.MultiprocessingEvaluator(model, n_processes=WORKERS) as evaluator:
        evaluator.perform_experiments(scenarios=20)
        with stopwatch() as watch:
            evaluator.perform_experiments(scenarios=runs)
    return watch.reading


def _one_run(seed: int) -> dict[str, float]:
    from benchmarks.models import TinyWealth

    model = TinyWealth(rng=int(seed))
    for _ in range(STEPS):
        model.step()
    return {"richest": float(model.datacollector.model_vars["richest"][-1])}
