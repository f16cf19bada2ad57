import re
import subprocess
import sys
import textwrap
from pathlib import Path

import mesa
import pytest
from mesa.examples import Schelling

from mesa_lab.errors import ModelError
from mesa_lab.preparation.models import importable, load_model, reference_of

FIXTURES = Path(__file__).parents[2] / "fixtures"
ODD = f"{FIXTURES}/odd_models.py"


class Local(mesa.Model):
    pass


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty current folder, with the import system put back afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


MODEL = """
    import mesa

    class Town(mesa.Model):
        '''A town.'''
"""


def error(reference):
    with pytest.raises(ModelError) as caught:
        load_model(reference)
    return str(caught.value)


def test_a_class_is_its_own_reference():
    assert load_model(Schelling) is Schelling


@pytest.mark.parametrize(
    "reference",
    ["mesa.examples:Schelling", "mesa.examples.basic.schelling.model:Schelling", " mesa.examples:Schelling "],
)
def test_a_module_and_a_class(reference):
    assert load_model(reference) is Schelling


def test_a_module_with_one_model_needs_no_class():
    assert load_model("mesa.examples.basic.schelling.model") is Schelling


def test_a_class_in_a_class():
    inner = load_model(f"{ODD}:Outer.Inner")
    assert inner.__name__ == "Inner"
    assert load_model(reference_of(inner)) is inner


def test_a_class_of_the_main_module(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "Local", Local, raising=False)
    assert load_model("__main__:Local") is Local


def test_bundled_models_have_short_references():
    assert reference_of(Schelling) == "mesa.examples:Schelling"


def test_references_are_left_as_they_are():
    assert reference_of(" nowhere.at.all:Model ") == "nowhere.at.all:Model"


def test_a_class_of_a_script_has_a_reference_that_only_its_process_understands(monkeypatch):
    monkeypatch.setattr(Local, "__module__", "__main__")
    assert reference_of(Local) == "__main__:Local"
    assert not importable("__main__:Local")


def test_a_class_in_a_function_is_not_importable():
    class Hidden(mesa.Model):
        pass

    assert not importable(reference_of(Hidden))
    assert "defined inside a function" in error(f"{__name__}:f.<locals>.Hidden")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("mesa.examples:Schelling", True),
        ("mesa.examples.basic.schelling.model:Schelling", True),
        ("mesa.examples.advanced.alliance_formation.model:MultiLevelAllianceModel", True),
        (f"{ODD}:Typed", True),
        (f"{ODD}x.py:Typed", False),
        ("mesa.nowhere:Schelling", False),
        ("nowhere:Schelling", False),
        ("", False),
    ],
)
def test_importable(reference, expected):
    assert importable(reference) is expected


def test_importable_imports_nothing():
    code = "from mesa_lab.preparation.models import importable as i; import sys; i('mesa.examples:X'); print('mesa' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_a_module_in_the_current_folder(here):
    write(here / "my_town_module.py", MODEL)
    assert load_model("my_town_module:Town").__doc__ == "A town."


# Mistakes: what is wrong, the value, the fix.


@pytest.mark.parametrize("reference", ["", "  ", None, 5])
def test_nothing_is_no_model(reference):
    assert "names no model. Write 'package.module:Class'" in error(reference)


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("x" * 5000, "is too long for a file"),
        ("x" * 254, "is too long for a file"),
        ("x" * 5000 + ":M", "is too long for a file"),
        ("m." * 3000 + "x:M", "is too long for a file"),
        ("x" * 5000 + ".py:M", "is too long for a file"),
        ("a/" + "x" * 5000, "is too long for a file"),
        ("a\0b", "there is a character in it that no name may have"),
        ("~nobody_here/x.py:M", "there is no such user here. Write the whole path"),
        ("~nobody_here/x", "there is no such user here"),
    ],
    ids=range(9),
)
def test_what_no_file_can_be_called(reference, sentence):
    assert sentence in error(reference)


def test_a_misspelt_class():
    message = error("mesa.examples:Shelling")
    assert "No model 'Shelling' in 'mesa.examples'. Did you mean 'Schelling'?" in message
    assert "BoidFlockers, BoltzmannWealth" in message


def test_a_misspelt_module():
    assert "No module 'exampels' in 'mesa'. Did you mean 'examples'?" in error("mesa.exampels:Schelling")
    assert "No module 'mesaa'. Did you mean 'mesa'" in error("mesaa.examples:Schelling")
    assert "No module 'modle' in 'mesa.examples.basic.schelling'. Did you mean 'model'?" in error(
        "mesa.examples.basic.schelling.modle:Schelling"
    )


def test_the_bare_name_of_a_bundled_model():
    assert "Did you mean 'mesa.examples:Schelling'?" in error("schelling")


def test_no_module_and_no_file():
    assert "'a b:c'" not in error("a b:c")
    assert "'a b' is no module and no file. Write 'package.module:Class'" in error("a b:c")


def test_a_class_that_is_no_model():
    assert "is a class but no Mesa model: it does not inherit from mesa.Model" in error(f"{ODD}:Walker")
    assert "'int' is a class but no Mesa model" in error(int)


def test_something_that_is_no_class():
    assert "NOT_A_CLASS' is no class but 5" in error(f"{ODD}:NOT_A_CLASS")


def test_the_base_class_itself():
    assert "mesa.Model itself is no model to run" in error("mesa:Model")


def test_several_models_and_no_class():
    message = error(ODD)
    assert "holds several Mesa models: AnyKeyword, AsDataclass, " in message
    assert f"Name one: '{ODD}:AnyKeyword'" in message


def test_no_model_at_all():
    assert "'json' holds no Mesa model" in error("json")


def test_a_misspelt_file(here):
    write(here / "town.py", MODEL)
    assert f"No file 'twon.py' (looked in {here}). Did you mean 'town.py'?" in error("twon.py:Town")
    assert "No file './twon' " in error("./twon")


def test_a_folder_that_is_not_there():
    assert "No file 'nowhere/town.py': there is no folder 'nowhere'" in error("nowhere/town.py:Town")


def test_a_folder(here):
    write(here / "towns" / "town.py", MODEL)
    assert "'./towns' is a folder. Name a file in it: town.py." in error("./towns")


def test_a_file_that_is_no_python(here):
    (here / "town.ipynb").write_text("{}")
    assert "'town.ipynb' is no Python file" in error("town.ipynb")


def test_a_syntax_error(here):
    write(here / "town.py", "import mesa\nclass Town(mesa.Model:\n    pass\n")
    message = error("town.py:Town")
    assert message.startswith("'town.py' cannot be read: ")
    assert "(town.py, line 2: class Town(mesa.Model:)" in message


def test_a_syntax_error_in_a_neighbour(here):
    write(here / "town.py", "from broken_neighbour import *\n")
    write(here / "broken_neighbour.py", "x = = 1\n")
    assert "broken_neighbour.py, line 1: x = = 1" in error("town.py")


def test_a_file_that_raises(here):
    write(here / "town.py", "import mesa\n\n1 / 0\n")
    assert (
        error("town.py:Town") == "'town.py' cannot be imported (line 3): ZeroDivisionError: division by zero"
    )


def test_a_file_that_leaves(here):
    write(here / "town.py", "import sys\nsys.exit('no display')\n")
    message = error("town.py:Town")
    assert (
        "cannot be imported (line 2): it ends the program while it is imported (SystemExit: no display)"
        in message
    )
    assert 'if __name__ == "__main__":' in message


def test_a_file_that_needs_what_is_not_installed(here):
    write(here / "town.py", "import not_installed_anywhere\n")
    message = error("town.py:Town")
    assert "'town.py' cannot be imported (line 1): it needs the module 'not_installed_anywhere'" in message
    assert "Install it" in message


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("from mesa.experimental.cell_space import CellAgent", "no module 'mesa.experimental.cell_space'.*is mesa.discrete_space now"),
        ("from mesa.time import RandomActivation", "no 'RandomActivation' in 'mesa.time'.*shuffle_do"),
        ("from mesa import BatchRunner", "no 'BatchRunner' in 'mesa'.*leave the import out"),
        ("from mesa.visualization.modules import ChartModule", "Mesa 2.4 was the last with it. Pages are made by mesa.visualization.SolaraViz"),
        ("from mesa.space import Pond", "no 'Pond' in 'mesa.space': the model was written for another release. What has changed"),
        ("import mesa.lakes", "no module 'mesa.lakes': the model was written for another release. What has changed"),
        ("import argparse; p = argparse.ArgumentParser(); p.add_argument('x'); p.parse_args(['--no'])", "SystemExit: 2.*__main__"),
        ("numbers = open('data/n.txt').read()", "opens the file 'data/n.txt', which is not there. There is no folder 'data' in .*Path\\(__file__\\)"),
        ("numbers = open('/nowhere/n.txt').read()", "reads the file '/nowhere/n.txt', which is not there"),
    ],
)  # fmt: skip
def test_what_an_import_lacks_is_said_with_the_fix(here, capsys, line, said):
    write(here / "town.py", f"import mesa\n{line}\nclass Town(mesa.Model):\n    pass\n")
    message = error("town.py:Town")
    assert message.startswith("'town.py' cannot be imported (line 2): ")
    assert re.search(said, message), message


def test_a_module_that_needs_what_is_not_installed(here):
    write(here / "needy_town_module.py", "import not_installed_anywhere\n")
    assert "'needy_town_module' cannot be imported: it needs the module" in error("needy_town_module:Town")


def test_a_failed_file_can_be_mended(here):
    write(here / "town.py", "from town_parts import missing\n")
    write(here / "town_parts.py", "there = 1\n")
    assert "ImportError: cannot import name 'missing'" in error("town.py:Town")
    write(here / "town.py", MODEL + "\n    from town_parts import missing\n")
    write(here / "town_parts.py", "missing = 1\n")
    assert load_model("town.py:Town").__name__ == "Town"
