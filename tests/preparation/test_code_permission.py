"""What a text names, and that nothing is loaded by it which is not permitted."""

import re
import threading
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.errors import ExperimentError, NotAllowedError
from mesa_lab.preparation import code_permission
from mesa_lab.preparation.code_permission import (
    EVERYTHING,
    Permission,
    parse_reference,
    permitting,
    require_code,
    set_default,
)
from mesa_lab.preparation.models import describe, load_model
from mesa_lab.preparation.outcome_kinds.function import load_function

NOTHING = Permission(code=lambda reference: f"Not {reference.text}.", file=lambda path: f"Not {path}.")
CODE = """
import mesa, pathlib
pathlib.Path(__file__).with_suffix(".ran").touch()

class Model(mesa.Model):
    pass

def points(space, seed):
    return [{"size": 1}]

def measure(model):
    return 1
"""


@pytest.fixture
def code(tmp_path):
    """A file of code that leaves a trace when it is imported."""
    path = tmp_path / "stranger.py"
    path.write_text(CODE)
    return path


@pytest.fixture(autouse=True)
def default():
    yield
    set_default(EVERYTHING)


@pytest.mark.parametrize(
    ("text", "place", "name", "is_file"),
    [
        ("package.module:Class", "package.module", "Class", False),
        ("package.module", "package.module", "", False),
        (" module:Class.method ", "module", "Class.method", False),
        ("a/b.py:f", "a/b.py", "f", True),
        ("a/b.py", "a/b.py", "", True),
        ("C:\\models\\b.py:f", "C:\\models\\b.py", "f", True),
        ("C:\\models\\b.py", "C:\\models\\b.py", "", True),
        ("with blank, comma [1].py:f", "with blank, comma [1].py", "f", True),
        ("a:b.py:f", "a:b.py", "f", True),
        ("b.PY:f", "b.PY", "f", False),
        ("", "", "", False),
    ],
)
def test_a_text_is_taken_apart_in_one_way(text, place, name, is_file):
    found = parse_reference(text)
    assert (found.place, found.name, found.is_file) == (place, name, is_file)


def test_spellings_of_one_file_are_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.py").symlink_to(tmp_path / "real.py")
    spellings = ["real.py:f", "./real.py:f", f"{tmp_path}/real.py:f", "x/../real.py:f", "link.py:f"]
    assert len({parse_reference(text).identity for text in spellings}) == 1
    assert parse_reference("real.py:g").identity != parse_reference("real.py:f").identity
    assert parse_reference("nul\0.py:f").identity == ("nul\0.py", "f")


def test_a_block_permits_no_more_than_the_process():
    set_default(NOTHING)
    with permitting(EVERYTHING), pytest.raises(NotAllowedError, match="Not os:getcwd"):
        require_code([parse_reference("os:getcwd", "function")])


def test_a_block_is_for_its_own_thread_alone():
    seen = []
    with permitting(NOTHING):
        thread = threading.Thread(target=lambda: seen.append(load_function("os:getcwd")))
        thread.start()
        thread.join()
        with pytest.raises(NotAllowedError):
            load_function("os:getcwd")
    assert seen


def experiment(code, **changes):
    words = {"parameters": {"size": [1, 2]}, "max_steps": 1}
    return ml.Experiment("mesa.examples:Schelling", **(words | changes))


@pytest.mark.parametrize(
    "load",
    [
        lambda code: load_model(f"{code}:Model"),
        lambda code: load_model(str(code)),
        lambda code: describe(f"{code}:Model"),
        lambda code: load_function(f"{code}:measure"),
        lambda code: load_model("stranger:Model"),
        lambda code: load_function("stranger:measure"),
        lambda code: ml.FunctionDesign(f"{code}:points").points(ml.ParameterSpace({"size": [1]}), 0),
        lambda code: experiment(code, design=ml.FunctionDesign(f"{code}:points")).design_matrix(),
        lambda code: experiment(code, design=ml.FunctionDesign("stranger:points")).n_points,
        lambda code: ml.preview(
            experiment(code, design=ml.Union([ml.Part(ml.FunctionDesign(f"{code}:points"))]))
        ),
        lambda code: ml.Experiment(f"{code}:Model", {"size": [1]}).check(),
        lambda code: ml.run(ml.Experiment(f"{code}:Model", {"size": [1]}, max_steps=1)),
        lambda code: ml.run(experiment(code, outcomes={"x": f"{code}:measure"}), n_jobs=1),
        lambda code: ml.run(experiment(code, stop_when="stranger:measure"), backend="sequential"),
        lambda code: ml.batch_run(f"{code}:Model", {"size": [1]}, rng=[1], max_steps=1),
    ],
)
@pytest.mark.parametrize("everywhere", [True, False])
def test_nothing_is_loaded_that_is_not_permitted(code, monkeypatch, load, everywhere):
    monkeypatch.syspath_prepend(code.parent)
    if everywhere:
        set_default(NOTHING)
    with permitting(EVERYTHING if everywhere else NOTHING), pytest.raises(NotAllowedError, match="Not "):
        load(code)
    assert not code.with_suffix(".ran").exists()


def test_a_run_that_would_load_it_fails(code):
    run = ml.RunConfiguration(f"{code}:Model", run_id=0, iteration=0, parameters={}, max_steps=1)
    with permitting(NOTHING):
        assert "Not " in ml.simulate(run).failure.message
    assert not code.with_suffix(".ran").exists()


def test_a_worker_gets_nothing_that_is_not_permitted(code, tmp_path):
    from mesa_lab.running import background
    from mesa_lab.study import Study

    study = tmp_path / "a.study"
    Study.for_experiment(experiment(code, outcomes={"x": f"{code}:measure"}), study).close()
    with permitting(NOTHING), pytest.raises(NotAllowedError, match="Not "):
        background.launch(study)
    assert not code.with_suffix(".ran").exists()


def test_what_is_permitted_is_loaded(code):
    only = Permission(
        code=lambda reference: "" if reference.is_file else "No modules.", file=lambda path: "No files."
    )
    with permitting(only):
        assert load_model(f"{code}:Model").__name__ == "Model"
        with pytest.raises(NotAllowedError, match="No modules"):
            load_model("mesa.examples:Schelling")


@pytest.mark.parametrize(
    "read",
    [
        lambda path: ml.Table(path),
        lambda path: ml.Table(path=path),
        lambda path: ml.Part(path),
        lambda path: ml.Union([path]),
        lambda path: ml.Union([ml.Part(path)]),
        lambda path: ml.Experiment("a:B", {"n": [1]}, path),
        lambda path: ml.manual("a:B", path),
        *(
            lambda path, design=design: ml.Experiment.from_toml(
                f"model = 'a:B'\n[design]\n{design.format(path)}"
            )
            for design in (
                "type = 'Table'\npath = '{}'",
                "type = 'Table'\ndata = '{}'",
                "type = 'Union'\n[[design.designs]]\ntype='Part'\ndesign={{type='Table', path='{}'}}",
            )
        ),
    ],
)
def test_no_file_is_read_that_is_not_permitted(tmp_path, read):
    path = tmp_path / "points.csv"
    path.write_text("n\n1\n")
    with permitting(NOTHING), pytest.raises(NotAllowedError, match=f"Not {re.escape(str(path))}"):
        read(str(path))
    with permitting(NOTHING), pytest.raises(NotAllowedError):  # nor is it told whether there is one
        read(str(path.with_name("none.csv")))


@pytest.mark.parametrize(
    "design",
    [
        "type = 'Part'\ndesign = '{}'",
        "type = 'Union'\ndesigns = ['{}']",
        "type = 'Union'\ndesigns = [{{type='Part', design='{}'}}]",
    ],
)
def test_a_path_is_no_design_in_a_file(tmp_path, design):
    path = tmp_path / "points.csv"
    path.write_text("n\n1\n")
    with pytest.raises(ExperimentError, match="instance of design"):
        ml.Experiment.from_toml(f"model = 'a:B'\n[design]\n{design.format(path)}")


def test_code_is_imported_by_name_in_few_places():
    """Whoever imports by a name that a user gave goes through `references.import_code` or `load_model`."""
    root = Path(code_permission.__file__).parents[1]
    found = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if re.search(
            r"\bimport_module\(|exec_module\(|__import__\(|\beval\(|\bexec\(", path.read_text("utf-8")
        )
    }
    by_their_own_names = {
        "__init__.py",
        "app/quick_imports.py",
        "study/__init__.py",
        "search/engines/__init__.py",
        "search/import_ahead.py",  # what our methods import later anyway
        "running/backends/cluster_connection.py",
        "processing/analysis/sensitivity/salib_adapter.py",
        "processing/analysis/smooth_surface.py",
        "running/confinement/begin.py",  # the module of Mesa Lab that a confined process is for
        "running/confinement/forking.py",
    }
    assert found - by_their_own_names == {
        "preparation/models/files.py",
        "preparation/models/references.py",
        "viewing/author_pictures.py",  # the app beside a model that may be loaded, in the viewer's process
    }
