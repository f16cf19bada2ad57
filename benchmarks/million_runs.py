"""Does a study of a million runs stay handy? 10,000 points × 100 replications in one file.

All but the last 2,000 results are made up and go in as a driver's do, through the study's writer, by the batch; the last
ones are run, which is the resumption. The memory is that of the driving process.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import WORKERS, Reading, Row, in_fresh_process, median
from benchmarks.memory import MIB, peak_above

if TYPE_CHECKING:
    from mesa_lab import Experiment

BATCH = 500


def measure(quick: bool = False) -> Iterator[Row]:
    points, replications, rounds = (20, 5, 1) if quick else (10_000, 100, 2)
    readings = [in_fresh_process(a_study, points=points, replications=replications) for _ in range(rounds)]
    runs = f"{points * replications:,} runs in one study"
    for name, work, target in (
        ("start", "from nothing to the first result", "<= 15"),
        ("resume", "from opening it to the last result", "<= 15"),
        ("status", "status", "<= 0.2"),
        ("aggregate", f"one outcome over {points:,} points × {replications}", "<= 2"),
        ("frame", "all runs as a DataFrame", ""),
    ):
        yield Row(f"{runs}: {work}", median(readings, name), target, unit=" s")
    yield Row(
        f"{runs}: peak memory of the driver",
        median(readings, "peak") / 1024,
        "<= 1.5",
        unit=" GiB",
        detail=f"{median(readings, 'written'):.1f} s to take the results in",
    )


def a_study(points: int, replications: int) -> Reading:
    import mesa_lab as ml

    experiment = ml.Experiment(
        "benchmarks.models:TinyWealth",
        {"n": ml.Integer(2, 20)},
        ml.MonteCarlo(points),
        replications=replications,
        max_steps=1,
    )
    reading: Reading = {}

    def timed[T](name: str, action: Callable[[], T]) -> T:
        start = time.perf_counter()
        result = action()
        reading[name] = time.perf_counter() - start
        return result

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "million.study")
        with peak_above() as peak:
            timed("start", lambda: _start(experiment, path))
            timed("written", lambda: _fill(path, min(2_000, points)))
            assert timed("status", lambda: ml.open_study(path).status()).pending
            results = timed("resume", lambda: ml.run(experiment, path, n_jobs=WORKERS, progress=False))
        assert results.status["done"] == points * replications
        timed("aggregate", lambda: ml.open_study(path).results.aggregate("richest"))
        timed("frame", lambda: ml.open_study(path).results.runs)
    return {**reading, "peak": peak.bytes / MIB}


def _start(experiment: Experiment, path: Path) -> None:
    """Make the study and run it, cold, until the first result is on disk."""
    from mesa_lab.running.stream import stream
    from mesa_lab.study import Study
    from mesa_lab.study.records import Task

    study = Study.create(path, experiment)
    with study.writing() as writer:
        tasks = map(Task._make, study.tasks(study.pending()))
        batches = stream(experiment.protocol, tasks, n_jobs=WORKERS)
        writer.add(next(batches))
        writer.commit()
        writer.ending = "stopped"
        batches.close()


def _fill(path: Path, left: int) -> None:
    """Make up the results of all runs but the last."""
    from mesa_lab.study import Study
    from mesa_lab.study.records import Batch, RunRecord

    study = Study(path)
    with study.writing() as writer:
        rest = study.tasks(study.pending()[:-left])
        while some := list(islice(rest, BATCH)):
            records = [(*task[:4], "done", 1, 1.0, 1e-4, 1e-4, "") for task in some]
            finals = tuple((task[0] % 7,) for task in some)
            writer.add(Batch(tuple(map(RunRecord._make, records)), ("richest",), finals))
        writer.ending = "stopped"
