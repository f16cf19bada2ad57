from pathlib import Path

import mesa.examples
import pytest

from mesa_lab.preparation.models import REQUIRED, load_model, signature
from mesa_lab.preparation.parameters.space import Choice, Integer, Real

FIXTURES = Path(__file__).parents[2] / "fixtures"


def parameter(reference, name):
    model_cls = (
        load_model(reference) if ":" in reference else load_model(f"{FIXTURES}/odd_models.py:{reference}")
    )
    return signature(model_cls).parameters[name]


def range_of(info):
    return (info.kind, info.low, info.high, info.step, info.choices, info.suggested_by)


BY_HINT = {
    "colour": ("choice", None, None, None, ("RED", "BLUE"), "type hint"),
    "rule": ("choice", None, None, None, ("FAST", "SLOW"), "type hint"),
    "kind": ("choice", None, None, None, ("a", "b"), "type hint"),
    "member": ("choice", None, None, None, ("RED",), "type hint"),
    "size": ("choice", None, None, None, (1, 2, None), "type hint"),
    "on": ("choice", None, None, None, (False, True), "type hint"),
    "maybe": ("choice", None, None, None, (False, True, None), "type hint"),
    "count": ("integer", 1, 6, 1, None, "default"),
    "rate": ("real", 0.0, 1.0, None, None, "default"),
    "share": ("real", 1.25, 5.0, None, None, "default"),
    "number": ("real", 2.0, 8.0, None, None, "default"),
    "many": ("integer", 4, 16, 1, None, "default"),
    "later": ("fixed", None, None, None, None, "none"),
    "table": ("fixed", None, None, None, None, "none"),
    "names": ("fixed", None, None, None, None, "none"),
    "nothing": ("fixed", None, None, None, None, "none"),
}


@pytest.mark.parametrize("name", BY_HINT)
def test_hints(name):
    assert range_of(parameter("Typed", name)) == BY_HINT[name]


BY_DEFAULT = {
    "zero": ("integer", 0, 10),
    "one": ("integer", 1, 2),
    "large": ("integer", 25, 100),
    "negative": ("integer", -8, -2),
    "share": ("real", 0.0, 1.0),
    "real": ("real", 1.25, 5.0),
    "below": ("real", -1.0, 0.0),
    "infinite": ("fixed", None, None),
    "text": ("fixed", None, None),
    "payoffs": ("fixed", None, None),
}


@pytest.mark.parametrize("name", BY_DEFAULT)
def test_defaults(name):
    info = parameter("Untyped", name)
    assert (info.kind, info.low, info.high) == BY_DEFAULT[name]
    assert info.suggested_by == ("none" if info.kind == "fixed" else "default")


@pytest.mark.parametrize("reference", ["Typed", "Untyped"])
def test_a_default_lies_in_the_range_it_suggests(reference):
    for name in signature(load_model(f"{FIXTURES}/odd_models.py:{reference}")).parameters:
        info = parameter(reference, name)
        if info.low is not None:
            assert info.low <= info.default <= info.high
        if info.choices and info.default is not None:
            assert info.default in info.choices


BY_PAGE = {
    "sheep": ("integer", 1, 100, 1, None, "slider", "Number of sheep"),
    "growth": ("real", 0.0, 0.5, 0.05, None, "slider", "Growth"),
    "speed": ("real", 1, 9, None, None, "slider", "Speed"),
    "hours": ("integer", 0, 24, 2, None, "slider", "Hours"),
    "mood": ("choice", None, None, None, ("calm", "wild"), "slider", "Mood"),
    "fence": ("choice", None, None, None, (False, True), "slider", "Is there a fence?"),
    "flag": ("choice", None, None, None, ("calm", "wild", "asleep"), "slider", "Flag"),
    "depth": ("integer", 2, 10, 1, None, "default", "Depth"),
    "dog": ("fixed", None, None, None, None, "none", "Dog"),
}


@pytest.mark.parametrize("name", BY_PAGE)
def test_pages(name):
    info = parameter(f"{FIXTURES}/herd/model.py:Herd", name)
    assert (*range_of(info), info.label) == BY_PAGE[name]


def test_pages_one_folder_up_and_other_models_pages(tmp_path):
    (tmp_path / "town").mkdir()
    model = "import mesa\nclass {0}(mesa.Model):\n    def __init__(self, n=5, rng=None): pass\n"
    (tmp_path / "town" / "north.py").write_text(model.format("North"))
    (tmp_path / "town" / "south.py").write_text(model.format("South"))
    page = "from town.north import North\nSolaraViz(North(), model_params={'n': Slider('N', 5, 1, 99)})\n"
    (tmp_path / "app.py").write_text(page)
    (tmp_path / "town" / "app.py").write_text("a page that cannot be parsed: model_params North South")
    assert parameter(f"{tmp_path}/town/north.py:North", "n").high == 99
    assert parameter(f"{tmp_path}/town/south.py:South", "n").suggested_by == "default"


EXAMPLES = {
    ("BoidFlockers", "population_size"): Integer(10, 200, step=10),
    ("BoidFlockers", "speed"): Real(1, 20),
    ("BoidFlockers", "cohere"): Real(0.0, 1.0),
    ("ConwaysGameOfLife", "initial_fraction_alive"): Real(0, 1),
    ("EpsteinCivilViolence", "grid_type"): Choice(("Von Neumann", "Moore")),
    ("EpsteinCivilViolence", "width"): Integer(20, 80),
    ("EpsteinCivilViolence", "legitimacy"): Real(0.0, 1),
    ("MultiLevelAllianceModel", "n"): Integer(10, 100),
    ("PdGrid", "activation_order"): Choice(("Sequential", "Random", "Simultaneous")),
    ("PdGrid", "payoffs"): None,
    ("Schelling", "homophily"): Real(0.0, 1.0),
    ("SugarscapeG1mt", "enable_trade"): Choice((False, True)),
    ("VirusOnNetwork", "recovery_chance"): Real(0.0, 1.0),
    ("WolfSheep", "wolf_gain_from_food"): Real(1, 50),
    ("WolfSheep", "grass_regrowth_time"): Integer(1, 50),
}


@pytest.mark.parametrize(("model", "name"), EXAMPLES)
def test_suggestions_are_parameters(model, name):
    assert parameter(f"mesa.examples:{model}", name).suggest() == EXAMPLES[model, name]


@pytest.mark.parametrize("name", mesa.examples.__all__)
def test_every_suggestion_of_a_bundled_model_is_valid(name):
    for info in signature(getattr(mesa.examples, name)).parameters.values():
        suggestion = info.suggest()
        assert (suggestion is None) == (info.kind == "fixed")
        assert info.label == info.label.strip() != ""


TYPES = {
    "colour": "Colour",
    "kind": "Literal['a', 'b']",
    "member": "Literal[RED]",
    "size": "Literal[1, 2] | None",
    "count": "int",
    "share": "float | None",
    "number": "int | float",
    "later": "OrderedDict | None",
    "table": "dict[str, float] | None",
    "names": "tuple[str, ...]",
}


@pytest.mark.parametrize("name", TYPES)
def test_types_in_words(name):
    assert parameter("Typed", name).type == TYPES[name]


def test_types_without_hints():
    assert parameter("Untyped", "real").type == "float"
    assert parameter("Untyped", "colour").type == "Colour"
    assert parameter("Needy", "n").type == "any"


def test_defaults_are_plain_data():
    assert parameter("Typed", "colour").default == "RED"
    assert parameter("Untyped", "colour").default == "BLUE"
    assert parameter("Needy", "n").default is REQUIRED
    assert repr(parameter("Needy", "n").default) == "REQUIRED"
    assert parameter("AsDataclass", "weights").default == [1.0, 2.0]


def test_documentation_of_parameters():
    assert parameter("Typed", "colour").doc == "Which colour to begin with, said on two lines."
    assert parameter("Typed", "count").doc == "How many."
    assert parameter("Typed", "rate").doc == parameter("Typed", "share").doc == "Two numbers"
    assert parameter("Typed", "on").doc == ""
    assert (
        parameter("mesa.examples:Schelling", "radius").doc == "Search radius for checking neighbor similarity"
    )
    assert parameter("mesa.examples:EpsteinCivilViolence", "width").doc == "grid width"
