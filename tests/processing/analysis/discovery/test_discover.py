"""When does it happen: from the text of an event to a box as a sentence, as constraints and as the next experiment."""

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, OutcomeError
from mesa_lab.processing.analysis.boxes.box_limits import limits_of
from mesa_lab.processing.analysis.boxes.prim import members
from mesa_lab.processing.analysis.discovery.event import event_values, parse_event
from mesa_lab.processing.analysis.discovery.question import observe_event, space_of
from mesa_lab.processing.analysis.discovery.selection import search
from mesa_lab.testing import synthetic_results

SPACE = {
    "gain": ml.Real(1, 50),
    "rate": ml.Real(0.001, 1, log=True),
    "wolves": ml.Integer(0, 60),
    "grass": ml.Choice([True, False]),
    "rule": ml.Choice(["calm", "wild", "odd"]),
}


def results_of(outcomes, space=SPACE, size=256, replications=3, **settings):
    design = settings.pop("design", ml.Sobol(size))
    failed = settings.pop("failed", ())
    experiment = ml.Experiment(
        "none:None", space, design=design, replications=replications, seed=4, **settings
    )
    return synthetic_results(experiment, outcomes, failed=failed)


def wolves_die(runs, rng):
    dead = (runs["gain"] < 20) & (runs["wolves"] >= 30)
    return np.where(rng.random(len(runs)) < np.where(dead, 0.95, 0.05), 0, runs["wolves"] + 1)


@pytest.fixture(scope="module")
def results():
    return results_of(
        {
            "Wolves": wolves_die,
            "R over S": lambda runs, rng: runs["gain"],
            "phase": lambda runs, rng: runs["rule"].astype(str) + "er",
            "extinct": lambda runs, rng: wolves_die(runs, rng) == 0,
        }
    )


def test_a_box_is_said_in_a_sentence_and_as_constraints(results):
    answer = results.discover("Wolves == 0")
    assert answer.outcome == "Wolves == 0"
    assert "Wolves == 0 holds in" in answer.sentence
    assert "gain is below" in answer.sentence
    assert "wolves is" in answer.sentence
    assert "of all cases" in answer.sentence
    constraints = answer.values["constraints"]
    observed = observe_event(results, "Wolves == 0")
    space = space_of(observed)
    boxes, _ = search(space)
    allowed = ml.ParameterSpace(SPACE, constraints).allowed(results.points)
    np.testing.assert_array_equal(allowed, members(space, boxes[0]))
    assert answer.table.loc[0, "constraints"] == " and ".join(constraints)
    assert 0.8 < answer.values["density"] <= 1
    assert answer.table.loc[0, "density_low"] < answer.values["density"] < answer.table.loc[0, "density_high"]


def test_the_next_experiment_fills_the_box(results):
    answer = results.discover("Wolves == 0")
    inside = answer.next
    assert (inside.n_points, answer.next_runs, answer.next_grows) == (200, 600, False)
    constraints = answer.values["constraints"]
    points = inside.design_matrix().assign(**{n: v for n, v in inside.space.fixed.items() if n in SPACE})
    assert ml.ParameterSpace(SPACE, constraints).allowed(points).mean() > 0.97
    assert inside.replications == 3


def test_the_tree_divides_all_of_the_space(results):
    tree = results.discover("Wolves == 0").tables["tree"]
    assert tree["n_points"].sum() == 256
    assert tree["coverage"].sum() == pytest.approx(1)
    assert "gain below" in tree.loc[0, "where"]
    assert tree["share"].is_monotonic_decreasing


def test_limits_say_how_certain_they_are(results):
    limits = results.discover("Wolves == 0").tables["limits"]
    assert set(limits["parameter"]) == {"gain", "wolves"}
    assert (limits["quasi_p"] < 0.01).all()
    assert (limits["found_again"] > 0.8).all()


@pytest.mark.parametrize(
    ("event", "holds"),
    [
        ("Wolves == 0", lambda runs: runs["Wolves"] == 0),
        ("`R over S` > 20 and Wolves > 0", lambda runs: (runs["R over S"] > 20) & (runs["Wolves"] > 0)),
        ("extinct", lambda runs: runs["extinct"]),
        ("not extinct", lambda runs: ~runs["extinct"].astype(bool)),
        ("phase == 'calmer'", lambda runs: runs["phase"] == "calmer"),
        ("Wolves > wolves / 2", lambda runs: runs["Wolves"] > runs["wolves"] / 2),
        ("steps >= 100", lambda runs: runs["steps"] >= 100),
    ],
)
def test_events_are_worked_out_run_by_run(results, event, holds):
    assert parse_event(results, event) == event
    np.testing.assert_array_equal(event_values(results, event), holds(results.runs).astype(float))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("Wolfs == 0", r"speaks of 'Wolfs'\. .* reports: Wolves, .* Did you mean '[Ww]olves'"),
        ("Wolves = 0", r"The event 'Wolves = 0' does not parse.*Write '==' to compare"),
        ("__import__('os').system('true')", "The event .* may "),
        ("1 < 2", "speaks of no outcome"),
        ("Wolves + 1", "gives .*, which is neither true nor false"),
        ("phase > 3", "cannot be worked out"),
        ("phase", r"is text\. Write when it happens, such as phase == "),
    ],
)
def test_events_that_are_none_are_refused(results, event, message):
    with pytest.raises(OutcomeError, match=message):
        results.discover(event)


def test_an_outcome_suggests_its_event(results):
    assert parse_event(results, "Wolves") == "Wolves == 0"
    assert parse_event(results, "extinct") == "extinct"
    assert parse_event(results, "R over S").startswith("`R over S` > 4")
    assert parse_event(results, None) == "Wolves == 0"


def test_runs_without_a_value_have_no_event():
    def some(runs, rng):
        values = np.asarray(runs["gain"], dtype=object)
        values[::4] = None
        return values

    results = results_of({"y": some}, failed=[0, 1, 2])
    found = event_values(results, "y > 20")
    assert np.isnan(found[:3]).all()
    assert np.isnan(found[4])
    answer = results.discover("y > 20")
    assert any("failed or timed out" in warning for warning in answer.warnings)
    assert any("ended without a value" in warning for warning in answer.warnings)
    assert answer.values["n_runs"] == int(np.isfinite(found).sum())


def test_what_never_or_always_happens_is_refused(results):
    with pytest.raises(ConclusionError, match="'Wolves < 0' never holds in the 768 runs"):
        results.discover("Wolves < 0")
    with pytest.raises(ConclusionError, match="always holds"):
        results.discover("Wolves >= 0")
    few = results_of({"y": lambda runs, rng: runs["gain"]}, size=8)
    with pytest.raises(ConclusionError, match="8 points with a value are too few"):
        few.discover("y > 20")


def test_choices_are_said_by_their_values():
    results = results_of({"y": lambda runs, rng: (runs["rule"] != "odd") & ~runs["grass"].astype(bool)})
    answer = results.discover("y")
    assert "grass is False" in answer.sentence
    assert "rule is calm or wild" in answer.sentence
    assert answer.values["constraints"] == ["grass == False", "rule in ('calm', 'wild')"]
    assert answer.next.space.fixed["grass"] is False
    assert answer.next.space.varied["rule"].values == ("calm", "wild")


def test_limits_lie_between_points_and_are_short():
    results = results_of({"y": lambda runs, rng: (runs["rate"] > 0.03) & (runs["wolves"] <= 20)}, size=512)
    observed = observe_event(results, "y")
    space = space_of(observed)
    boxes, _ = search(space)
    limits = {limit.name: limit for limit in limits_of(observed.factors, space, boxes[0])}
    assert 0.025 < limits["rate"].low < 0.033
    assert len(limits["rate"].constraint) < 16
    assert limits["wolves"].constraint == "wolves <= 20"
    assert limits["wolves"].text == "wolves is 20 or less"


def test_where_only_chance_rules_that_is_said():
    results = results_of({"y": lambda runs, rng: rng.random(len(runs)) < 0.3}, size=128)
    answer = results.discover("y")
    assert "no part of the space" in answer.sentence
    assert answer.values["p"] > 0.05
    assert answer.next.design == ml.Sobol(256)


def test_a_density_that_is_no_share_is_refused(results):
    with pytest.raises(OutcomeError, match="density is 80"):
        results.discover("Wolves == 0", density=80)


def test_an_event_that_the_outcome_suggests_is_put_into_words(results):
    said = results.discover("Wolves").sentence
    assert "Wolves == 0 holds in" in said
    assert (
        "The event is that Wolves after 100 steps is 0, as in some runs and not in others; another one can be"
        in said
    )
    assert (
        "The event is that R over S after 100 steps is in its highest tenth"
        in results.discover("R over S").sentence
    )
    assert "The event is" not in results.discover("Wolves > 3").sentence
    assert "The event is" not in results.discover("extinct").sentence
