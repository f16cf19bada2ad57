import importlib
import json
import subprocess
import sys

import pytest

import mesa_lab as ml


def test_models_lists_what_is_installed(terminal):
    lines = terminal("models").stdout.splitlines()
    assert lines[0].split() == ["model", "what", "it", "is", "from"]
    assert sum(line.startswith("mesa.examples:") for line in lines) == 10


def test_models_as_json(terminal):
    entries = json.loads(terminal("models", "--json").stdout)
    assert "mesa.examples:WolfSheep" in [entry["reference"] for entry in entries]


def test_one_model_is_described(tmp_path):
    # In a process of its own: while a model is described anywhere in this one, all of its standard output is held back.
    described = subprocess.run(
        [sys.executable, "-m", "mesa_lab", "models", "terminal_models.py:Counter"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=tmp_path,
    )
    assert described.returncode == 0, described.stderr
    shown = described.stdout
    assert "Counts up by its step size." in shown
    assert "What each step adds." in shown
    assert "Model reporters: total, noise" in shown


def test_one_model_as_json(terminal):
    described = json.loads(terminal("models", "mesa.examples:WolfSheep", "--json").stdout)
    assert described["model_reporters"] == ["Wolves", "Sheep", "Grass"]
    parameters = {parameter["name"]: parameter for parameter in described["parameters"]}
    assert parameters["grass"]["default"] is True
    assert not parameters["grass"]["required"]


@pytest.mark.parametrize("model", ["mesa.examples:WolfSheep", "terminal_models.py:Counter"])
def test_what_new_writes_can_be_loaded_and_designed(model, terminal):
    outcome = terminal("new", model, "-o", "first.toml")
    assert outcome.exit_code == 0, outcome.output
    assert "mesa-lab run first.toml" in outcome.stdout
    assert ml.Experiment.load("first.toml").n_points > 1
    assert terminal("design", "first.toml").exit_code == 0


def test_new_names_the_file_after_the_model(terminal, tmp_path):
    terminal("new", "mesa.examples:WolfSheep")
    assert (tmp_path / "wolf_sheep.toml").exists()


def test_new_in_another_folder_still_finds_the_model(terminal, tmp_path):
    (tmp_path / "sub").mkdir()
    assert terminal("new", "terminal_models.py:Counter", "-o", "sub/first.toml").exit_code == 0
    ml.Experiment.load("sub/first.toml").check()
    assert 'model = "../terminal_models.py:Counter"' in (tmp_path / "sub" / "first.toml").read_text()


def test_new_replaces_nothing_unasked(terminal, tmp_path):
    file = tmp_path / "wolf_sheep.toml"
    file.write_text("mine")
    outcome = terminal("new", "mesa.examples:WolfSheep")
    assert outcome.exit_code == 1
    assert "--force" in outcome.stderr
    assert file.read_text() == "mine"
    assert terminal("new", "mesa.examples:WolfSheep", "--force").exit_code == 0
    assert file.read_text() != "mine"


def test_new_to_standard_output(terminal, tmp_path):
    before = sorted(tmp_path.iterdir())
    assert terminal("new", "mesa.examples:Schelling", "-o", "-").stdout.startswith("#")
    assert sorted(tmp_path.iterdir()) == before


def test_a_model_that_is_built_slowly_is_said_to(terminal, tmp_path, monkeypatch):
    (tmp_path / "slow.py").write_text(
        "import time\nimport mesa\nclass Slow(mesa.Model):\n    def __init__(self, n=1, rng=None):\n"
        "        super().__init__(rng=rng)\n        print('not to be heard')\n        time.sleep(1)\n"
    )
    monkeypatch.setattr(importlib.import_module("mesa_lab.cli.models"), "_QUIET_SECONDS", 0.1)
    described = terminal("models", "slow.py:Slow")
    assert "building it with its defaults" in described.stderr
    assert "not to be heard" not in described.output
    assert "Slow (slow.py:Slow)" in described.stdout
