"""What do agents' data cost? 1,000 agents × 100 steps × 50 runs, every agent at every step: 5 million rows.

Time is from the call to a DataFrame in memory. Memory is the parent's peak above what it had once everything was
imported: for Mesa Lab until the frame is asked for, for batch_run until it answers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import WORKERS, Reading, Row, alternate, listed, median, ratio, stopwatch
from benchmarks.memory import MIB, peak_above

STEPS = 100


def measure(quick: bool = False) -> Iterator[Row]:
    runs, agents, rounds = (2, 20, 1) if quick else (50, 1000, 2)
    size = f"{agents:,} agents × {STEPS} steps × {runs} runs"
    for model, kind, target in (("Walkers", "attributes", 12), ("WalkersByFunction", "functions", 4)):
        readings = alternate(
            {"Mesa Lab": mesa_lab, "batch_run": batch_run}, rounds, model=model, runs=runs, agents=agents
        )
        yield Row(
            f"{size}, agents' {kind} to a DataFrame: times faster than batch_run",
            ratio(readings["batch_run"], readings["Mesa Lab"]),
            f">= {target}",
            detail=listed(readings),
            cpu=ratio(readings["batch_run"], readings["Mesa Lab"], "cpu"),
        )
        if model == "Walkers":
            yield Row(
                "the same: memory of the parent above import until the frame is asked for",
                median(readings["Mesa Lab"], "peak"),
                "<= 100",
                unit=" MiB",
                detail=listed(readings, "peak", "MiB"),
            )


def mesa_lab(model: str, runs: int, agents: int) -> Reading:
    import mesa_lab as ml

    def experiment(replications: int) -> ml.Experiment:
        return ml.Experiment(
            f"benchmarks.models:{model}",
            {"n": agents},
            replications=replications,
            max_steps=STEPS,
            agents=True,
        )

    with tempfile.TemporaryDirectory() as folder:
        ml.run(experiment(2), Path(folder, "warm.study"), n_jobs=WORKERS, progress=False).agents()
        with stopwatch() as watch:
            with peak_above() as peak:
                results = ml.run(
                    experiment(runs), Path(folder, "timed.study"), n_jobs=WORKERS, progress=False
                )
            frame = results.agents()
        assert len(frame) == runs * agents * (STEPS + 1)
    return {**watch.reading, "peak": peak.bytes / MIB}


def batch_run(model: str, runs: int, agents: int) -> Reading:
    import mesa
    import pandas as pd

    import benchmarks.models

    def run(runs: int) -> pd.DataFrame:
        return pd.DataFrame(
            mesa.batch_run(
                getattr(benchmarks.models, model),
                {"n": agents},
                number_processes=WORKERS,
                rng=list(range(runs)),
                max_steps=STEPS,
                data_collection_period=1,
                display_progress=False,
            )
        )

    with stopwatch() as watch, peak_above() as peak:
        frame = run(runs)
    assert len(frame) == runs * agents * (STEPS + 1)
    return {**watch.reading, "peak": peak.bytes / MIB}
