"""Every model that Mesa brings along runs, is measured and can be charted, with no code, under every supported Mesa.

`.ci/run` repeats these under other releases, the oldest and the newest among them; `uv run --isolated --group smoke --with 'mesa==3.4.2' pytest
tests/compatibility` does by hand.
"""

import math
from importlib.metadata import version

import mesa
import pytest
from click.testing import CliRunner

import mesa_lab as ml
from mesa_lab.cli import cli
from mesa_lab.preparation.models import installed_models

# What to vary, small enough to run in no time, and what else keeps the model small.
MODELS = {
    "BoidFlockers": ("population_size = [5, 10, 15]", ""),
    "BoltzmannWealth": ("n = [10, 20, 30]", ""),
    "ConwaysGameOfLife": ("initial_fraction_alive = [0.1, 0.2, 0.3]", "width = 10\nheight = 10"),
    "EpsteinCivilViolence": ("citizen_density = [0.5, 0.6, 0.7]", "width = 10\nheight = 10"),
    "MultiLevelAllianceModel": ("n = [5, 6, 7]", ""),
    "PdGrid": (
        'activation_order = { choice = ["Random", "Sequential", "Simultaneous"] }',
        "width = 10\nheight = 10",
    ),
    "Schelling": ("homophily = [0.2, 0.4, 0.6]", "width = 10\nheight = 10"),
    "SugarscapeG1mt": ("initial_population = [100, 150, 200]", ""),
    "VirusOnNetwork": ("recovery_chance = [0.1, 0.3, 0.5]", ""),
    "WolfSheep": ("initial_sheep = [20, 40, 60]", "width = 10\nheight = 10"),
}


def experiment_text(name: str) -> str:
    varied, fixed = MODELS[name]
    return f"""
        model = "mesa.examples:{name}"
        replications = 2
        max_steps = 3
        seed = 1

        [parameters]
        {varied}
        {fixed}

        [design]
        type = "FullFactorial"
    """


def check(results: ml.Results) -> None:
    """Three points, two replications, all done, at least one outcome that is a number, and charts of it."""
    assert list(results.runs["status"]) == ["done"] * 6, results.failures.to_string()
    assert len(results.points) == 3
    assert results.runs.groupby("point", observed=True).size().tolist() == [2, 2, 2]
    numeric = [
        name
        for name in results.outcomes
        if (values := results.runs[name]).dtype.kind in "ifub" and values.notna().all()
    ]
    assert numeric
    assert all(math.isfinite(mean) for mean in results.aggregate(numeric[0])["mean"])
    series = results.series(numeric[0])
    assert series.groupby("run_id")["step"].max().tolist() == results.runs["steps"].tolist()
    assert results.runs["steps"].max() == 3
    for kind in ("series", "effect", "distribution"):
        assert results.chart(kind, numeric[0]).to_dict()["$schema"]


def test_every_bundled_model_is_listed_here():
    bundled = [entry.name for entry in installed_models() if entry.source == "mesa.examples"]
    assert bundled == list(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_from_python(name):
    experiment = ml.Experiment.from_toml(experiment_text(name))
    check(ml.run(experiment, backend="sequential", progress=False))


@pytest.mark.parametrize("name", MODELS)
def test_from_the_terminal(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "try.toml").write_text(experiment_text(name))
    outcome = CliRunner().invoke(cli, ["run", "try.toml", "-j", "1", "--quiet"])
    assert outcome.exit_code == 0, outcome.output
    assert "6 of 6 runs done" in outcome.output
    check(ml.open_study("try.study").results)


def test_workers_import_the_same_mesa(tmp_path):
    (tmp_path / "release.py").write_text(
        "import mesa\n\n\n"
        "class Release(mesa.Model):\n"
        '    """Reports which Mesa it was built with."""\n\n'
        "    def __init__(self, size=1, rng=None):\n"
        "        super().__init__(rng=rng)\n"
        "        self.release = mesa.__version__\n\n"
        "    def step(self):\n"
        "        self.running = False\n"
    )
    experiment = ml.Experiment(
        f"{tmp_path}/release.py:Release", {"size": [1, 2]}, replications=2, max_steps=1, outcomes=["release"]
    )
    results = ml.run(experiment, n_jobs=2, progress=False)
    assert set(results.runs["release"]) == {mesa.__version__} == {version("mesa")}
