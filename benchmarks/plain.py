"""The limit: models in a plain loop, in two processes side by side, with nothing stored and nobody watching.

Each process runs half of the runs, with the seeds and parameters that Mesa Lab uses.
"""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from benchmarks.measuring import WORKERS, Reading, stopwatch

type Run = tuple[dict[str, Any], int]
"""Parameters and seed."""


def side_by_side(model: str, runs: Sequence[Run], steps: int, warm: int = 20) -> Reading:
    """Time runs of `benchmarks.models.<model>`, from the word go until the last process is ready."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for number in range(WORKERS):
        ours, theirs = context.Pipe()
        part = runs[number::WORKERS]
        process = context.Process(target=_loop, args=(model, part, steps, warm, theirs), daemon=True)
        process.start()
        pipes.append(ours)
        processes.append(process)
    for pipe in pipes:
        pipe.recv()
    with stopwatch() as watch:
        for pipe in pipes:
            pipe.send("go")
        for pipe in pipes:
            pipe.recv()
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send("end")
        process.join()
    return watch.reading


def _loop(model: str, runs: Sequence[Run], steps: int, warm: int, pipe: Connection) -> None:
    import benchmarks.models

    make = getattr(benchmarks.models, model)
    run_all(make, runs[:warm], steps)
    pipe.send("ready")
    pipe.recv()
    run_all(make, runs, steps)
    pipe.send("done")
    pipe.recv()


def run_all(make: Any, runs: Sequence[Run], steps: int) -> None:
    for parameters, seed in runs:
        with contextlib.suppress(ValueError):  # SugarscapeG1mt raises for some seeds, as its own runs do
            model = make(rng=seed, **parameters)
            for _ in range(steps):
                model.step()
