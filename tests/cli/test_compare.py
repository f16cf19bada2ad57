"""`mesa-lab compare`."""

import json

import pytest


@pytest.fixture
def studies(terminal, experiment_file):
    """Two studies of one experiment."""
    experiment_file()
    for name in ("old.study", "new.study"):
        assert terminal("run", "count.toml", name, "-j", "1", "--quiet").exit_code == 0
    return "old.study", "new.study"


def test_the_same_model_did_not_change(terminal, studies):
    done = terminal("compare", *studies, "--ignore-times")
    assert done.exit_code == 0, done.output
    assert done.output.startswith("The model gives the same as before: all 6 pairs of runs")
    assert "Outcomes: means, and the mean difference of pairs" in done.output
    assert "all points" in done.output


def test_a_change_has_an_exit_code_of_its_own_and_json(terminal, studies, tmp_path, experiment_file):
    model = tmp_path / "terminal_models.py"
    text = model.read_text()
    changed = text.replace("self.total += self.size", "self.total += 2 * self.size")
    assert changed != text
    model.write_text(changed)
    assert terminal("run", "count.toml", "changed.study", "-j", "1", "--quiet").exit_code == 0
    done = terminal("compare", "old.study", "changed.study", "--json")
    assert done.exit_code == 4, done.output
    found = json.loads(done.output)
    assert found["values"]["outcomes_changed"] is True
    assert found["values"]["n_pairs"] == 6
    assert {row["mark"] for row in found["table"]} & {"differs", "differs run by run"}
    shown = terminal("compare", "old.study", "changed.study")
    assert shown.exit_code == 4
    assert "digest of the model's code" in shown.output


def test_studies_of_different_experiments_are_refused(terminal, studies, experiment_file):
    experiment_file("other.toml", parameters="size = [7, 8]")
    assert terminal("run", "other.toml", "other.study", "-j", "1", "--quiet").exit_code == 0
    done = terminal("compare", "old.study", "other.study")
    assert done.exit_code == 1
    assert "different experiments" in done.output
    assert "Traceback" not in done.output
