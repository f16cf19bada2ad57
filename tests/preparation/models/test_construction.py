import random
import sys
import warnings
from pathlib import Path

import mesa
import mesa.examples
import numpy as np
import pytest

from mesa_lab.errors import ParameterError
from mesa_lab.preparation.models import build, check_parameters, load_model, signature

FIXTURES = Path(__file__).parents[2] / "fixtures"
MANY = 2**63 - 25


def odd(name):
    return load_model(f"{FIXTURES}/odd_models.py:{name}")


def town(name):
    return load_model(f"{FIXTURES}/scenario_models.py:{name}")


def fingerprint(model):
    return model.random.random(), float(model.rng.random()), random.random(), float(np.random.random())


@pytest.mark.parametrize("name", mesa.examples.__all__)
def test_bundled_models_repeat_with_their_seed(name):
    model_cls = getattr(mesa.examples, name)

    def run(seed):
        model = build(model_cls, {}, seed)
        for _ in range(2):
            model.step()
        return fingerprint(model), len(model.agents)

    assert run(MANY) == run(MANY)
    assert run(0) == run(0)
    assert run(0) != run(1)


def test_a_network_drawn_from_the_global_generator_repeats():
    def edges(seed):
        random.random()
        return set(build(mesa.examples.VirusOnNetwork, {"num_nodes": 30}, seed).grid.G.edges)

    assert edges(5) == edges(5)
    assert edges(5) != edges(6)


@pytest.mark.parametrize(
    ("name", "parameters", "attributes"),
    [
        ("Schelling", {"density": 0.5, "width": 7}, {"density": 0.5}),
        ("EpsteinCivilViolence", {"width": 9, "height": 6, "grid_type": "Moore"}, {}),
        ("WolfSheep", {"width": 5, "grass": False}, {"width": 5, "grass": False}),
        (
            "PdGrid",
            {"width": 4, "height": 5, "activation_order": "Sequential"},
            {"activation_order": "Sequential"},
        ),
    ],
)
def test_parameters_reach_bundled_models(name, parameters, attributes):
    model = build(getattr(mesa.examples, name), parameters, 1)
    for attribute, value in attributes.items():
        assert getattr(model, attribute) == value
    if name == "EpsteinCivilViolence":
        assert tuple(model.grid.dimensions) == (9, 6)
        assert type(model.grid).__name__ == "OrthogonalMooreGrid"


def test_the_global_streams_differ_from_the_models_own():
    model = build(odd("Untyped"), {}, 5)
    own, at_large = model.random.random(), random.random()
    assert own != at_large
    assert model.rng.random() != np.random.random()


def test_nothing_is_seeded_without_a_seed():
    random.seed(1)
    np.random.seed(1)
    expected = random.Random(1).random(), np.random.RandomState(1).random()
    build(odd("Untyped"), {}, None)
    assert (random.random(), np.random.random()) == expected


def test_without_a_seed_models_differ():
    assert (
        fingerprint(build(odd("BothSeeds"), {}, None))[:2]
        != fingerprint(build(odd("BothSeeds"), {}, None))[:2]
    )


@pytest.mark.parametrize(
    "name", ["SeedKeyword", "BothSeeds", "Seedless", "Bare", "Inheriting", "Forwarding", "AsDataclass"]
)
def test_every_way_to_take_a_seed(name):
    model_cls = odd(name)
    first, second, third = (build(model_cls, {}, seed) for seed in (MANY, MANY, 3))
    assert type(first) is model_cls
    assert first.random.random() == second.random.random() != third.random.random()
    assert first.rng.random() == second.rng.random() != third.rng.random()


def test_a_model_without_seed_draws_the_same_during_its_setup():
    draw = [build(odd("Seedless"), {"n": 1}, seed).drawn for seed in (4, 4, 5)]
    assert draw[0] == draw[1]
    assert all(a != b for a, b in zip(draw[1], draw[2], strict=True))


def test_the_seed_is_the_one_that_mesa_would_get():
    assert build(odd("Seedless"), {}, 11).drawn[1] == np.random.default_rng(11).random()
    assert build(mesa.examples.Schelling, {}, 11).scenario.rng == 11
    direct = mesa.examples.ConwaysGameOfLife(rng=11)
    built = build(mesa.examples.ConwaysGameOfLife, {}, 11)
    assert [agent.state for agent in built.agents] == [agent.state for agent in direct.agents]


def test_an_author_who_fixed_the_seed_is_respected():
    assert build(odd("FixedSeed"), {}, 1).rng.random() == build(odd("FixedSeed"), {}, 2).rng.random()


def test_numpy_seeds_and_values_become_plain_numbers():
    model = build(odd("Needy"), {"n": np.int64(3)}, np.uint64(7))
    assert type(model.n) is int
    assert build(odd("Needy"), {"n": np.float32(0.5)}, 7).n == 0.5


@pytest.mark.parametrize(
    ("seed", "message"), [(-1, "-1 is negative"), (1.5, "1.5 is no integer"), ("x", "'x' is no integer")]
)
def test_seeds_that_are_none(seed, message):
    with pytest.raises(ParameterError, match=message):
        build(odd("Bare"), {}, seed)


def test_hints_turn_data_into_what_the_model_expects():
    given = build(
        odd("Typed"),
        {
            "colour": "BLUE",
            "rule": "SLOW",
            "member": "RED",
            "count": 4.0,
            "rate": 1,
            "share": 2,
            "number": 3.0,
            "many": 5.0,
            "kind": "b",
            "on": False,
        },
        1,
    ).given
    colour = type(given["colour"])
    assert given["colour"] is colour.BLUE
    assert given["member"] is colour.RED
    assert given["rule"] == "slowly"
    assert [(given[name], type(given[name])) for name in ("count", "rate", "share", "number", "many")] == [
        (4, int),
        (1.0, float),
        (2.0, float),
        (3.0, float),
        (5, int),
    ]


def test_an_enum_is_known_by_its_value_too_and_by_its_default():
    assert build(odd("Typed"), {"rule": "slowly"}, 1).given["rule"].name == "SLOW"
    assert build(odd("Untyped"), {"colour": "RED"}, 1).colour.value == "r"
    assert build(odd("Untyped"), {}, 1).colour.name == "BLUE"
    member = type(build(odd("Untyped"), {}, 1).colour).RED
    assert build(odd("Untyped"), {"colour": member}, 1).colour is member


def test_nothing_is_lost_for_a_hint():
    given = build(odd("Typed"), {"count": 2.5, "rate": True, "colour": None}, 1).given
    assert given["count"] == 2.5
    assert given["rate"] is True
    assert given["colour"] is None


def test_parameters_of_base_classes():
    model = build(odd("Forwarding"), {"n": 4, "width": 9}, 2)
    assert (model.n, model.width) == (4, 9)


def test_any_keyword():
    model = build(odd("AnyKeyword"), {"n": 4, "whatever": 9}, 2)
    assert model.options == {"whatever": 9}


def test_positional_only_parameters():
    assert build(odd("PositionalOnly"), {"n": 1, "k": 5}, 2).given == (1, 4, 5)


def test_a_scenario_that_is_none_of_mesas():
    assert build(odd("Scenery"), {"scenario": "worst case"}, 2).label == "worst case"


# Scenarios


@pytest.mark.parametrize("name", ["Town", "ByCode", "ByClass", "ByObject", "ByModule"])
def test_fields_and_seed_reach_the_scenario(name):
    model = build(town(name), {"people": 3, "share": 1, "layout": "GRID"}, MANY)
    assert type(model.scenario).__name__ == "TownScenario"
    assert (model.scenario.people, model.scenario.share, model.scenario.layout.name) == (3, 1.0, "GRID")
    assert type(model.scenario.share) is float
    assert model.rng.random() == np.random.default_rng(MANY).random()
    assert type(model).__name__ == name


def test_defaults_of_a_scenario_object_hold():
    assert build(town("ByObject"), {"share": 0.5}, 1).scenario.people == 77


def test_keywords_beside_a_scenario():
    model = build(town("Town"), {"width": 8, "people": 2}, 1)
    assert (model.width, model.scenario.people) == (8, 2)


def test_a_name_that_is_keyword_and_field_reaches_both():
    model = build(town("City"), {"plain": 8, "trams": 2}, 1)
    assert (model.plain, model.scenario.plain, model.scenario.trams, model.scenario.people) == (8, 8, 2, 1000)


def test_every_model_gets_a_scenario_of_its_own():
    first, second = build(town("ByObject"), {}, 1), build(town("ByObject"), {}, 1)
    assert first.scenario is not second.scenario


def test_a_scenario_with_undeclared_fields():
    model = build(load_model(f"{FIXTURES}/open_scenario.py"), {"width": 3, "anything": 5}, 1)
    assert (model.width, model.scenario.anything) == (3, 5)


# Warnings


@pytest.mark.parametrize("name", ["SeedKeyword", "BothSeeds", "Inheriting"])
def test_mesa_does_not_complain_about_seed(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        build(odd(name), {}, 5)
        assert list(warnings.filters) == before
    assert caught == []


def test_a_models_own_warnings_pass():
    with pytest.warns(UserWarning, match="careful"):
        build(odd("Loud"), {}, 5)


# Mistakes


def test_an_unknown_parameter():
    with pytest.raises(ParameterError) as caught:
        build(mesa.examples.Schelling, {"densty": 0.5}, 1)
    assert str(caught.value) == (
        "Unknown parameter 'densty' for Schelling. Did you mean 'density'? "
        "Its parameters: height, width, density, minority_pc, homophily, radius."
    )


def test_a_missing_value():
    with pytest.raises(ParameterError, match=r"Needy needs a value for: n\."):
        build(odd("Needy"), {"width": 3}, 1)


@pytest.mark.parametrize("name", ["seed", "rng"])
@pytest.mark.parametrize("model", ["Schelling", "ConwaysGameOfLife"])
def test_the_seed_is_no_parameter(name, model):
    with pytest.raises(ParameterError, match=f"'{name}' is no parameter of {model}.*seed to the experiment"):
        check_parameters(getattr(mesa.examples, model), [name])


def test_the_scenario_is_no_parameter():
    with pytest.raises(
        ParameterError,
        match="give the parameters that it holds instead, each by its name: width, people, share",
    ):
        check_parameters(town("Town"), ["scenario"])


def test_a_model_without_parameters():
    with pytest.raises(ParameterError, match=r"Unknown parameter 'n' for Bare. Its parameters: none."):
        check_parameters(odd("Bare"), ["n"])


def test_names_that_are_right():
    assert check_parameters(odd("AnyKeyword"), ["n", "whatever"]) is None
    assert check_parameters(town("Town"), signature(town("Town")).parameters) is None


def test_what_a_model_raises_is_not_hidden():
    with pytest.raises(ValueError, match="n must be positive"):
        build(odd("Failing"), {}, 1)


def test_a_simulator_is_provided_where_mesa_has_one():
    devs = pytest.importorskip("mesa.experimental.devs")

    class Timed(mesa.Model):
        def __init__(self, n=1, simulator: devs.ABMSimulator = None, rng=None):
            super().__init__(rng=rng)
            self.simulator = simulator
            simulator.setup(self)

    first, second = build(Timed, {}, 1), build(Timed, {}, 1)
    assert isinstance(first.simulator, devs.ABMSimulator)
    assert first.simulator is not second.simulator
    assert list(signature(Timed).parameters) == ["n"]
    with pytest.raises(
        ParameterError, match="'simulator' is no parameter of Timed: every run gets one of its own"
    ):
        build(Timed, {"simulator": None}, 1)


def test_building_leaves_no_module_behind():
    build(odd("Seedless"), {}, 1)
    assert "_mesa_lab_seed" not in vars(build(odd("Seedless"), {}, 1))
    assert all(not name.startswith("Seeded") for name in vars(sys.modules[odd("Seedless").__module__]))


def test_a_model_that_changes_its_payoffs_changes_them_for_itself_alone():
    payoffs = {("C", "C"): 1, ("C", "D"): 0, ("D", "C"): 1.6, ("D", "D"): 0}
    name = "payoffs" if "payoffs" in signature(mesa.examples.PdGrid).parameters else "payoff"
    model = build(mesa.examples.PdGrid, {name: payoffs, "width": 3, "height": 3}, 1)
    model.payoff[("C", "C")] = 99
    assert payoffs[("C", "C")] == 1
