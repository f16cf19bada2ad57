from pathlib import Path

import mesa.examples
import pytest

from mesa_lab.preparation.models import REQUIRED, load_model, signature

FIXTURES = Path(__file__).parents[2] / "fixtures"


def takes(name, file="odd_models"):
    return signature(load_model(f"{FIXTURES}/{file}.py:{name}"))


@pytest.mark.parametrize("name", mesa.examples.__all__)
def test_no_bundled_model_shows_its_seed(name):
    names = set(signature(getattr(mesa.examples, name)).parameters)
    assert names
    assert not names & {"seed", "rng", "scenario", "simulator", "model", "scenario_id"}


SEEDS = {
    "Typed": "rng",
    "SeedKeyword": "seed",
    "BothSeeds": "rng",
    "Seedless": None,
    "Bare": "rng",
    "Forwarding": "rng",
    "Inheriting": "seed",
    "AnyKeyword": None,
    "AsDataclass": "rng",
}


@pytest.mark.parametrize("name", SEEDS)
def test_seed_keywords(name):
    assert takes(name).seed_keyword == SEEDS[name]


NAMES = {
    "BothSeeds": [],
    "Bare": [],
    "Forwarding": ["n", "width", "height"],
    "Inheriting": ["n"],
    "PositionalOnly": ["n", "m", "k"],
    "AsDataclass": ["n", "weights"],
    "Scenery": ["scenario"],
    "AnyKeyword": ["n"],
}


@pytest.mark.parametrize("name", NAMES)
def test_names(name):
    assert list(takes(name).parameters) == NAMES[name]
    assert takes(name).accepts_any is (name == "AnyKeyword")


TOWN = ["people", "share", "layout", "mode", "notes", "plain"]


@pytest.mark.parametrize(
    ("name", "scenario", "names"),
    [
        ("Town", "TownScenario", ["width", *TOWN]),
        ("ByCode", "TownScenario", TOWN),
        ("ByClass", "TownScenario", TOWN),
        ("ByObject", "TownScenario", TOWN),
        ("ByModule", "TownScenario", TOWN),
        ("City", "CityScenario", ["plain", *TOWN[:-1], "trams"]),
    ],
)
def test_scenarios(name, scenario, names):
    found = takes(name, "scenario_models")
    assert found.scenario_class.__name__ == scenario
    assert found.seed_keyword == "scenario"
    assert list(found.parameters) == names


def test_fields_of_scenarios():
    found = takes("City", "scenario_models").parameters
    assert found["people"].default == 1000
    assert found["people"].belongs_to == "scenario"
    assert found["people"].doc == "How many live there"
    assert found["plain"].belongs_to == "keyword"
    assert found["trams"].default is REQUIRED
    assert found["layout"].choices == ("RING", "GRID")
    assert found["mode"].choices == ("x", "y")
    assert found["notes"].type == "OrderedDict | None"
    assert takes("ByObject", "scenario_models").parameters["people"].default == 77


def test_a_scenario_with_undeclared_fields():
    found = signature(load_model(f"{FIXTURES}/open_scenario.py:Open"))
    assert list(found.parameters) == ["width"]
    assert found.accepts_any
    assert found.seed_keyword == "scenario"


def test_signatures_are_remembered():
    assert signature(mesa.examples.Schelling) is signature(mesa.examples.Schelling)
