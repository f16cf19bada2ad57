"""Runs by ray: two workers of its own give the same rows as this machine, and a run that kills its worker fails alone.

Ray leaves threads and sockets behind that its own processes close, so it gets a process to itself.
"""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.mark.timeout(900)
def test_ray_gives_the_same_rows_and_loses_only_the_run_that_kills(tmp_path):
    script = tmp_path / "by_ray.py"
    script.write_text(
        textwrap.dedent(f"""
        import pandas as pd
        import ray

        import mesa_lab as ml

        for attempt in range(3):  # ray gives its own processes 30 s to start, on a busy machine too
            try:
                ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
                break
            except Exception:
                ray.shutdown()
        wealth = ml.Experiment("mesa.examples:BoltzmannWealth", {{"n": [5, 10]}}, replications=10, max_steps=5, seed=3)
        here = ml.run(wealth, n_jobs=1, backend="sequential", progress=False)
        there = ml.run(wealth, n_jobs=2, backend="ray", progress=False)
        times = ["init_seconds", "run_seconds"]
        pd.testing.assert_frame_equal(here.runs.drop(columns=times), there.runs.drop(columns=times))
        pd.testing.assert_frame_equal(here.series(), there.series())

        exits = ml.Experiment({str(FIXTURES / "faulty_models.py:Exits")!r}, {{"fault": [-1, 2]}}, max_steps=3)
        results = ml.run(exits, n_jobs=2, backend="ray", progress=False)
        assert results.runs.groupby("fault")["status"].unique().map(list).to_dict() == {{-1: ["done"], 2: ["failed"]}}
        ray.shutdown()
        print("equal")
        """)
    )
    ended = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert ended.stdout.splitlines()[-1:] == ["equal"], ended.stderr
