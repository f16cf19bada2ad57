"""The script that the app hands out is run as a script, and must do exactly what the experiment does."""

import ast
import runpy

import pytest

import mesa_lab as ml
from mesa_lab.drafts.draft import for_model, from_experiment
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.experiment_file.python_script import to_python

SCHELLING = "mesa.examples:Schelling"
EVIL = '\');import os;os.abort()#\n"""<img onerror=x>{{ 1 }}'

EXPERIMENTS = [
    parse(for_model(ml.describe(SCHELLING))).experiment,
    ml.Experiment(SCHELLING, {}),
    ml.Experiment(
        SCHELLING,
        {
            "density": ml.Real(0.5, 0.9, log=True),
            "homophily": ml.Real(distribution="norm", loc=0.5, scale=0.1, low=0.1),
            "radius": ml.Integer(1, 3, step=2),
            "minority_pc": [0.25, 0.5],
            "width": 12,
            "height": 12.0,
        },
        ml.Sobol(8, scramble=False),
        replications=2,
        max_steps=7,
        seed=0,
        outcomes={"share": "pct_happy", "agents": "count(Agent)"},
        agents={"SchellingAgent": ("type",)},
        constraints=["density > 0.55", "homophily < density"],
        period=2,
        max_time=50.0,
        stop_when="happy > 1000",
        timeout=120,
        common_random_numbers=True,
    ),
    ml.Experiment(
        SCHELLING,
        {"density": ml.Choice([0.5, 0.75])},
        ml.FullFactorial(),
        seeds=[3, 5],
        agents=True,
        max_steps=3,
    ),
    ml.Experiment(
        SCHELLING,
        {"density": ml.Real(0.5, 0.9), "radius": [1, 2]},
        ml.Union([ml.LatinHypercube(3), ml.Table([{"density": 0.8, "radius": 2}])]),
        max_steps=3,
        outcomes=["happy"],
    ),
]


def experiment_of(script, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(script, encoding="utf-8")
    return runpy.run_path(str(path))["experiment"]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=range(len(EXPERIMENTS)))
def test_the_script_makes_the_same_experiment(experiment, tmp_path):
    again = experiment_of(to_python(experiment), tmp_path)
    assert again.to_toml() == experiment.to_toml()
    runs, expected = again.configurations(), experiment.configurations()
    assert [(run.parameters, run.seed) for run in runs] == [(run.parameters, run.seed) for run in expected]


def test_the_script_of_a_draft_gives_the_same_results_as_its_experiment(tmp_path, monkeypatch):
    description = ml.describe(SCHELLING)
    draft = from_experiment(
        ml.Experiment(
            SCHELLING,
            {"density": ml.Real(0.5, 0.9), "width": 10, "height": 10},
            ml.LatinHypercube(3),
            max_steps=5,
        ),
        description,
    )
    experiment = parse(draft, description).experiment
    here = ml.run(experiment, tmp_path / "here.study", n_jobs=1, progress=False).runs
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "script.py"
    path.write_text(to_python(experiment), encoding="utf-8")
    there = runpy.run_path(str(path), run_name="__main__")["results"].runs
    assert (tmp_path / "schelling.study").exists()
    timing = ["init_seconds", "run_seconds"]
    assert there.drop(columns=timing).equals(here.drop(columns=timing))


def test_a_model_of_a_file_is_named_by_its_path(tmp_path):
    path = tmp_path / "wolf.py"
    path.write_text(
        "import mesa\nclass Wolf(mesa.Model):\n    def __init__(self, n=1, rng=None):\n        super().__init__(rng=rng)\n"
    )
    experiment = ml.Experiment(f"{path}:Wolf", {"n": [1, 2]})
    script = to_python(experiment)
    assert f"model={str(path) + ':Wolf'!r}," in script
    assert "wolf.study" in script
    assert experiment_of(script, tmp_path).n_points == 2


def test_no_text_of_a_user_becomes_code(tmp_path):
    experiment = ml.Experiment(EVIL, {EVIL: [EVIL], "b": EVIL}, outcomes={EVIL: "happy"}, max_steps=1)
    script = to_python(experiment)
    ast.parse(script)
    again = experiment_of(script, tmp_path)
    assert again.space.parameters[EVIL].values == (EVIL,)
    assert again.parameters["b"] == EVIL


def test_a_function_without_a_name_is_refused():
    experiment = ml.Experiment(SCHELLING, {}, stop_when=lambda model: True)
    with pytest.raises(ExperimentError, match="module of its own"):
        to_python(experiment)
