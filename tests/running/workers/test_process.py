"""Worker processes find what they should find."""

import textwrap

import pytest

from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.arrow_columns import decode_table
from mesa_lab.running.stream import stream
from mesa_lab.running.workers import pool
from mesa_lab.study.records import Task

THREADED = """
    import os

    import numpy as np
    import psutil
    from mesa import DataCollector, Model


    class Threaded(Model):
        def __init__(self, rng=None):
            super().__init__(rng=rng)
            before = psutil.Process().num_threads()
            matrix = np.ones((300, 300))
            matrix @ matrix
            self.more = psutil.Process().num_threads() - before
            self.limits = [os.environ.get(f"{name}_NUM_THREADS") for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")]
            self.datacollector = DataCollector({"more": "more", "limits": lambda model: " ".join(model.limits)})
            self.datacollector.collect(self)
"""


@pytest.mark.parametrize(("environment", "limits"), [(None, "1 1 1 1"), ("3", "3 1 1 1")])
def test_numerical_libraries_get_one_thread_unless_the_user_says_otherwise(
    tmp_path, monkeypatch, environment, limits
):
    for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        monkeypatch.delenv(f"{name}_NUM_THREADS", raising=False)
    if environment:
        monkeypatch.setenv("OMP_NUM_THREADS", environment)
    file = tmp_path / "threaded.py"
    file.write_text(textwrap.dedent(THREADED))
    pool.end_idle()  # these were started in another environment
    protocol = Protocol(model=f"{file}:Threaded", max_steps=0)
    (batch,) = stream(protocol, [Task(0, 0, 0, 1, {})], n_jobs=1)
    (row,) = decode_table(batch.series).to_pylist()
    assert (row["more"], row["limits"]) == (0, limits)
    pool.end_idle()
