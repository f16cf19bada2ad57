"""Models that name files by relative paths, run from a folder that has none of them."""

import os
import sys
import textwrap
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.preparation.models.working_folder import file_trouble, folder_with

TOWN = """
    import mesa
    import numpy as np
    from pathlib import Path

    PEOPLE = int(Path("people.txt").read_text())


    class Town(mesa.Model):
        def __init__(self, streets=1, rng=None):
            super().__init__(rng=rng)
            self.streets = streets
            self.datacollector = mesa.DataCollector({"people": lambda m: m.streets * PEOPLE})

        def step(self):
            self.datacollector.collect(self)


    class Mapped(Town):
        def __init__(self, streets=1, rng=None):
            super().__init__(streets, rng)
            try:
                self.map = np.loadtxt("data/map.csv")
            except OSError as error:
                raise RuntimeError("no map") from error


    class Late(Town):
        def step(self):
            super().step()
            with open("data/map.csv") as file:
                self.map = file.read()


    class Writer(Town):
        def step(self):
            super().step()
            with open("kept/log.txt", "a") as file:
                file.write("x")


    class Lost(Town):
        def __init__(self, streets=1, rng=None):
            super().__init__(streets, rng)
            Path("nowhere/log.txt").write_text("x")
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with its data in its root, its model below `src`, and a current folder that is not in it."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    root = tmp_path / "project"
    (root / "src" / "town").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "kept").mkdir()
    (root / "pyproject.toml").touch()
    (root / "data" / "map.csv").write_text("1 2\n")
    (root / "src" / "town" / "people.txt").write_text("7")
    (root / "src" / "town" / "model.py").write_text(textwrap.dedent(TOWN))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return root


def test_a_file_that_is_read_at_import(project):
    model = f"{project}/src/town/model.py:Town"
    results = ml.run(ml.Experiment(model, {"streets": [1, 2]}, max_steps=1), n_jobs=2, progress=False)
    assert results.runs["people"].tolist() == [7, 14]
    assert results.notes["note"].tolist() == [
        f"Run in the folder '{project / 'src' / 'town'}', where the model finds 'people.txt'."
    ]


@pytest.mark.parametrize("name", ["Mapped", "Late", "Writer"])
def test_a_file_of_the_project(project, name):
    model = f"{project}/src/town/model.py:{name}"
    results = ml.run(ml.Experiment(model, max_steps=2), backend="sequential", progress=False)
    assert results.failures.empty, results.failures["message"].tolist()
    found = "kept/log.txt" if name == "Writer" else "data/map.csv"
    assert results.notes["note"].tolist() == [
        f"Run in the folder '{project}', where the model finds '{found}'."
    ]
    assert results.rebuild(0).streets == 1
    assert Path.cwd().name == "elsewhere"


def test_a_description_says_where(project):
    said = ml.describe(f"{project}/src/town/model.py:Mapped").problems
    assert said == (f"Run in the folder '{project}', where the model finds 'data/map.csv'.",)


def test_a_folder_that_is_missing_is_named_with_the_line_that_makes_it(project):
    model = f"{project}/src/town/model.py:Lost"
    results = ml.run(ml.Experiment(model, max_steps=1), backend="sequential", progress=False)
    message = results.failures["message"].item()
    assert "There is no folder 'nowhere' in" in message
    assert "Path('nowhere').mkdir(parents=True, exist_ok=True)" in message


def test_what_is_in_the_current_folder_is_taken_from_there(project):
    Path("people.txt").write_text("3")
    Path("data").mkdir()
    Path("data", "map.csv").write_text("5 6\n")
    model = f"{project}/src/town/model.py:Mapped"
    results = ml.run(ml.Experiment(model, max_steps=1), backend="sequential", progress=False)
    assert results.runs["people"].tolist() == [3]
    assert results.notes.empty


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(2, "No such file or directory", "data/map.csv"),
        FileNotFoundError("data/map.csv not found."),
        OSError("Unable to open file (unable to open file: name = 'data/map.csv', errno = 2)"),
        ValueError("data/map.csv: No such file or directory"),
    ],
    ids=["open", "numpy", "h5py", "pyogrio"],
)
def test_in_whatever_words_a_library_says_it(project, error):
    model = project / "src" / "town" / "model.py"
    assert folder_with(error, [model]) == (project, "data/map.csv")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("data/map.csv has 3 columns"),
        FileNotFoundError(2, "No such file or directory", "/nowhere/map.csv"),
        FileNotFoundError(2, "No such file or directory", "other.csv"),
        KeyError("not found"),
    ],
)
def test_other_errors_are_left_alone(project, error):
    assert folder_with(error, [project / "src" / "town" / "model.py"]) is None


def test_files_of_installed_packages_have_no_folder_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    package = tmp_path / "lib" / "site-packages" / "town"
    package.mkdir(parents=True)
    (package / "map.csv").touch()
    error = FileNotFoundError(2, "No such file or directory", "map.csv")
    assert folder_with(error, [package / "model.py"]) is None


def test_a_file_that_is_nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = FileNotFoundError(2, os.strerror(2), "map.csv")
    assert file_trouble(error) == (
        f"It was looked for in '{tmp_path}'. Put it there, or write: Path(__file__).parent / 'map.csv'."
    )


@pytest.mark.parametrize(("levels", "is_found"), [(2, True), (3, False)])
def test_a_folder_far_above_is_not_written_to(tmp_path, monkeypatch, levels, is_found):
    """Where nothing marks the project's root, a folder `results` far above belongs to something else; a file to be read is found there."""
    folder = tmp_path.joinpath(*"abcd"[:levels])
    folder.mkdir(parents=True)
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(folder)
    missing = FileNotFoundError(2, "No such file or directory", "results/log.txt")
    found = (tmp_path, "results/log.txt")
    assert folder_with(missing, [folder / "model.py"]) == (found if is_found else None)
    (tmp_path / "results" / "log.txt").touch()
    assert folder_with(missing, [folder / "model.py"]) == found


def test_a_folder_that_many_share_is_nobodys_project(tmp_path, monkeypatch):
    folder = tmp_path / "town"
    folder.mkdir()
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(folder)
    missing = FileNotFoundError(2, "No such file or directory", "out/log.txt")
    assert folder_with(missing, [folder / "model.py"]) == (tmp_path, "out/log.txt")
    for share in (lambda: tmp_path.chmod(0o1777), lambda: monkeypatch.setenv("HOME", str(tmp_path))):
        share()
        assert folder_with(missing, [folder / "model.py"]) is None
        tmp_path.chmod(0o700)
