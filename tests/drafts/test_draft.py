from dataclasses import replace

import pytest

from mesa_lab.drafts.draft import DesignDraft, Draft, Row, completed, for_model
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import LONGEST, from_query, to_query
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.designs import (
    EFAST,
    BoxBehnken,
    CentralComposite,
    DefinitiveScreening,
    FractionalFactorial,
    FullFactorial,
    LatinHypercube,
    Morris,
    OneAtATime,
    OrthogonalArray,
    Part,
    PlackettBurman,
    Saltelli,
    Sobol,
    Table,
    Union,
)
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.models import describe, installed_models
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, Real

WOLVES = "mesa.examples:WolfSheep"
SCHELLING = "mesa.examples:Schelling"


@pytest.fixture(scope="module")
def wolves():
    return describe(WOLVES)


@pytest.fixture(scope="module")
def schelling():
    return describe(SCHELLING)


def draft_of(description, **rows):
    """A first draft in which only the given rows vary."""
    draft = for_model(description)
    draft = replace(draft, rows=tuple(replace(row, kind="fixed") for row in draft.rows))
    for name, changes in rows.items():
        draft = draft.with_row(replace(draft.row(name), **changes))
    return draft


@pytest.mark.parametrize("entry", installed_models(), ids=lambda entry: entry.name)
def test_the_first_draft_of_every_model_is_an_experiment_that_varies_two_parameters(entry):
    description = describe(entry.reference)
    parsed = parse(for_model(description), description)
    assert parsed.errors == {}
    assert len(parsed.experiment.space.varied) == 2
    assert parsed.experiment.n_runs == 200


def test_suggested_ranges_are_filled_in_whatever_a_row_is(wolves):
    row = for_model(wolves).row("initial_sheep")
    assert (row.kind, row.low, row.high, row.levels) == ("integer", "10", "300", "10, 100, 300")
    grass = for_model(wolves).row("grass")
    assert (grass.kind, grass.fixed, grass.choices) == ("fixed", "", "False, True")
    assert for_model(wolves).row("width").kind == "fixed"


def test_rows_become_parameters_of_every_kind(wolves):
    draft = draft_of(
        wolves,
        width={"fixed": "30"},
        initial_sheep={"kind": "integer", "low": "50", "high": "200", "step": "50"},
        wolf_gain_from_food={"kind": "real", "low": "5", "high": "40", "log": True},
        initial_wolves={"kind": "levels", "levels": "10, 20, 40"},
        grass={"kind": "choice", "choices": "True, False"},
        sheep_reproduce={
            "kind": "distribution",
            "distribution": "beta",
            "arguments": (("a", "2"), ("b", "5")),
        },
    )
    parsed = parse(draft, wolves)
    assert parsed.errors == {}
    assert dict(parsed.experiment.parameters) == {
        "width": 30,
        "initial_sheep": Integer(50, 200, step=50),
        "initial_wolves": Levels([10, 20, 40]),
        "sheep_reproduce": Real(distribution="beta", a=2, b=5),
        "wolf_gain_from_food": Real(5, 40, log=True),
        "grass": Choice([True, False]),
    }


@pytest.mark.parametrize(
    ("row", "field", "said"),
    [
        ({"kind": "integer", "low": "", "high": "5"}, "low", "whole number"),
        ({"kind": "integer", "low": "1", "high": "2.5"}, "high", "2.5 is not a whole number"),
        ({"kind": "integer", "low": "9", "high": "5"}, "", "From is 9, above To, which is 5"),
        ({"kind": "integer", "low": "1", "high": "9", "step": "0"}, "", "step"),
        ({"kind": "real", "low": "0", "high": "1", "log": True}, "", "above 0"),
        ({"kind": "real", "low": "0,5", "high": "1"}, "low", "write 0.5"),
        ({"kind": "levels", "levels": " "}, "levels", "List the values"),
        ({"kind": "levels", "levels": "10, ten"}, "levels", "'ten' is not a whole number"),
        ({"kind": "choice", "choices": "10, 10"}, "choices", "twice"),
        ({"kind": "distribution", "distribution": "normal"}, "distribution", "norm"),
        ({"kind": "distribution", "arguments": (("loc", "x"),)}, "loc", "'x' is not a number"),
        ({"fixed": "many"}, "fixed", "'many' is not a whole number"),
        ({"fixed": "[1"}, "fixed", "bracket"),
    ],
)
def test_a_mistake_is_said_at_its_own_field(wolves, row, field, said):
    parsed = parse(draft_of(wolves, initial_sheep=row), wolves)
    place = "parameters.initial_sheep" + (f".{field}" if field else "")
    assert list(parsed.errors) == [place]
    assert said in parsed.errors[place]
    assert parsed.experiment is None


def test_all_mistakes_are_found_at_once(wolves):
    draft = replace(
        draft_of(wolves, initial_sheep={"kind": "real", "low": "x"}, grass={"fixed": "maybe"}),
        model="",
        replications="0",
        seed="-1",
        max_steps="1.5",
        max_time="0",
        timeout="soon",
        stop_when="Wolves ==",
        period="0",
        outcomes=(("", "mean(Wolf)"),),
        agents="chosen",
        design=DesignDraft(fields=(("size", "0"), ("optimization", "best"))),
    )
    assert set(parse(draft, wolves).errors) == {
        "model",
        "parameters.initial_sheep.low",
        "parameters.grass.fixed",
        "replications",
        "seed",
        "max_steps",
        "max_time",
        "timeout",
        "stop_when",
        "period",
        "outcomes",
        "agents",
        "design.optimization",
    }


def test_a_complaint_of_the_design_itself_goes_to_the_field_that_it_names(wolves):
    draft = replace(for_model(wolves), design=DesignDraft(fields=(("size", "0"),)))
    assert "whole number from 1" in parse(draft, wolves).errors["design.size"]
    unknown = replace(draft, design=DesignDraft(kind="LatinHypercub"))
    assert "Did you mean 'LatinHypercube'" in parse(unknown, wolves).errors["design"]


def test_levels_may_be_given_for_all_and_for_single_parameters(schelling):
    rows = {"kind": "real", "low": "0.1", "high": "0.9"}
    draft = draft_of(schelling, density=rows, homophily=rows, minority_pc=rows)
    design = DesignDraft("FullFactorial", (("levels", "3"), ("levels.density", "5"), ("levels.radius", "7")))
    parsed = parse(replace(draft, design=design), schelling)
    assert parsed.experiment.design == FullFactorial({"density": 5, "homophily": 3, "minority_pc": 3})
    assert parsed.experiment.n_points == 45
    wrong = replace(draft, design=design.with_text("levels.density", "five"))
    assert parse(wrong, schelling).errors == {"design.levels.density": "'five' is not a whole number."}


def test_a_constraint_may_speak_of_a_parameter_that_has_its_default(schelling):
    rows = {"kind": "real", "low": "0.1", "high": "0.9"}
    draft = replace(
        draft_of(schelling, homophily=rows), constraints="homophily < density\n\n homophily > 0.2 "
    )
    parsed = parse(draft, schelling)
    assert parsed.errors == {}
    assert parsed.experiment.parameters["density"] == 0.8
    assert parsed.experiment.constraints == ("homophily < density", "homophily > 0.2")
    wrong = replace(draft, constraints="homophily < densty")
    assert "densty" in parse(wrong, schelling).errors["constraints"]


def test_outcomes_and_agent_data_are_read(wolves):
    draft = replace(
        for_model(wolves),
        outcomes=(("", "Wolves"), ("energy", "mean(Wolf.energy)")),
        agents="chosen",
        agent_names=("Wolf.energy", "Sheep.energy", "Wolf.pos"),
    )
    experiment = parse(draft, wolves).experiment
    assert [(outcome.name, outcome.text) for outcome in experiment.outcomes] == [
        ("Wolves", "Wolves"),
        ("energy", "mean(Wolf.energy)"),
    ]
    assert experiment.agents == {"Wolf": ("energy", "pos"), "Sheep": ("energy",)}
    assert "not both" in parse(replace(draft, agent_names=("pos", "Wolf.energy")), wolves).errors["agents"]
    misspelt = replace(draft, outcomes=(("", "count(Wolve)"),))
    assert "Did you mean 'Wolf'" in parse(misspelt, wolves).errors["outcomes"]


def test_explicit_seeds_take_the_place_of_replications(wolves):
    experiment = parse(
        replace(for_model(wolves), seeds="1, 2; 3", common_random_numbers=True), wolves
    ).experiment
    assert experiment.seeds == (1, 2, 3)
    assert experiment.replications == 3
    assert "from 0" in parse(replace(for_model(wolves), seeds="1, -2"), wolves).errors["seeds"]


EXPERIMENTS = [
    Experiment(WOLVES, {"grass": [True, False]}),
    Experiment(
        WOLVES, {"initial_sheep": Integer(50, 200, step=10), "width": 30}, LatinHypercube(9, strength=2)
    ),
    Experiment(
        WOLVES, {"sheep_reproduce": Real(0.01, 0.1, log=True)}, LatinHypercube(7, optimization="random-cd")
    ),
    Experiment(
        WOLVES, {"initial_sheep": Real(distribution="norm", low=1, loc=100.0, scale=7)}, LatinHypercube(5)
    ),
    Experiment(WOLVES, {"initial_sheep": Integer(1, 99)}, FullFactorial({"initial_sheep": 4})),
    Experiment(
        "mesa.examples:PdGrid",
        {"activation_order": Choice(["Random", "Sequential"]), "payoffs": {"a, b": None}},
    ),
    Experiment("mesa.examples:PdGrid", {"payoffs": Levels([0.5, "a, b", None, (1, 2), "0.5"])}),
    Experiment(
        SCHELLING, {"radius": Integer(1, 3), "density": Real(0.1, 0.2)}, Sobol(8), constraints="density != 3"
    ),
    Experiment(
        SCHELLING, {"radius": Integer(1, 3), "density": Real(0, 1)}, Table([{"density": 2, "radius": 9}])
    ),
    Experiment(
        SCHELLING,
        {"density": Real(0.1, 0.2), "radius": Levels([1, 2])},
        Union(
            [
                Sobol(4),
                Part(FullFactorial(3), fixed={"radius": 1}),
                Part(OneAtATime(base={"density": 0.12}), vary=["density"]),
            ]
        ),
    ),
    Experiment(
        SCHELLING,
        {"density": 0.5},
        replications=4,
        max_time=7.5,
        stop_when="happy > 3",
        timeout=60,
        seed=0,
        period=-1,
        outcomes={"share": "pct_happy", "count(Agent)": "count(Agent)"},
        agents=True,
        common_random_numbers=True,
    ),
    Experiment(SCHELLING, {}, seeds=[3, 0, 2**40], agents=("type", "happy"), outcomes="happy"),
    Experiment(SCHELLING, {}, agents={"SchellingAgent": ("type",)}),
    Experiment(
        SCHELLING,
        {"radius": Integer(1, 3), "density": Real(0.1, 0.2), "homophily": Real(0.2, 0.8)},
        Sobol(8),
        constraints="density < homophily",
        redraw=True,
        correlations={("radius", "density"): 0.25, ("density", "homophily"): -0.5},
    ),
    *(
        Experiment(
            SCHELLING,
            {"radius": Integer(1, 3), "density": Real(0.1, 0.2), "homophily": Real(0.2, 0.8)},
            design,
        )
        for design in (
            FractionalFactorial(3, fold="density", center=True),
            FractionalFactorial(generators="c = -ab"),
            FractionalFactorial(3, fold=True),
            PlackettBurman(fold=True),
            DefinitiveScreening(),
            OrthogonalArray("L9"),
            OrthogonalArray(levels=2),
            OrthogonalArray(levels={"radius": 3, "density": 2}),
            CentralComposite(),
            BoxBehnken(),
            Morris(3, levels=6),
            Saltelli(4, second_order=True),
            EFAST(65),
        )
    ),
]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=range(len(EXPERIMENTS)))
@pytest.mark.parametrize("described", [True, False])
def test_an_experiment_comes_back_from_its_draft_and_from_its_link(experiment, described):
    description = describe(experiment.model) if described else None
    draft = from_experiment(experiment, description)
    assert from_query(to_query(draft)) == draft
    parsed = parse(draft, description)
    assert parsed.errors == {}
    assert sorted(parsed.experiment.to_toml().splitlines()) == sorted(experiment.to_toml().splitlines())
    runs, expected = parsed.experiment.configurations(), experiment.configurations()
    assert [(run.parameters, run.seed) for run in runs] == [(run.parameters, run.seed) for run in expected]


def test_a_link_to_a_usual_design_is_short(wolves):
    assert len(to_query(for_model(wolves))) < 700


def test_a_design_too_long_for_a_link_has_none():
    import random

    chance = random.Random(1)
    points = "\n".join(str(chance.random()) for _ in range(5_000))
    assert to_query(Draft(design=DesignDraft("Table", points=f"density\n{points}"))) is None
    assert LONGEST < 16_000


@pytest.mark.parametrize(
    "query",
    ["", "x", "eJw", "%%%", to_query(Draft(model="a"))[:-4], "eNqrVspNzElVslJQqgUAFQ4DNg", "🐺"],
)
def test_a_damaged_link_is_said_to_be_one(query):
    with pytest.raises(ExperimentError, match="whole design"):
        from_query(query)


def packed(data):
    import base64
    import json
    import zlib

    return base64.urlsafe_b64encode(zlib.compress(json.dumps(data).encode())).decode().rstrip("=")


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"model": 3},
        {"unknown": "x"},
        {"rows": "x"},
        {"rows": [{"name": "a", "kind": "real", "log": "yes"}]},
        {"rows": [{"name": "a"}, {"name": "a"}]},
        {"rows": [{"name": "a", "kind": "lambda"}]},
        {"rows": [{"name": "a", "arguments": [["a"]]}]},
        {"design": None},
        {"model": "x" * 3_000_000},
    ],
)
def test_a_forged_link_cannot_bring_anything_but_typed_fields(data):
    with pytest.raises(ExperimentError, match="whole design"):
        from_query(packed(data))


def test_a_row_keeps_what_it_was_before():
    row = Row("a", kind="real", low="1", high="2")
    fixed = replace(row, kind="fixed", fixed="7")
    assert (fixed.low, fixed.high) == ("1", "2")
    assert from_query(to_query(Draft(rows=(fixed,)))).rows[0] == fixed


def test_a_draft_from_elsewhere_gets_the_model_s_other_parameters_and_stays_the_same_experiment(wolves):
    experiment = Experiment(
        WOLVES, {"wolf_reproduce": Real(0.01, 0.1), "initial_sheep": Integer(10, 90), "width": 30}, Sobol(8)
    )
    bare = from_experiment(experiment)
    assert [row.name for row in bare.rows] == ["wolf_reproduce", "initial_sheep", "width"]
    full = completed(bare, wolves)
    assert len(full.rows) == len(wolves.parameters)
    assert parse(full, wolves).experiment == experiment
    assert (full.row("width").kind, full.row("width").fixed, full.row("width").low) == ("fixed", "30", "10")
    assert full.row("initial_sheep").levels == "10, 100, 300"
    assert completed(full, wolves) is full
    # Where nothing speaks against it, the rows stand in the model's order.
    tidy = completed(replace(bare, rows=bare.rows[1:]), wolves)
    assert [row.name for row in tidy.rows] == [info.name for info in wolves.parameters]
