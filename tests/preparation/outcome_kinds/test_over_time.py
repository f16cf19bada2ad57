"""Outcomes over time as they are written: in Python, in files, in forms."""

import pickle

import pytest

import mesa_lab as ml
from mesa_lab.drafts.draft import Draft
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import ExperimentError, OutcomeError
from mesa_lab.preparation.experiment_file.python_script import to_python
from mesa_lab.preparation.experiment_file.read import from_toml
from mesa_lab.preparation.experiment_file.write import to_toml
from mesa_lab.preparation.outcome_kinds.over_time import STATISTICS, read_phrase
from mesa_lab.preparation.outcomes import parse_outcomes, typed_outcome
from mesa_lab.workspace.trust import code_in

Outcome = ml.Outcome
ALL = [
    *(Outcome("infected", over=statistic) for statistic in STATISTICS),
    Outcome("infected", over='first "infected > 5"'),
    Outcome("infected", over="mean", warm_up=100),
    Outcome("infected", over="mean", after_end="carry"),
    Outcome("count(Wolf)", over="sd", warm_up=3, after_end="carry"),
]


def experiment(outcomes):
    return ml.Experiment("mesa.examples:Schelling", {"density": [0.5, 0.8]}, outcomes=outcomes, max_steps=50)


@pytest.mark.parametrize("outcome", ALL, ids=lambda outcome: outcome.name)
def test_an_outcome_comes_back_from_a_file_a_form_and_a_worker(outcome):
    for each in (
        outcome,
        Outcome("own name", outcome.source, outcome.over, outcome.warm_up, outcome.after_end),
    ):
        before = experiment([each, "happy"])
        after = from_toml(to_toml(before), ml.Experiment)
        assert after.protocol.outcomes == before.protocol.outcomes
        scope = {}
        exec(to_python(before), scope)
        assert scope["experiment"].protocol.outcomes == before.protocol.outcomes
        assert pickle.loads(pickle.dumps(each)) == each
        draft = from_experiment(before)
        assert draft.outcomes[0] == (each.name, each.phrase)
        assert parse(draft).experiment.protocol.outcomes == before.protocol.outcomes


def test_a_file_may_hold_it_in_every_form():
    text = """
model = "mesa.examples:Schelling"
outcomes = [
    "happy",
    { outcome = "happy", over = "max" },
    { name = "when", outcome = "happy", over = "time of max", warm_up = 10 },
    { over = 'first "happy > 5"' },
]
"""
    found = from_toml(text, ml.Experiment).protocol.outcomes
    assert [each.name for each in found] == ["happy", "max of happy", "when", "first happy > 5"]
    assert found[2].warm_up == 10
    named = from_toml(
        'model = "mesa.examples:Schelling"\n[outcomes]\npeak = { outcome = "happy", over = "max" }\nhappy = "happy"\n',
        ml.Experiment,
    )
    assert [each.name for each in named.protocol.outcomes] == ["peak", "happy"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"over": "maximum"}, "Did you mean 'max'"),
        ({"over": "first"}, 'first "condition"'),
        ({"over": 'first "infected >"'}, "does not parse"),
        ({"over": "first \"__import__('os').system('true')\""}, "may call functions by their plain name"),
        ({"over": "max", "warm_up": -1}, "warm_up is -1"),
        ({"over": "max", "warm_up": True}, "warm_up is True"),
        ({"over": "max", "after_end": "repeat"}, "after_end is 'repeat'"),
        ({"warm_up": 5}, "is the value at the end of a run"),
    ],
)
def test_what_is_wrong_is_said(given, message):
    with pytest.raises((OutcomeError, ExperimentError), match=message):
        Outcome("infected", **given)


def test_fields_that_there_are_not_are_refused():
    with pytest.raises(OutcomeError, match="Did you mean 'over'"):
        parse_outcomes([{"outcome": "infected", "ovr": "max"}])
    with pytest.raises(OutcomeError, match="needs an 'outcome'"):
        parse_outcomes([{"over": "max"}])


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ("max(infected)", "max"),
        ("mean(infected)", "mean"),
        ("time_of_max(infected)", "time of max"),
        ("avg(infected)", "mean"),
    ],
)
def test_a_statistic_over_steps_that_is_written_as_one_over_agents_gets_advice(text, over):
    with pytest.raises(OutcomeError) as found:
        Outcome(text)
    assert f'{{ outcome = "infected", over = "{over}" }}' in str(found.value)
    assert f'ml.Outcome("infected", over="{over}")' in str(found.value)


def test_statistics_over_agents_are_what_they_were():
    assert Outcome("max(Wolf.energy)").statistic.statistic == "max"
    assert Outcome("max(Wolf.energy)", over="max").name == "max of max(Wolf.energy)"


def test_carrying_on_needs_an_end():
    with pytest.raises(ExperimentError, match="Set max_steps"):
        ml.Experiment(
            "mesa.examples:Schelling",
            {"density": [0.5]},
            stop_when="happy > 5",
            outcomes=[Outcome("happy", over="mean", after_end="carry")],
        )


def test_a_reporter_of_such_a_name_stays_a_reporter():
    assert Outcome("mean of wealth").over is None
    assert parse_outcomes(["mean of wealth"])[0].over is None
    assert typed_outcome("mean of wealth").over == "mean"
    assert typed_outcome("mean of wealth", reporters=["mean of wealth"]).over is None


@pytest.mark.parametrize(
    "text", ["Wolves", "count(Wolf)", "tools:count", "number of wolves", "first", "max infected", "max of"]
)
def test_other_texts_say_nothing_of_time(text):
    assert read_phrase(text) is None


def test_code_behind_a_phrase_is_asked_for():
    draft = Draft(
        "wolf.py:Wolf", outcomes=(("", "max of tools:count"), ("x", "mean of evil.py:run from step 3"))
    )
    assert [code.text for code in code_in(draft)] == ["wolf.py:Wolf", "tools:count", "evil.py:run"]
    assert [code.text for code in Outcome("tools:count", over="max").named_code] == ["tools:count"]


def test_a_condition_over_what_the_model_has_not_is_refused_before_it_runs():
    with pytest.raises(ExperimentError, match="Did you mean 'happy'"):
        experiment([Outcome("happy", over='first "hapy > 5"')]).check()
    experiment([Outcome("happy", over='first "happy > 5"')]).check()
    with pytest.raises(OutcomeError, match="Unknown outcome 'hapy'"):
        experiment([Outcome("hapy", over="max")]).check()
