"""Experiments: frozen, validated, equal when equal; run configurations and their seeds."""

from dataclasses import FrozenInstanceError
from typing import Any

import mesa
import pytest
from mesa.examples import Schelling, WolfSheep

import mesa_lab as ml
from mesa_lab.preparation.seeds import derive_seed, parts_of_keys, point_keys, without

PARAMETERS = {"density": ml.Real(0.5, 0.9), "radius": [1, 2], "width": 10}


def experiment(**changes: Any) -> ml.Experiment:
    settings: dict[str, Any] = {"design": ml.FullFactorial(3), "replications": 2, "max_steps": 5, "seed": 42}
    return ml.Experiment(Schelling, PARAMETERS, **{**settings, **changes})


def test_points_times_replications() -> None:
    described = experiment()
    assert (described.n_points, described.n_runs) == (6, 12)
    matrix = described.design_matrix()
    assert list(matrix.columns) == ["density", "radius"]
    assert list(matrix.index) == list(range(6))
    assert matrix.index.name == "point"


def test_configurations_go_round_all_points_before_the_next_replication() -> None:
    runs = experiment().configurations()
    assert [run.run_id for run in runs] == list(range(12))
    assert [run.point for run in runs] == [*range(6), *range(6)]
    assert [run.iteration for run in runs] == [0] * 6 + [1] * 6
    assert runs[0].parameters == {"width": 10, "density": 0.5, "radius": 1}
    assert {type(value) for run in runs for value in run.parameters.values()} == {int, float}
    assert runs[0].max_steps == 5
    assert runs[0].model_cls is Schelling


def test_equal_when_equal_and_frozen() -> None:
    assert experiment() == experiment()
    assert experiment() != experiment(seed=1)
    with pytest.raises(FrozenInstanceError):
        experiment().seed = 3  # type: ignore[misc]


def test_nothing_varied_is_one_point() -> None:
    described = ml.Experiment(Schelling, {"density": 0.7}, replications=3)
    assert [run.parameters for run in described.configurations()] == [{"density": 0.7}] * 3


def test_seeds_depend_on_the_point_and_replication_alone() -> None:
    few, many = experiment(), experiment(replications=5)
    seeds = {(run.point, run.iteration): run.seed for run in many.configurations()}
    assert all(seeds[run.point, run.iteration] == run.seed for run in few.configurations())
    assert len(set(seeds.values())) == len(seeds) == 30
    finer = experiment(design=ml.FullFactorial(5))
    values = {tuple(run.parameters.items()): run.seed for run in finer.configurations() if run.iteration == 0}
    assert all(
        values[tuple(run.parameters.items())] == run.seed
        for run in few.configurations()
        if run.iteration == 0
    )


def test_seeds_are_the_same_for_ever() -> None:
    """A change here would change the results of every published experiment."""
    key = next(point_keys([{"n": 10, "torus": True, "p": 0.1}]))
    assert key == b'0:{"n":10,"p":0.1,"torus":true}'
    assert derive_seed(42, key, 0) == SEED
    assert 0 <= SEED < 2**63


SEED = 9171487260234807623


SCHELLING = "mesa.examples:Schelling"  # width and radius are 20 and 1 by default


def seeds_of(model: Any, parameters: dict[str, Any], **settings: Any) -> list[int]:
    described = ml.Experiment(model, parameters, replications=2, seed=7, **settings)
    return [run.seed or 0 for run in described.configurations()]


@pytest.mark.parametrize("model", [SCHELLING, Schelling])
@pytest.mark.parametrize(
    "held", [{"width": 20}, {"width": 20, "radius": 1}, {"radius": 1}, {"minority_pc": 0.5}]
)
def test_holding_one_more_parameter_at_its_default_changes_no_seed(model: Any, held: dict[str, Any]) -> None:
    varied = {"density": [0.5, 0.7], "homophily": [0.25, 0.5]}
    assert ml.Experiment(model, {**varied, **held}).unsaid == tuple(held)
    assert seeds_of(model, {**varied, **held}) == seeds_of(model, varied)
    assert seeds_of(model, {**held, **varied}) == seeds_of(model, varied)


@pytest.mark.parametrize("held", [{"width": 30}, {"width": 20.0}, {"width": True}, {"width": 200}])
def test_other_values_that_are_held_change_seeds(held: dict[str, Any]) -> None:
    varied = {"density": [0.5, 0.7]}
    assert ml.Experiment(SCHELLING, {**varied, **held}).unsaid == ()
    assert not set(seeds_of(SCHELLING, {**varied, **held})) & set(seeds_of(SCHELLING, varied))


def test_a_value_that_a_point_has_itself_is_said() -> None:
    rows = [{"density": 0.5, "width": 20}, {"density": 0.5, "width": 30}]
    fixed = seeds_of(SCHELLING, {"density": [0.5], "width": 20}, design=ml.Table(rows))
    assert len(set(fixed)) == 4
    assert fixed[0] == seeds_of(SCHELLING, {"density": [0.5]})[0]


def test_a_model_that_is_not_here_has_no_defaults() -> None:
    described = ml.Experiment("not.here:Yet", {"a": [1, 2], "b": 3})
    assert described.unsaid == ()
    assert len({run.seed for run in described.configurations()}) == 2


@pytest.mark.parametrize(
    ("point", "left_out", "expected"),
    [
        ({"a": 1, "width": 20, "z": 3}, {"width": 20}, {"a": 1, "z": 3}),
        ({"width": 20, "z": 3}, {"width": 20}, {"z": 3}),
        ({"a": 1, "width": 20}, {"width": 20}, {"a": 1}),
        ({"width": 20}, {"width": 20}, {}),
        ({"a": 1, "width": 200}, {"width": 20}, {"a": 1, "width": 200}),
        ({"my width": 20, "width": 20}, {"width": 20}, {"my width": 20}),
        ({'my"width': 20, "width": 20}, {"width": 20}, {'my"width': 20}),
        ({"a": {"width": 20}, "width": 20}, {"width": 20}, {"a": {"width": 20}}),
        ({"a": {"width": 20}, "width": 30}, {"width": 20}, {"a": {"width": 20}, "width": 30}),
        ({"a": '"width":20,', "width": 20}, {"width": 20}, {"a": '"width":20,'}),
        ({"a": (1, 2), "b": None, "c": True}, {"a": (1, 2), "c": 1, "d": 4}, {"b": None, "c": True}),
    ],
)
def test_a_key_without_some_values(
    point: dict[str, Any], left_out: dict[str, Any], expected: dict[str, Any]
) -> None:
    (key,), (wanted,) = point_keys([point]), point_keys([expected])
    assert without(key, parts_of_keys(left_out)) == wanted


def test_a_repeated_point_has_seeds_of_its_own() -> None:
    first, second = point_keys([{"n": 1}, {"n": 1}])
    assert derive_seed(0, first, 0) != derive_seed(0, second, 0)


def test_common_random_numbers_give_all_points_the_same_seed() -> None:
    runs = experiment(common_random_numbers=True).configurations()
    assert len({run.seed for run in runs if run.iteration == 0}) == 1
    assert len({run.seed for run in runs}) == 2


def test_explicit_seeds_zero_included() -> None:
    runs = experiment(replications=1, seeds=[0, 7, 5]).configurations()
    assert [run.seed for run in runs if run.point == 3] == [0, 7, 5]


def test_without_a_stop_rule_a_run_ends_after_a_thousand_steps() -> None:
    assert experiment(max_steps=None).max_steps == 1000
    assert experiment(max_steps=None, max_time=5.5).max_steps is None


def test_constraints_drop_points_and_count_them() -> None:
    described = experiment(constraints="density < 0.6 or radius > 1")
    assert (described.n_points, described.n_dropped) == (4, 2)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"replications": 0}, ml.ExperimentError, "replications is 0. Give a whole number of at least 1"),
        ({"replications": 2.5}, ml.ExperimentError, "replications is 2.5"),
        ({"replications": True}, ml.ExperimentError, "replications is True"),
        ({"max_steps": -1}, ml.ExperimentError, "max_steps is -1"),
        ({"max_time": 0}, ml.ExperimentError, "max_time is 0"),
        ({"timeout": float("nan")}, ml.ExperimentError, "timeout is nan"),
        ({"period": 0}, ml.ExperimentError, "period is 0.*Write -1"),
        ({"seed": -3}, ml.ExperimentError, "seed is -3"),
        ({"seeds": []}, ml.ExperimentError, "seeds is empty"),
        ({"seeds": [1, 2, 3]}, ml.ExperimentError, "replications is 2 but seeds lists 3"),
        (
            {"seeds": [1, 2], "common_random_numbers": True},
            ml.ExperimentError,
            "leave common_random_numbers out",
        ),
        ({"stop_when": 3}, ml.ExperimentError, "stop_when is 3"),
        ({"outcomes": []}, ml.OutcomeError, "outcomes is empty"),
        ({"agents": 3}, ml.OutcomeError, "agents is 3"),
        ({"constraints": "density > 5"}, ml.MesaLabError, "density > 5"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        experiment(**changes).design_matrix()


def test_an_unknown_parameter_is_named_with_the_nearest() -> None:
    with pytest.raises(ml.ParameterError, match="densty.*Did you mean 'density'"):
        ml.Experiment(Schelling, {"densty": 0.5})


def test_check_looks_at_the_model_before_anything_runs() -> None:
    ml.Experiment(WolfSheep, outcomes=["Wolves", "count(Sheep)", "grass"]).check()
    with pytest.raises(
        ml.OutcomeError, match="Unknown outcome 'Wolvs'. WolfSheep reports: Wolves, Sheep, Grass.*'Wolves'"
    ):
        ml.Experiment(WolfSheep, outcomes=["Wolvs"]).check()
    with pytest.raises(ml.OutcomeError, match="there is no 'Wolff'. Did you mean 'Wolf'"):
        ml.Experiment(WolfSheep, outcomes=["count(Wolff)"]).check()
    with pytest.raises(ml.ParameterError, match="initial_sheeep"):
        ml.Experiment("mesa.examples:WolfSheep", {"initial_sheeep": 3}).check()
    with pytest.raises(ml.ParameterError, match="'widht'"):
        ml.Experiment(WolfSheep, {}, ml.Table([{"widht": 10}])).check()
    with pytest.raises(ml.ParameterError, match=r"replications.*above \[parameters\]"):
        ml.Experiment("mesa.examples:WolfSheep", {"replications": 3}).check()
    with pytest.raises(ml.ModelError, match="WolfShep"):
        ml.Experiment("mesa.examples:WolfShep").check()


def test_check_looks_at_agents_and_the_stop_rule() -> None:
    fine: list[Any] = [
        True,
        ["energy"],
        ["energyy" * 3],
        {"Wolf": ["energy", "p_reproduce"]},
        {"Hunter": ["energy"]},
    ]
    for agents in fine:
        ml.Experiment(WolfSheep, agents=agents).check()
    with pytest.raises(ml.OutcomeError, match="asks for 'enrgy', but no Agent has it. Did you mean 'energy'"):
        ml.Experiment(WolfSheep, agents=["enrgy"]).check()
    with pytest.raises(ml.OutcomeError, match="asks for 'Wolff', but .* Did you mean 'Wolf'"):
        ml.Experiment(WolfSheep, agents={"Wolff": ["energy"]}).check()
    ml.Experiment(WolfSheep, stop_when="Wolves == 0 or count(Sheep) > 500 or steps > 5").check()
    with pytest.raises(ml.ExperimentError, match="no 'Wolvs'. WolfSheep reports: .* Did you mean 'Wolves'"):
        ml.Experiment(WolfSheep, stop_when="Wolvs == 0").check()


def test_what_a_step_may_yet_make_is_not_refused() -> None:
    class Later(mesa.Model):
        def __init__(self, rng: Any = None) -> None:
            super().__init__(rng=rng)
            self.convergence = 0.0

        def step(self) -> None:
            self.converged = True

    ml.Experiment(Later, stop_when="converged").check()
    with pytest.raises(ml.ExperimentError, match="Did you mean 'convergence'"):
        ml.Experiment(Later, stop_when="convergenc > 1").check()


def test_a_rule_about_something_that_no_code_makes_is_refused_before_anything_runs() -> None:
    class Nurse(mesa.Agent):
        def step(self) -> None:
            self.model.outbreak = True
            self.tired = 1

    class Ward(mesa.Model):
        def __init__(self, beds: int = 1, rng: Any = None) -> None:
            super().__init__(rng=rng)
            self.beds = beds
            Nurse(self)

        def step(self) -> None:
            self.agents.do("step")

    for later in ("outbreak", "beds == 3 or outbreak", "steps > 2 and time < 9"):
        ml.Experiment(Ward, stop_when=later).check()
    ml.Experiment(Ward, outcomes=["outbreak"], agents=["tired"]).check()
    with pytest.raises(ml.ExperimentError, match="no 'traffic'. Ward reports nothing.*measured: beds"):
        ml.run(ml.Experiment(Ward, stop_when="traffic > 2"), backend="sequential", progress=False)
    with pytest.raises(ml.OutcomeError, match="Unknown outcome 'traffic'. Ward reports nothing"):
        ml.Experiment(Ward, outcomes=["traffic"]).check()


def test_a_name_that_only_a_run_can_tell_is_refused_only_where_another_is_like_it() -> None:
    class Loose(mesa.Model):
        def __init__(self, rng: Any = None) -> None:
            super().__init__(rng=rng)
            self.noises = 0

        def step(self) -> None:
            for letter in "ab":
                setattr(self, f"lane_{letter}", self.noises)

    ml.Experiment(Loose, stop_when="lane_a > 2", outcomes=["lane_b"]).check()
    with pytest.raises(ml.ExperimentError, match="Did you mean 'noises'"):
        ml.Experiment(Loose, stop_when="noisse > 2").check()


@pytest.mark.parametrize("setting", ["outcomes", "stop_when"])
def test_a_function_that_a_file_could_not_hold_is_asked_for_again(setting: str) -> None:
    function = {"outcomes": {"x": lambda model: 1}, "stop_when": lambda model: True}[setting]
    made = experiment(**{setting: function})
    made.check()
    with pytest.raises(ml.OutcomeError, match="only the program which made it knows.*Give it again"):
        ml.Experiment.from_toml(made.to_toml()).check()


def test_levels_written_as_a_tuple_are_found_out() -> None:
    with pytest.raises(
        ml.ParameterError, match=r"'width' is the tuple \(10, 20\).*Levels are a list, \[10, 20\]"
    ):
        ml.Experiment(Schelling, {"width": (10, 20)}).check()


@pytest.mark.parametrize("model", [mesa.Agent, Schelling(), None, 3])
def test_what_is_no_model_class_is_refused_at_once(model: Any) -> None:
    with pytest.raises(ml.ModelError, match="no Mesa model|names no model|one that has been built"):
        ml.Experiment(model, {"density": 0.8})


def test_parameters_are_a_dict() -> None:
    with pytest.raises(ml.ExperimentError, match=r"parameters is \['density'\]. Give a dict"):
        ml.Experiment(Schelling, ["density"])  # type: ignore[arg-type]


def test_its_repr_says_what_was_asked_for() -> None:
    shown = repr(
        experiment(design=[{"density": 0.5, "radius": 1}], outcomes={"glad": "happy"}, stop_when=max)
    )
    assert shown == (
        "Experiment(Schelling, {'density': Real(0.5, 0.9), 'radius': Levels([1, 2]), 'width': 10}, "
        "Table(1 point of density, radius), replications=2, max_steps=5, seed=42, outcomes=['glad'], stop_when=max)"
    )


def test_short_forms_give_the_same_configurations() -> None:
    runs = ml.full_factorial(Schelling, {"density": [0.5, 0.9]}, replications=2, max_steps=5, seed=1)
    same = ml.manual(Schelling, [{"density": 0.5}, {"density": 0.9}], replications=2, max_steps=5, seed=1)
    assert runs == same
    assert len(ml.base_case(Schelling, {"density": [0.5, 0.7, 0.9], "radius": [1, 2]})) == 4
    for short in (ml.latin_hypercube, ml.sobol, ml.halton, ml.monte_carlo):
        assert len(short(Schelling, {"density": ml.Real(0.5, 0.9)}, 8)) == 8
