"""Which design points are proven by their runs, where a damaged study's points cannot all be read.

A run's seed follows from the values of its point, and its row has a checksum: a point is the one that was written when its
runs have the seeds that follow from it. What is not proven is given up, with its runs. This room runs no code.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from itertools import combinations
from typing import Final

from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.seeds import parts_of_keys
from mesa_lab.study import extension
from mesa_lab.study.checksums import rows

__all__ = ["can_prove", "give_up_the_rest"]

_MOST_TRIED: Final = 12
"""Fixed parameters of which all sets are tried."""


def can_prove(experiment: Experiment) -> bool:
    """Tell whether the seeds of an experiment's runs follow from its points."""
    return experiment.seeds is None and not experiment.common_random_numbers


def _unsaid(experiment: Experiment, key: bytes, replication: int, seed: int) -> tuple[bytes, ...] | None:
    """The parts of keys that the seeds of a study leave out, found by trying; None when this run proves nothing."""
    fixed = experiment.space.fixed
    for many in range(len(fixed) + 1 if len(fixed) <= _MOST_TRIED else 1):
        for names in combinations(fixed, many):
            parts = parts_of_keys({name: fixed[name] for name in names})
            if experiment.seed_of(key, replication, parts) == seed:
                return parts
    return None


def give_up_the_rest(connection: sqlite3.Connection) -> int:
    """Keep the points that are proven; the others are no longer asked for, and their runs are taken out.

    Args:
        connection: A connection to the new study, whose rows of runs have been compared with their checksums.

    Returns:
        How many were given up. The next time that the experiment is run in this study, its design is made again.
    """
    experiment = Experiment.from_toml(extension.meta(connection, "experiment"))
    runs: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for point, *run in connection.execute("SELECT point, run_id, replication, seed FROM runs"):
        runs[point].append((run[0], run[1], run[2]))
    points = connection.execute("SELECT point, occurrence, parameters FROM points").fetchall()
    given_up = []
    unsaid: tuple[bytes, ...] | None = None
    for point, occurrence, parameters in points:
        key = f"{occurrence}:{parameters}".encode()
        own = runs.get(point)
        if own and unsaid is None:
            unsaid = _unsaid(experiment, key, *own[0][1:])
        if not own or any(
            experiment.seed_of(key, replication, unsaid or ()) != seed for _, replication, seed in own
        ):
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
