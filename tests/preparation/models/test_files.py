import os
import pickle
import sys
import textwrap
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.errors import ModelError
from mesa_lab.preparation.models import files, importable, load_model, reference_of

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


def write(path, text, age=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    stamp = path.stat().st_mtime_ns - age * 10**9
    os.utime(path, ns=(stamp, stamp))


MODEL = "import mesa\n\nclass Town(mesa.Model):\n    '''{0}'''\n"


def test_neighbours_of_one_name_are_kept_apart():
    herd = load_model(f"{FIXTURES}/herd/model.py:Herd")
    flock = load_model(f"{FIXTURES}/flock/model.py:Flock")
    assert [kind.__name__ for kind in herd(rng=1).agent_types] == ["Sheep"]
    assert [kind.__name__ for kind in flock(rng=1).agent_types] == ["Bird"]
    assert load_model(f"{FIXTURES}/herd/model.py") is herd


def test_absolute_imports_of_one_name_are_kept_apart(here):
    for place in ("north", "south"):
        write(
            here / place / "model.py",
            "from agents import PLACE\n" + MODEL.format(place) + "    place = PLACE\n",
        )
        write(here / place / "agents.py", f"PLACE = '{place}'\n")
    assert load_model("north/model.py").place == "north"
    assert load_model("south/model.py").place == "south"
    assert load_model("north/model.py").place == "north"


def test_foreign_modules_of_a_neighbours_name_stay(here, monkeypatch):
    foreign = type(sys)("town_parts")
    foreign.__file__ = "/elsewhere/town_parts.py"
    monkeypatch.setitem(sys.modules, "town_parts", foreign)
    write(here / "model.py", "from town_parts import PLACE\n" + MODEL.format("x") + "    place = PLACE\n")
    write(here / "town_parts.py", "PLACE = 'here'\n")
    assert load_model("model.py").place == "here"
    assert sys.modules["town_parts"] is foreign


def test_imports_inside_methods_find_neighbours():
    assert load_model(f"{FIXTURES}/herd/model.py")(rng=1).shepherd().__name__ == "Dog"


def test_the_folder_hides_nothing(here):
    write(here / "town.py", MODEL.format("A town."))
    load_model("town.py")
    assert sys.path[0] != str(here)
    assert str(here) in sys.path


def test_repeated_loads_give_the_same_class(here):
    write(here / "town.py", MODEL.format("A town."))
    first = load_model("town.py:Town")
    assert load_model(str(here / "town.py")) is first
    assert load_model("../" + here.name + "/town.py") is first


def test_an_edited_file_is_read_again(here):
    write(here / "town.py", MODEL.format("Old."), age=5)
    old = load_model("town.py")
    write(here / "town.py", MODEL.format("New."))
    assert old.__doc__ == "Old."
    assert load_model("town.py").__doc__ == "New."


def test_an_edited_neighbour_is_read_again(here):
    write(here / "town.py", "from parts_of_town import DOC\n" + MODEL.format("") + "    __doc__ = DOC\n")
    write(here / "parts_of_town.py", "DOC = 'Old.'\n", age=5)
    assert load_model("town.py").__doc__ == "Old."
    write(here / "parts_of_town.py", "DOC = 'New one.'\n")
    assert load_model("town.py").__doc__ == "New one."


@pytest.mark.parametrize("name", ["01-model.py", "model.v2.py", "my town.py"])
def test_names_that_are_no_module_names(here, name):
    write(here / name, MODEL.format("A town."))
    assert load_model(f"{name}:Town").__doc__ == "A town."


def test_a_file_in_a_package_imports_relatively(here):
    write(here / "county" / "__init__.py", "")
    write(here / "county" / "common.py", "DOC = 'A town in a county.'\n")
    write(here / "county" / "towns" / "__init__.py", "")
    write(
        here / "county" / "towns" / "town.py",
        "from ..common import DOC\n" + MODEL.format("") + "    __doc__ = DOC\n",
    )
    model = load_model("county/towns/town.py:Town")
    assert model.__doc__ == "A town in a county."
    assert reference_of(model) == "county/towns/town.py:Town"


def test_a_file_in_a_package_that_imports_it(here):
    write(here / "shire" / "__init__.py", "from .town import Town\n")
    write(here / "shire" / "town.py", MODEL.format("A town."))
    model = load_model("shire/town.py:Town")
    assert sys.modules[model.__module__].Town is model


def test_a_file_of_an_importable_package_is_that_package(here, monkeypatch):
    write(here / "province" / "__init__.py", "")
    write(here / "province" / "town.py", MODEL.format("A town."))
    monkeypatch.syspath_prepend(here)
    import province.town

    assert load_model("province/town.py") is province.town.Town


def test_a_model_that_a_file_takes_from_its_neighbour(here):
    write(here / "run.py", "from the_town import Town\n")
    write(here / "the_town.py", MODEL.format("A town."))
    model = load_model("run.py:Town")
    assert reference_of(model) == "run.py:Town"
    assert load_model("run.py") is model


def test_a_model_that_a_file_takes_from_a_package_belongs_to_the_package(here):
    write(here / "run.py", "from mesa.examples import Schelling\n")
    assert reference_of(load_model("run.py")) == "mesa.examples:Schelling"


def test_references_are_relative_to_the_current_folder(here, monkeypatch, tmp_path_factory):
    write(here / "models" / "town.py", MODEL.format("A town."))
    model = load_model(str(here / "models" / "town.py"))
    assert reference_of(model) == "models/town.py:Town"
    assert importable("models/town.py:Town")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert reference_of(model) == f"{here.as_posix()}/models/town.py:Town"


def test_classes_from_files_can_be_pickled(here):
    write(here / "town.py", MODEL.format("A town."))
    model = load_model("town.py")
    assert pickle.loads(pickle.dumps(model)) is model


def test_a_folder_with_the_whole_environment_below_it_keeps_its_modules(here):
    write(here / "venv" / "lib" / "site-packages" / "library_of_town.py", "X = 1\n")
    sys.path.append(str(here / "venv" / "lib" / "site-packages"))
    write(here / "town.py", "import library_of_town\n" + MODEL.format("Old."), age=5)
    load_model("town.py")
    library = sys.modules["library_of_town"]
    write(here / "town.py", "import library_of_town\n" + MODEL.format("New."))
    assert load_model("town.py").__doc__ == "New."
    assert sys.modules["library_of_town"] is library


AGENTS = "import mesa\n\nclass Cat(mesa.Agent):\n    pass\n"
PETS = """
{}

import mesa

class Pets(mesa.Model):
    def __init__(self, n=3, rng=None):
        super().__init__(rng=rng)
        for _ in range(n):
            {}(self)

    def step(self):
        self.total = len(self.agents)
"""
LAYOUTS = {
    "src without packages": (
        "src/app/model.py",
        "src/app/agents.py",
        "from src.app.agents import Cat",
        "Cat",
    ),
    "root is a package too": ("abm/model.py", "abm/agents.py", "from abm.agents import Cat", "Cat"),
    "folder called as the file": (
        "model/model.py",
        "model/agents.py",
        "import model.agents",
        "model.agents.Cat",
    ),
    "the same by from": ("model/model.py", "model/agents.py", "from model import agents", "agents.Cat"),
    "a module of another folder": ("models/pets.py", "agents/cats.py", "from agents.cats import Cat", "Cat"),
    "far below": ("a/b/c/model.py", "a/kinds/cat.py", "from a.kinds import cat", "cat.Cat"),
    "package below src": ("scripts/model.py", "src/petshop/cats.py", "from petshop.cats import Cat", "Cat"),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_file_may_import_from_the_root_of_its_project(here, name):
    file, agents, line, kind = LAYOUTS[name]
    for place in ("first", "second"):
        write(here / place / file, PETS.format(line, kind))
        write(here / place / agents, AGENTS + f"\nPLACE = '{place}'\n")
        if name == "root is a package too":
            write(here / place / "__init__.py", "")
            write(here / place / "abm" / "__init__.py", "")
    for place in ("first", "second", "first"):
        model = load_model(f"{place}/{file}:Pets")
        agents_of = sys.modules[next(iter(model(rng=1).agents)).__module__]
        assert agents_of.__file__ == str(here / place / agents)
        assert reference_of(model) == f"{place}/{file}:Pets"


def test_an_edited_module_of_the_project_is_read_again(here):
    write(here / "app/core/model.py", PETS.format("from app.core.agents import Cat", "Cat"), age=9)
    write(here / "app/core/agents.py", AGENTS, age=9)
    before = load_model("app/core/model.py:Pets")
    assert load_model("app/core/model.py:Pets") is before
    write(here / "app/core/agents.py", AGENTS + "\nAGE = 3\n")
    assert load_model("app/core/model.py:Pets") is not before
    assert sys.modules["app.core.agents"].AGE == 3


def test_what_no_folder_above_holds_is_named(here):
    write(here / "app/core/model.py", PETS.format("from nowhere.agents import Cat", "Cat"))
    with pytest.raises(ModelError, match="needs the module 'nowhere', which was not found"):
        load_model("app/core/model.py:Pets")
    assert not [name for name in sys.modules if name.startswith(("app.core.", "nowhere"))]


def test_workers_find_the_modules_of_a_project(here, tmp_path):
    write(here / "model/model.py", PETS.format("import model.agents", "model.agents.Cat"))
    write(here / "model/agents.py", AGENTS)
    experiment = ml.Experiment("model/model.py:Pets", {"n": [1, 2]}, max_steps=2, outcomes=["total"])
    results = ml.run(experiment, here / "pets.study", n_jobs=2, progress=False)
    assert results.runs["total"].tolist() == [1, 2]


def test_each_module_is_looked_at_once_however_many_projects_there_are(here, monkeypatch):
    asked = []
    places = files._places_of_folder
    monkeypatch.setattr(files, "_places_of_folder", lambda name: asked.append(name) or places(name))
    for number in range(20):
        write(here / str(number) / "app/model.py", PETS.format("from app.agents import Cat", "Cat"))
        write(here / str(number) / "app/agents.py", AGENTS)
        asked.clear()
        load_model(f"{number}/app/model.py:Pets")
    assert 0 < len(asked) < 3 * len(sys.modules)


def test_what_a_model_imported_while_it_ran_is_its_own(here):
    late = PETS.format("", "__import__('app.late', fromlist=['Cat']).Cat")
    for place in ("first", "second"):
        write(here / place / "app/model.py", "from app.early import AGE\n" + late)
        write(here / place / "app/early.py", "AGE = 1\n")
        write(here / place / "app/late.py", AGENTS)
    for place in ("first", "second"):
        model = load_model(f"{place}/app/model.py:Pets")
        model(rng=1)
        assert sys.modules["app.late"].__file__ == str(here / place / "app/late.py")
