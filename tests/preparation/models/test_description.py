import random
from pathlib import Path

import mesa.examples
import numpy as np
import pytest

from mesa_lab.errors import ModelError, OutcomeError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.experiment_file.template import template
from mesa_lab.preparation.models import describe

FIXTURES = Path(__file__).parents[2] / "fixtures"
ODD = f"{FIXTURES}/odd_models.py"


@pytest.mark.parametrize("name", mesa.examples.__all__)
def test_bundled_models(name):
    description = describe(f"mesa.examples:{name}")
    assert description == describe(getattr(mesa.examples, name))
    assert description.name == name
    assert description.reference == f"mesa.examples:{name}"
    assert description.summary
    assert description.doc.startswith(description.summary[:10])
    assert description.problems == ()
    assert description.agent_types
    assert description.seed_keyword in {"rng", "scenario"}


REPORTERS = {
    "BoidFlockers": ((), ()),
    "BoltzmannWealth": (("Gini",), ("Wealth",)),
    "ConwaysGameOfLife": ((), ()),
    "EpsteinCivilViolence": (("active", "quiet", "arrested"), ("jail_sentence", "arrest_probability")),
    "MultiLevelAllianceModel": (("Network",), ()),
    "PdGrid": (("Cooperating_Agents",), ()),
    "Schelling": (("happy", "pct_happy", "population", "minority_pct"), ("agent_type",)),
    "SugarscapeG1mt": (("#Traders", "Trade Volume", "Price"), ("Trade Network",)),
    "VirusOnNetwork": (("Infected", "Susceptible", "Resistant", "R over S"), ()),
    "WolfSheep": (("Wolves", "Sheep", "Grass"), ()),
}


@pytest.mark.parametrize("name", REPORTERS)
def test_reporters_of_bundled_models(name):
    description = describe(f"mesa.examples:{name}")
    assert (description.model_reporters, description.agent_reporters) == REPORTERS[name]


def test_a_data_collector_of_another_name():
    description = describe(f"{ODD}:Reporting")
    assert description.model_reporters == ("Agents",)
    assert description.agent_reporters == ("Energy",)
    assert description.agenttype_reporters == {"Walker": ("Twice",)}
    assert description.agent_types == ("Walker",)


def test_the_reference_names_the_class():
    assert describe(f"{FIXTURES}/herd/model.py").reference.endswith("herd/model.py:Herd")
    assert describe(f"{ODD}:Typed").reference == f"{ODD}:Typed"


class Silent(mesa.Model):
    """Counts, and tells nothing."""

    def __init__(self, n=1, rng=None):
        super().__init__(rng=rng)
        self.served, self._hidden, self.label = 0, 1, "desk"


def test_a_model_that_reports_nothing_says_what_could_be_measured():
    (problem,) = describe(Silent).problems
    assert "no model reporters and starts without agents" in problem
    assert problem.endswith("outcomes=['served'].")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Failing", "It cannot be built with its defaults: ValueError: n must be positive"),
        ("Needy", "It cannot be built with its defaults: it needs a value for n."),
        ("Leaving", "It cannot be built with its defaults: SystemExit: 3"),
        ("Seedless", "Seedless takes neither seed nor rng."),
        ("AnyKeyword", "It takes any keyword, so that a misspelt parameter is not noticed."),
    ],
)
def test_problems_are_told_and_not_raised(name, problem):
    description = describe(f"{ODD}:{name}")
    assert any(line.startswith(problem) for line in description.problems)
    assert description.model_reporters == ()


def test_a_model_that_never_calls_its_base_class():
    description = describe(f"{ODD}:Forgetful")
    assert description.agent_types == ()
    assert [info.name for info in description.parameters] == ["n"]


def test_nothing_shows_and_nothing_changes(capfd):
    random.seed(3)
    np.random.seed(3)
    expected = random.Random(3).random(), np.random.RandomState(3).random()
    describe(f"{ODD}:Loud")
    assert (random.random(), np.random.random()) == expected
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("Typed", "A model with a hint of every kind."),
        ("Untyped", ""),  # the text of a module with several models is about none of them
    ],
)
def test_summaries(name, summary):
    assert describe(f"{ODD}:{name}").summary == summary


def test_a_class_that_is_not_there():
    with pytest.raises(ModelError, match="Did you mean 'Typed'"):
        describe(f"{ODD}:Tpyed")


MOSS = """
import mesa
import numpy as np
from mesa.discrete_space import {grid}, PropertyLayer

class Moss(mesa.Model):
    def __init__(self, size=4, rng=None):
        super().__init__(rng=rng)
        self.size, self.dry, self.map = size, 0, np.zeros(3)
        self.grid = {grid}((size, size), random=self.random)
        self.grid.create_property_layer("moss", default_value=1.0)
        self.grid.create_property_layer("wet", default_value=False, dtype=bool)
        {more}
"""


@pytest.mark.parametrize("grid", ["HexGrid", "OrthogonalVonNeumannGrid"])
def test_layers_and_numbers_are_named_as_outcomes(tmp_path, monkeypatch, grid):
    """Those of a model without reporters or agents, of one with agents, and of one with reporters."""
    monkeypatch.chdir(tmp_path)
    layers = ("mean(layer(moss))", "share(layer(wet))")

    def described(more):
        Path("moss.py").write_text(MOSS.format(grid=grid, more=more))
        return describe("moss.py:Moss")

    alone = described("pass")
    assert alone.layers == layers
    assert alone.numbers == ("dry",)
    assert alone.outcomes() == ["dry", *layers]
    assert alone.problems[0].endswith(
        f"attributes or property layers of the model: outcomes={['dry', *layers]}."
    )
    assert (
        'outcomes = ["dry", "mean(layer(moss))", "share(layer(wet))"]   # the model'
        in template(alone).split("#", 2)[2]
    )
    assert described("mesa.Agent(self)").outcomes() == ["count(Agent)", "dry", *layers]
    reporting = described("self.dc = mesa.DataCollector({'k': 'dry'}, tables={'Log': ['x']})")
    assert reporting.outcomes() == ["k", *layers]
    assert reporting.tables == ("Log",)
    assert '\n# outcomes = ["k", "mean(layer(moss))", "share(layer(wet))"]   # without' in template(reporting)
    with pytest.raises(
        OutcomeError, match=r"Moss reports: k\. Of its property layers: mean\(layer\(moss\)\), share"
    ):
        Experiment("moss.py:Moss", outcomes=["mos"]).check()
    Experiment("moss.py:Moss", outcomes=reporting.outcomes()).check()
