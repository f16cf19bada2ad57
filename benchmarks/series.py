"""What do model series cost? 100 steps × 10,000 runs with one outcome: 1 million rows, to a DataFrame in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import plain
from benchmarks.measuring import WORKERS, Reading, Row, alternate, listed, ratio, stopwatch

STEPS = 100


def measure(quick: bool = False) -> Iterator[Row]:
    runs, rounds = (20, 1) if quick else (10_000, 2)
    contestants = {"Mesa Lab": mesa_lab, "batch_run": batch_run, "plain loops": plain_loops}
    readings = alternate(contestants, rounds, runs=runs)
    yield Row(
        f"{STEPS} steps × {runs:,} runs, series to a DataFrame: times faster than batch_run",
        ratio(readings["batch_run"], readings["Mesa Lab"]),
        ">= 2.2",
        detail=listed(readings),
        cpu=ratio(readings["batch_run"], readings["Mesa Lab"], "cpu"),
    )


def mesa_lab(runs: int) -> Reading:
    import mesa_lab as ml

    def experiment(replications: int) -> ml.Experiment:
        return ml.Experiment("benchmarks.models:Series", replications=replications, max_steps=STEPS)

    with tempfile.TemporaryDirectory() as folder:
        ml.run(experiment(20), Path(folder, "warm.study"), n_jobs=WORKERS, progress=False).series()
        with stopwatch() as watch:
            results = ml.run(experiment(runs), Path(folder, "timed.study"), n_jobs=WORKERS, progress=False)
            frame = results.series()
        assert len(frame) == runs * (STEPS + 1)
    return watch.reading


def batch_run(runs: int) -> Reading:
    import mesa
    import pandas as pd

    from benchmarks.models import Series

    with stopwatch() as watch:
        rows = mesa.batch_run(
            Series,
            {},
            number_processes=WORKERS,
            rng=list(range(runs)),
            max_steps=STEPS,
            data_collection_period=1,
            display_progress=False,
        )
        frame = pd.DataFrame(rows)
    assert len(frame) == runs * (STEPS + 1)
    return watch.reading


def plain_loops(runs: int) -> Reading:
    return plain.side_by_side("Series", [({}, seed) for seed in range(runs)], STEPS)
