"""Are conclusions there at once? Each question on a study of 100,000 runs, in a process of its own, bootstrap included.

The runs are made up and in memory, so that what is measured is the answer: from the question to the sentence with its first chart,
imports included, and the most memory that the process ever had. As in the app and the command, what altair imports for JupyterLab's sake
alone is left out.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from typing import Any

from benchmarks.measuring import Reading, Row, in_fresh_process, median
from mesa_lab.spared_imports import spare_grammars

RUNS = 100_000
CASES = (
    ("sensitivity", "Saltelli"),
    ("sensitivity", "Morris"),
    ("sensitivity", "EFAST"),
    ("sensitivity", "Sobol"),
    ("effects", "FullFactorial"),
    ("surface", "Sobol"),
    ("surface", "CentralComposite"),
    ("discover", "Sobol"),
    ("compare", "Levels"),
    ("best", "Sobol"),
    ("best", "Levels"),
    ("replications", "Sobol"),
    ("replications", "Levels"),
)


def measure(quick: bool = False) -> Iterator[Row]:
    for question, design in CASES:
        runs = 2_000 if quick else RUNS
        readings = [
            in_fresh_process(an_answer, question=question, design=design, runs=runs)
            for _ in range(1 if quick else 3)
        ]
        work = f"{question} of {median(readings, 'runs'):,.0f} runs ({design}, {median(readings, 'points'):,.0f} points)"
        yield Row(
            work,
            median(readings),
            "<= 3",
            unit=" s",
            detail=f"asked again {median(readings, 'again'):.2g} s, of which in CPU time {median(readings, 'cpu'):.2g} s",
        )
        yield Row(f"{work}: peak memory", median(readings, "peak"), "<= 500", unit=" MiB")


def an_answer(question: str, design: str, runs: int) -> Reading:
    spare_grammars()
    results = study(design, runs)
    started = time.perf_counter()
    _ask(results, question)
    seconds = time.perf_counter() - started
    started, cpu = time.perf_counter(), time.process_time()
    _ask(results, question)
    return {
        "seconds": seconds,
        "again": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "runs": len(results.base),
        "points": len(results.points),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def study(name: str, runs: int) -> Any:
    """Return results of about so many runs over six parameters."""
    import numpy as np

    import mesa_lab as ml
    from mesa_lab.testing import synthetic_results

    k = {"CentralComposite": 3, "Levels": 3}.get(name, 6)
    size = {
        "Saltelli": 2 ** int(np.log2(runs / 3 / 8)),
        "EFAST": runs // 3 // 6,
        "Sobol": 2 ** int(np.log2(runs / 6)),
    }
    design = {
        "Saltelli": lambda: ml.Saltelli(size["Saltelli"]),
        "Morris": lambda: ml.Morris(runs // 5 // 7),
        "EFAST": lambda: ml.EFAST(size["EFAST"]),
        "Sobol": lambda: ml.Sobol(size["Sobol"]),
        "FullFactorial": lambda: ml.FullFactorial(3 if runs > 10_000 else 2),
        "CentralComposite": ml.CentralComposite,
        "Levels": lambda: ml.FullFactorial(4),
    }[name]()
    parameters: dict[str, Any] = {f"p{number}": ml.Real(0, 1) for number in range(k)}
    points = ml.Experiment("none:None", parameters, design=design).n_points
    experiment = ml.Experiment("none:None", parameters, design=design, replications=max(2, runs // points))

    def outcome(made: Any, rng: Any) -> Any:
        level = 4 * made["p0"] + np.sin(3 * made["p1"]) * made["p2"]
        return level + rng.normal(0, 1, len(made))

    return synthetic_results(experiment, {"y": outcome})


def _ask(results: Any, question: str) -> None:
    answer = getattr(results, question)("y > 4" if question == "discover" else "y")
    answer.chart().to_dict()
