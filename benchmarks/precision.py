"""Replications until each point is precise, beside as many at every point as the worst one takes: on Mesa's WolfSheep.

Runs are counted, which the machine has no part in.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import mesa_lab as ml
from benchmarks.measuring import WORKERS, Row
from mesa_lab.search.methods.until_precise import half_widths

RELATIVE = 0.05
SPACE = {
    "initial_sheep": ml.Integer(60, 140),
    "initial_wolves": ml.Integer(5, 40),
    "sheep_reproduce": ml.Real(0.03, 0.06),
    "wolf_gain_from_food": ml.Real(5, 25),
}


def measure(*, quick: bool) -> Iterator[Row]:
    points, steps = (4, 5) if quick else (32, 20)
    experiment = ml.Experiment(
        "mesa.examples:WolfSheep",
        SPACE,
        design=ml.Sobol(points),
        max_steps=steps,
        outcomes=["Sheep"],
        seed=1,
    )
    method = ml.UntilPrecise("Sheep", relative=RELATIVE, at_most=40 if quick else 2000)
    results = ml.search(ml.Search(experiment, method, batch=64), n_jobs=WORKERS, progress=False)
    values = [
        rows["Sheep"].to_numpy(float) for _, rows in results.runs.sort_values("replication").groupby("point")
    ]
    runs = np.array([len(each) for each in values])
    reached = 0
    for each in values:
        means, widths = half_widths(each)
        reached += bool(widths[-1] <= RELATIVE * abs(means[-1]))
    fixed = int(runs.max()) * len(runs)
    yield Row(
        "until precise, WolfSheep: runs beside a fixed number",
        float(runs.sum() / fixed),
        "<= 0.5",
        "×",
        f"{len(runs)} points, {steps} steps, ±5 % of the mean number of sheep: {int(runs.sum()):,} runs, {int(runs.min())} to {int(runs.max())} a point",
    )
    yield Row(
        "until precise, WolfSheep: points that are precise",
        100 * reached / len(runs),
        ">= 95",
        "%",
        f"{len(runs)} points",
    )
