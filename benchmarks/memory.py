"""Does memory stay flat? 3,000 Boltzmann runs (100 agents, 10 × 10 grid) one after the other in one worker.

Growth is the resident size of the process that runs the models, after 3,000 runs against after the first 300.
"""

from __future__ import annotations

import gc
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.measuring import Reading, Row, in_fresh_process

KIB, MIB = 2**10, 2**20
MESA_3_4 = ("uv", "run", "--quiet", "--isolated", "--with", "mesa==3.4.2", "python")
STEPS = 5


def measure(quick: bool = False) -> Iterator[Row]:
    first, runs = (5, 10) if quick else (300, 3_000)
    environments = (
        {"mesa 3.5": (None, 0.5)} if quick else {"mesa 3.5": (None, 0.5), "mesa 3.4.2": (MESA_3_4, 2)}
    )
    for name, (python, target) in environments.items():
        with_python = {} if python is None else {"python": python}
        kept = in_fresh_process(mesa_lab, first=first, runs=runs, **with_python)["kept"]
        alone = in_fresh_process(plain_loop, first=first, runs=runs // 5, **with_python)["kept"]
        yield Row(
            f"{runs:,} sequential Boltzmann runs in one worker, {name}: what a run leaves",
            kept,
            f"<= {target}",
            unit=" KiB",
            detail=f"Mesa by itself {alone:.2f} KiB",
        )


def mesa_lab(first: int, runs: int) -> Reading:
    import mesa_lab as ml

    def experiment(replications: int) -> ml.Experiment:
        parameters = {"n": 100, "width": 10, "height": 10}
        return ml.Experiment(
            "mesa.examples:BoltzmannWealth", parameters, replications=replications, max_steps=STEPS
        )

    with tempfile.TemporaryDirectory() as folder:
        ml.run(experiment(first), Path(folder, "first.study"), n_jobs=1, progress=False)
        (worker,) = (
            p for p in psutil.Process().children() if "resource_tracker" not in " ".join(p.cmdline())
        )
        before = worker.memory_info().rss
        ml.run(experiment(runs), Path(folder, "more.study"), n_jobs=1, progress=False)
        return {"kept": (worker.memory_info().rss - before) / runs / KIB}


def plain_loop(first: int, runs: int) -> Reading:
    from benchmarks.models import boltzmann

    def loop(count: int) -> int:
        for seed in range(count):
            model = boltzmann(rng=seed, n=100, width=10, height=10)
            for _ in range(STEPS):
                model.step()
        del model
        gc.collect()
        return psutil.Process().memory_info().rss

    before = loop(first)
    return {"kept": (loop(runs) - before) / runs / KIB}


@dataclass
class Peak:
    """The most that this process had above what it had at first."""

    bytes: int = 0


@contextmanager
def peak_above() -> Iterator[Peak]:
    """Watch this process's resident size from a thread, a hundred times a second."""
    this, peak, over = psutil.Process(), Peak(), threading.Event()
    start = this.memory_info().rss

    def watch() -> None:
        while not over.wait(0.01):
            peak.bytes = max(peak.bytes, this.memory_info().rss - start)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
        peak.bytes = max(peak.bytes, this.memory_info().rss - start)
