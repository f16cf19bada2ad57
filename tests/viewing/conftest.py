"""A small study to look into, made once."""

import pytest

import mesa_lab as ml


@pytest.fixture(scope="session")
def wolves(tmp_path_factory):
    path = tmp_path_factory.mktemp("viewing") / "wolves.study"
    experiment = ml.Experiment(
        "mesa.examples:WolfSheep",
        {"wolf_gain_from_food": [10, 30]},
        replications=1,
        max_steps=12,
        seed=3,
        stop_when="Wolves == 0",
    )
    ml.run(experiment, path, n_jobs=1, backend="sequential", progress=False)
    return path
