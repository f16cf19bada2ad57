"""What code runs are of, and whether it is the code that was imported."""

import importlib
import os
import sys
import time

import pytest

import mesa_lab as ml
from mesa_lab.running.workers.changed_code import changed_files
from mesa_lab.running.workers.model_code import code_digest, model_code

NAME = "model_of_code"
MODEL = """
import mesa
from helpers_of_code.rates import RATE
class Fire(mesa.Model):
    def __init__(self, size=1, rng=None):
        super().__init__(rng=rng)
        self.value = size * RATE
        self.datacollector = mesa.DataCollector({"value": "value"})
    def step(self):
        from helpers_of_code import later
        self.value += later.more()
        self.datacollector.collect(self)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A model with a package beside it, importable under names that nothing else has."""
    (tmp_path / "model_of_code.py").write_text(MODEL)
    package = tmp_path / "helpers_of_code"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "rates.py").write_text("RATE = 2\n")
    (package / "later.py").write_text("def more(by=1):\n    return by\n")
    (package / "unused.py").write_text("X = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [
        name
        for name in sys.modules
        if name.endswith("_of_code") or ".of_code" in name or "helpers_of_code" in name
    ]:
        del sys.modules[name]


def imported():
    return importlib.import_module(NAME).Fire


def change(path, old, new):
    path.write_text(path.read_text().replace(old, new))
    os.utime(path, (time.time() + 5, time.time() + 5))
    importlib.invalidate_caches()


def test_the_projects_own_modules_count_and_no_others(project):
    code = model_code([imported()])
    assert [name for name, _ in code.files] == [
        "helpers_of_code/__init__.py", "helpers_of_code/later.py", "helpers_of_code/rates.py", "model_of_code.py",
    ]  # fmt: skip
    change(project / "helpers_of_code" / "unused.py", "1", "2")
    assert model_code([imported()]) == code
    change(project / "helpers_of_code" / "later.py", "by=1", "by=2")
    assert model_code([imported()]).digest != code.digest


def test_code_without_a_file_is_known_by_what_it_does():
    def one(model):
        return model.value + 1

    def other(model):
        return model.value + 2

    again = one
    assert code_digest([one]) == code_digest([again]) != code_digest([other])


def test_a_study_of_two_versions_says_so(project, tmp_path):
    path = tmp_path / "fire.study"
    experiment = ml.Experiment("model_of_code.py:Fire", {"size": [1, 2]}, max_steps=2)
    os.chdir(project)
    first = ml.run(experiment, path, n_jobs=1, progress=False)
    assert len(first.code_versions) == 1
    assert not first.study.status().notices
    change(project / "helpers_of_code" / "rates.py", "2", "3")
    with pytest.warns(UserWarning, match="has changed since the last results|versions of the model"):
        both = ml.run(experiment.replace(replications=2), path, n_jobs=1, progress=False)
    assert both.code_versions["runs"].tolist() == [2, 2]
    assert both.runs["value"].tolist() == [4, 6, 5, 8]
    (said,) = [notice for notice in both.study.status().notices if "versions" in notice]
    assert "2 versions of the model's code (2 runs of " in said
    assert "What differs: helpers_of_code/rates.py." in said
    assert "2 versions of the model" in both.report(tmp_path / "report.html").read_text()
    with pytest.warns(UserWarning, match=r"the code of helpers_of_code/rates.py is not the one"):
        both.rebuild(0)
    both.rebuild(2)
    merged = ml.merge([path], tmp_path / "merged.study")
    assert merged.code_versions["runs"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("file", "old", "new", "is_noticed"),
    [
        ("model_of_code.py", "self.value +=", "self.value -=", True),
        ("model_of_code.py", "size=1", "size=2", True),
        ("helpers_of_code/rates.py", "RATE = 2", "RATE = 3", True),
        ("model_of_code.py", "import mesa\n", "# A comment.\nimport mesa\n", False),
    ],
)
def test_a_file_that_changed_since_its_import_is_noticed(project, file, old, new, is_noticed):
    fire = imported()
    assert changed_files([fire]) == []
    change(project / file, old, new)
    assert [path.name for path in changed_files([fire])] == (
        [project.joinpath(file).name] if is_noticed else []
    )


def test_it_is_said_that_workers_run_other_code_than_was_imported(project):
    fire = imported()
    change(project / "helpers_of_code" / "rates.py", "2", "3")
    with pytest.warns(
        UserWarning, match=r"'rates.py' has changed since this program imported it: the runs are of the code"
    ):
        ran = ml.run(ml.Experiment(fire, {"size": [1]}, max_steps=1), n_jobs=1, progress=False)
    assert ran.runs["value"].tolist() == [4]
    here = ml.run(ml.Experiment(fire, {"size": [1]}, max_steps=1), backend="sequential", progress=False)
    assert here.runs["value"].tolist() == [3]
