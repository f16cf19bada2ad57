"""Models of earlier Mesa releases are told what took the place of what they use."""

import re
import sys

import mesa
import pytest

import mesa_lab as ml
from mesa_lab.errors import ModelError
from mesa_lab.preparation.models import describe

TOWN = "import mesa\n{}\nclass Town(mesa.Model):\n    def __init__(self, n=2, rng=None):\n        super().__init__(rng=rng)\n        {}\n"


@pytest.fixture
def town(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write(head="", line="pass"):
        file = tmp_path / f"town{len(list(tmp_path.iterdir()))}.py"
        file.write_text(TOWN.format(head, line))
        return f"{file}:Town"

    return write


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "from mesa.time import RandomActivation",
            r"Mesa 3\.0 was the last with it\. Instead of schedule\.step\(\)",
        ),
        (
            "from mesa.experimental.cell_space import Cell",
            r"Mesa 3\.3 was the last with it\. It is mesa\.discrete_space now",
        ),
        ("from mesa.flat import MultiGrid", r"Mesa 2\.4 was the last with it\. Import from the modules"),
        ("from mesa.visualization.modules import CanvasGrid", r"Mesa 2\.4 .* the model itself needs none"),
        (
            "from mesa.datacollection import Nothing",
            "no 'Nothing' in 'mesa.datacollection': the model was written for another",
        ),
    ],
)
def test_an_import_of_what_is_no_more(town, line, said):
    with pytest.raises(
        ModelError, match=rf"cannot be imported \(line 2\): the installed Mesa, .*{said}.*migration_guide"
    ):
        describe(town(line))


AGENT = "class Cat(mesa.Agent):\n    def __init__(self, unique_id, model):\n        super().__init__(unique_id, model)\n"


@pytest.mark.parametrize(
    ("head", "line", "said"),
    [
        (
            "",
            "self.schedule.add(1)",
            r"Models had 'schedule' until Mesa 2\.4.*steps are counted by self\.steps",
        ),
        ("", "self.next_id()", r"'next_id' until Mesa 2\.4.*unique_id by themselves"),
        ("", "self.initialize_data_collector({})", r"until Mesa 3\.0.*Instead: self\.datacollector"),
        ("", "mesa.time.RandomActivation(self)", r"RandomActivation"),
        (AGENT, "Cat(1, self)", r"Agents took a unique_id until Mesa 2\.4"),
    ],
)
def test_what_is_no_more_when_it_is_built(town, head, line, said):
    reference = town(head, line)
    assert any(re.search(said, problem) for problem in describe(reference).problems)
    results = ml.run(ml.Experiment(reference, max_steps=1), progress=False, backend="sequential")
    assert results.failures["message"].str.contains(said).all()


def test_an_error_of_the_models_own_is_not_explained_so(town):
    (problem,) = [each for each in describe(town("", "self.shedule.add(1)")).problems if "built" in each]
    assert "migration" not in problem


def test_what_is_peculiar_about_a_model_is_said(town):
    members = "def step(self): self.steps += 1\n    def run_model(self):\n        self.step()\n        self.save('x')\n    def run_for(self, n): pass"
    file = town("", f"pass\n    {members}")
    said = " ".join(describe(file).problems)
    assert "What else run_model does (save) belongs into" in said
    assert "run_for of its own, which is not called" in said
    assert "It sets steps itself" in said
    plain = "def run_model(self, n=10):\n        for _ in range(n): self.step()"
    assert "run_model" not in " ".join(describe(town("", f"pass\n    {plain}")).problems)
    sets = f"{plain}\n        self.running = False\n        self.closed = True"
    said = " ".join(describe(town("", f"pass\n    {sets}")).problems)
    assert "What else run_model does (self.closed = …) belongs into" in said


def test_a_model_that_takes_long_to_build_is_read_from_its_code(town):
    slow = "import time\n        self.datacollector = mesa.DataCollector({'Cats': 'n'}, agent_reporters={'age': 'age'})\n        for _ in range(9_999): time.sleep(0.01)"
    description = describe(town("", slow), seconds=0.3)
    assert "takes more than 0.3 s" in " ".join(description.problems)
    assert (description.model_reporters, description.agent_reporters) == (("Cats",), ("age",))
    assert describe(town("", slow), seconds=0).model_reporters == ("Cats",)


def test_the_documentation_of_a_notebook_is_not_that_of_a_model(monkeypatch):
    class Here(mesa.Model):
        pass

    monkeypatch.setattr(sys.modules[__name__], "__file__", None)
    assert describe(Here).doc == ""
