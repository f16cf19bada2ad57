import importlib
import subprocess
import sys

import mesa.examples
import pytest

from mesa_lab.preparation.models import installed_models, load_model


def test_all_models_of_mesa_are_listed():
    entries = installed_models()
    assert [entry.name for entry in entries] == sorted(mesa.examples.__all__)
    assert {entry.source for entry in entries} == {"mesa.examples"}


@pytest.mark.parametrize("name", mesa.examples.__all__)
def test_entries_lead_to_models(name):
    [entry] = [entry for entry in installed_models() if entry.name == name]
    assert load_model(entry.reference) is getattr(mesa.examples, name)
    assert entry.problem == ""
    assert len(entry.summary) > 10


def test_listing_imports_nothing():
    code = (
        "from mesa_lab.preparation.models import installed_models; import sys;"
        "print(len(installed_models()), 'mesa' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["10", "False"]


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """A package that registers models, good ones and broken ones."""
    package = tmp_path / "village"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from .model import Village as Town\nraise RuntimeError('imported')\n"
    )
    (package / "model.py").write_text("class Village:\n    '''A village. With houses.'''\n")
    (package / "made.py").write_text("Made = type('Made', (), {})\n")
    (package / "broken.py").write_text("class = 5\n")
    info = tmp_path / "village-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: village\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[mesa_lab.models]\n"
        "Direct = village.model:Village\n"
        "Exported = village:Town\n"
        "Made = village.made:Made\n"
        "NoClass = village.model\n"
        "WrongClass = village.model:Hamlet\n"
        "WrongModule = hamlet.model:Hamlet\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return {entry.name: entry for entry in installed_models() if entry.source == "village"}


@pytest.mark.parametrize(
    ("name", "reference", "summary", "problem"),
    [
        ("Direct", "village.model:Village", "A village.", ""),
        ("Exported", "village:Town", "A village.", ""),
        ("Made", "village.made:Made", "", ""),
        ("NoClass", "village.model", "", "'village.model' is no 'package.module:Class'."),
        ("WrongClass", "village.model:Hamlet", "", "No class 'Hamlet' in 'village.model'."),
        ("WrongModule", "hamlet.model:Hamlet", "", "No module 'hamlet.model'."),
    ],
)
def test_registered_models_are_listed_without_being_imported(plugins, name, reference, summary, problem):
    entry = plugins[name]
    assert (entry.reference, entry.summary, entry.problem) == (reference, summary, problem)
    assert "village" not in sys.modules
