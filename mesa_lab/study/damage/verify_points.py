"""Which design points are proven by their runs, where a damaged study's points cannot all be read.

A run's seed follows from the values of its point, and its row has a checksum: a point is the one that was written when its
runs have the seeds that follow from it. What is not proven is given up, with its runs. This room runs no code.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict

from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import extension
from mesa_lab.study.checksums import rows

__all__ = ["can_prove", "give_up_the_rest"]


def can_prove(experiment: Experiment) -> bool:
    """Tell whether the seeds of an experiment's runs follow from its points."""
    return experiment.seeds is None and not experiment.common_random_numbers


def give_up_the_rest(connection: sqlite3.Connection) -> int:
    """Keep the points that are proven; the others are no longer asked for, and their runs are taken out.

    Args:
        connection: A connection to the new study, whose rows of runs have been compared with their checksums.

    Returns:
        How many were given up. The next time that the experiment is run in this study, its design is made again.
    """
    seed_of = Experiment.from_toml(extension.meta(connection, "experiment")).seed_of
    runs: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for point, *run in connection.execute("SELECT point, run_id, replication, seed FROM runs"):
        runs[point].append((run[0], run[1], run[2]))
    points = connection.execute("SELECT point, occurrence, parameters FROM points").fetchall()
    given_up = []
    for point, occurrence, parameters in points:
        key = f"{occurrence}:{parameters}".encode()
        own = runs.get(point)
        if not own or any(seed_of(key, replication) != seed for _, replication, seed in own):
            given_up.append(point)
    rows.take_out(connection, [run[0] for point in given_up for run in runs.get(point, ())])
    names = list(json.loads(next((text for point, _, text in points if point not in set(given_up)), "{}")))
    nothing = json.dumps(dict.fromkeys(names))
    connection.execute("UPDATE points SET wanted = 1")
    connection.executemany(
        "UPDATE points SET wanted = 0, occurrence = point, parameters = ? WHERE point = ?",
        [(nothing, point) for point in given_up],
    )
    replications = json.loads(extension.meta(connection, "size"))[1]
    extension.set_meta(connection, size=json.dumps([len(points) - len(given_up), replications]), design="")
    extension.count_shard(connection)
    return len(given_up)
