"""`mesa-lab debug`: the debugger at the line that failed."""

import subprocess
import sys
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.errors import NotAllowedError
from mesa_lab.preparation.code_permission import Permission, permitting

MODEL = """
import mesa
class Fire(mesa.Model):
    def __init__(self, size=1, rng=None):
        super().__init__(rng=rng)
        self.size = size
    def step(self):
        left = 2 - self.size
        self.size = 1 / left
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    (tmp_path / "fire_to_debug.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    experiment = ml.Experiment("fire_to_debug.py:Fire", {"size": [1, 2]}, max_steps=1, outcomes=["size"])
    ml.run(experiment, "fire.study", n_jobs=1, progress=False)
    return tmp_path / "fire.study"


def test_it_stops_at_the_failing_line(study):
    answer = subprocess.run(
        [sys.executable, "-m", "mesa_lab", "debug", "fire.study", "1"],
        input="p left\nu\nq\n", capture_output=True, text=True, cwd=study.parent, timeout=120,
        env=None,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "ZeroDivisionError: " in answer.stdout
    assert "self.size = 1 / left" in answer.stdout
    assert "(Pdb) 0" in answer.stdout


def test_a_run_without_an_error_has_nothing_to_debug(study, terminal):
    answer = terminal("debug", "fire.study", "0")
    assert "Run 0 came to its end after 1 step without an error: nothing to debug." in answer.output


def test_an_unknown_run_is_refused(study, terminal):
    answer = terminal("debug", "fire.study", "7")
    assert answer.exit_code == 1
    assert "asks for no run 7. Its runs have the numbers 0 to 1." in answer.output


def test_no_code_is_loaded_that_is_not_permitted(study):
    nothing = Permission(code=lambda reference: f"Not {reference.text}.", file=lambda path: "")
    results = ml.open_study(study).results
    with permitting(nothing), pytest.raises(NotAllowedError, match=r"Not fire_to_debug.py:Fire."):
        results.rebuild(0)
    assert Path(study).exists()
