"""Every example runs as it stands, only with fewer runs and steps."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import mesa_lab as ml
from mesa_lab.cli import cli

EXAMPLES = Path(__file__).parents[1] / "examples"
FILES = sorted(EXAMPLES.glob("*.toml"))


def test_there_are_several_on_different_models_and_one_has_a_model_of_its_own():
    models = {ml.Experiment.load(file).model for file in FILES}
    assert len(models) == len(FILES) >= 4
    assert any(model.endswith("forest_fire.py:ForestFire") for model in models)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_runs(file, tmp_path, monkeypatch):
    for source in EXAMPLES.iterdir():
        if source.suffix in (".toml", ".py"):
            shutil.copy(source, tmp_path)
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(
        cli, ["run", file.name, "--replications", "1", "--max-steps", "2", "-j", "1", "--quiet", "--json"]
    )
    assert outcome.exit_code == 0, outcome.output
    answer = json.loads(outcome.stdout)
    experiment = ml.Experiment.load(file.name)
    assert answer["status"]["done"] == experiment.n_points
    assert {row["outcome"] for row in answer["outcomes"]} == {
        outcome.name for outcome in experiment.protocol.outcomes
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_says_how_to_run_it(file):
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert f"mesa-lab run examples/{file.name}" in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_stays_the_same_when_it_is_read_and_written(file):
    experiment = ml.Experiment.load(file)
    assert ml.Experiment.from_toml(experiment.to_toml()) == experiment
