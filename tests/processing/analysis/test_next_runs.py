"""What is proposed to run next: for each point and in total, and nothing that is out of proportion."""

import re

import numpy as np

import mesa_lab as ml
from mesa_lab.testing import synthetic_results


def study(outcome, replications=20, **settings):
    settings = {"parameters": {"a": [0, 1], "b": [0, 1, 2]}} | settings
    experiment = ml.Experiment("none:None", replications=replications, **settings)
    return synthetic_results(experiment, {"y": outcome})


def test_runs_out_of_proportion_are_said_in_words_and_not_offered():
    results = study(lambda runs, rng: 100 + rng.normal(size=len(runs)))
    answer = results.replications("y", within=0.002)
    assert not answer.next_in_proportion
    assert re.search(
        r"[\d,]+ more runs\) would .* times the 120 runs there are, and out of proportion",
        answer.next_sentence,
    )
    sensible = results.replications("y", within=0.3)
    assert sensible.next is not None
    assert sensible.next_in_proportion
    assert "proportion" not in sensible.next_sentence


def test_a_difference_that_takes_too_many_runs_is_below_what_can_be_told():
    def outcome(runs, rng):
        return runs["replication"] % 2 + 1e-3 * runs["a"] + 1e-4 * rng.normal(size=len(runs))

    answer = study(outcome, parameters={"a": [0, 1]}).compare("y", margin=1e-3)
    assert answer.next is None
    assert answer.next_sentence == "No number of runs within reason shows a difference of 0.001."
    answer = study(outcome, parameters={"a": [0, 1]}).compare("y", margin=0.01)
    assert answer.next is None
    assert re.match(
        r"About [\d,]+ more runs of each scenario would .* out of proportion", answer.next_sentence
    )


def test_what_is_proposed_is_said_for_each_point_and_in_total():
    def outcome(runs, rng):
        return 0.3 * runs["a"] + rng.normal(size=len(runs))

    answer = study(outcome, replications=10).compare("y", by="a")
    more = answer.next.replications - 10
    assert f"That is {more} more run" in answer.next_sentence
    assert answer.next_sentence.endswith(f"of each of the 6 points: {6 * more} in total.")
    assert "of each scenario" in answer.next_sentence


def test_an_interval_that_leaves_out_0_says_why_that_is_not_enough():
    def outcome(runs, rng):
        return 0.75 * runs["a"] + np.random.default_rng(5).normal(size=len(runs))

    answer = study(outcome, parameters={"a": [0, 1]}).compare("y")
    row = answer.table.iloc[0]
    assert row["low"] > 0
    assert row["verdict"] == "cannot tell yet"
    for text in (answer.sentence, answer.unknown[0]):
        assert "the interval leaves out 0, but not by enough, since runs may still be added" in text
        assert "cannot be told" not in text
    assert (
        "compare(…, looks=1) in Python, --question compare --with looks=1 in the terminal"
        in answer.unknown[0]
    )
    assert "More runs settle it." in answer.unknown[0]
    several = study(outcome, parameters={"a": [0, 0.2, 0.05]}).compare("y", looks=1)
    assert "of two comparisons one may seem clear by luck" in " ".join([several.sentence, *several.unknown])
