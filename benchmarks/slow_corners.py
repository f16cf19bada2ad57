"""Do slow corners of a design keep everybody waiting? 3,000 runs of 1 ms and then 16 of 250 ms, on two workers.

The lower bound is half of the seconds that the runs themselves took, as they were recorded.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import WORKERS, Reading, Row, alternate, listed, median, stopwatch


def measure(quick: bool = False) -> Iterator[Row]:
    fast, rounds = (20, 1) if quick else (3_000, 3)
    readings = alternate({"Mesa Lab": mesa_lab, "joblib": joblib_alone}, rounds, fast=fast)
    yield Row(
        f"{fast:,} × 1 ms then 16 × 250 ms: makespan ÷ lower bound",
        median(readings["Mesa Lab"], "bound"),
        "<= 1.06",
        detail=listed(readings, "bound", "×"),
    )


def _seconds(fast: int) -> list[float]:
    return [0.001 + 1e-9 * place for place in range(fast)] + [0.25 + 1e-6 * place for place in range(16)]


def mesa_lab(fast: int) -> Reading:
    import mesa_lab as ml

    def experiment(seconds: list[float]) -> ml.Experiment:
        return ml.Experiment("benchmarks.models:Busy", {"seconds": seconds}, max_steps=1)

    with tempfile.TemporaryDirectory() as folder:
        ml.run(experiment([0.001, 0.002]), Path(folder, "warm.study"), n_jobs=WORKERS, progress=False)
        wanted = experiment(_seconds(fast))
        with stopwatch() as watch:
            results = ml.run(wanted, Path(folder, "timed.study"), n_jobs=WORKERS, progress=False)
        taken = results.values("run_seconds").sum() + results.values("init_seconds").sum()
    return {**watch.reading, "bound": watch.seconds / (taken / WORKERS)}


def joblib_alone(fast: int) -> Reading:
    import joblib

    with joblib.Parallel(n_jobs=WORKERS) as parallel:
        parallel(joblib.delayed(_work)(0.001) for _ in range(4))
        with stopwatch() as watch:
            taken = parallel(joblib.delayed(_work)(seconds) for seconds in _seconds(fast))
    return {**watch.reading, "bound": watch.seconds / (sum(taken) / WORKERS)}


def _work(seconds: float) -> float:
    import time

    from benchmarks.models import Busy

    start = time.perf_counter()
    Busy(seconds).step()
    return time.perf_counter() - start
