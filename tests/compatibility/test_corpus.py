"""Small projects of many layouts and habits, each from an experiment file and from Python, on one worker and on two."""

import sys
from pathlib import Path

import mesa
import pytest

import mesa_lab as ml
from tests.fixtures.community_projects import PROJECTS

MESA = tuple(int("".join(filter(str.isdigit, part)) or 0) for part in mesa.__version__.split(".")[:2])
HERE = {name: project for name, project in PROJECTS.items() if project.since <= MESA < project.before}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Writes the files of a project, makes its folder the current one, and forgets its modules afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)

    def write(name):
        for file, text in HERE[name].files.items():
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return HERE[name]

    yield write
    for name in set(sys.modules) - before:
        module = sys.modules[name]
        folders = getattr(module, "__path__", ())
        places = [getattr(module, "__file__", None), *map(str, getattr(folders, "_path", folders))]
        if any(place and Path(place).is_relative_to(tmp_path) for place in places):
            del sys.modules[name]


def measured(results, project):
    frame = results.runs.sort_values(["point", "replication"])
    assert results.failures.empty, results.failures["message"].tolist()
    return frame[project.outcome].tolist()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("name", HERE)
def test_a_project_runs_from_a_file_and_from_python(project, name, tmp_path):
    made = project(name)
    settings = "".join(f"{key} = {value!r}\n" for key, value in (made.settings or {}).items())
    file = tmp_path / "town.toml"
    file.write_text(
        f'model = "{made.model}"\nmax_steps = 3\n{settings}[parameters]\n{made.parameter} = {list(made.values)}\n'
    )
    from_file = ml.run(ml.Experiment.load(file), backend="sequential", progress=False)
    assert measured(from_file, made) == list(made.expected)
    experiment = ml.Experiment(
        made.model, {made.parameter: list(made.values)}, max_steps=3, **(made.settings or {})
    )
    on_two = ml.run(experiment, tmp_path / "town.study", n_jobs=2, progress=False)
    assert measured(on_two, made) == list(made.expected)
    assert on_two.runs["seed"].tolist() == from_file.runs["seed"].tolist()


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", HERE)
def test_what_is_described_is_what_can_be_measured(project, name):
    made = project(name)
    description = ml.describe(made.model)
    assert made.parameter in [parameter.name for parameter in description.parameters]
    outcomes = list(description.model_reporters) or ["count(Walker)"]
    ml.Experiment(made.model, {made.parameter: list(made.values)}, max_steps=3, outcomes=outcomes).check()
