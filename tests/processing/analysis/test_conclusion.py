"""Conclusions as data, the shelf of questions, and how a long computation is ended."""

import json
from importlib import metadata

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.errors import ConclusionError, OutcomeError
from mesa_lab.processing.analysis.cancellation import Cancelled, cancellable, check_cancelled
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.shelf import (
    QUESTIONS,
    all_questions,
    conclusions,
    find_question,
    fitting,
)
from mesa_lab.testing import study_of_kind, synthetic_results


@pytest.fixture
def plain():
    return study_of_kind("plain")


def conclusion(**more):
    given = {
        "name": "mean",
        "question": "How <much>?",
        "outcome": "y",
        "sentence": "On average <b>3</b>.",
        "table": pd.DataFrame({"<i>": [1.0, float("nan"), float("inf")], "b": [1, None, 3]}),
        "warnings": ["It is <u>few</u>."],
        "unknown": ["The rest."],
        "values": {"mean": np.float64(3.0), "p": float("nan"), "n": np.int64(4)},
        "next_sentence": "Run more.",
    }
    return ml.Conclusion(**given | more)


def test_it_is_plain_data():
    one = conclusion()
    assert one.values["mean"] == 3.0
    assert type(one.values["n"]) is int
    assert one.warnings == ("It is <u>few</u>.",)
    with pytest.raises(TypeError):
        one.values["mean"] = 4
    with pytest.raises(AttributeError):
        one.sentence = "Other."


def test_as_json_it_has_no_numbers_that_json_lacks():
    text = json.dumps(conclusion().to_dict(), allow_nan=False)
    read = json.loads(text)
    assert read["table"][0] == {"<i>": 1.0, "b": 1.0}
    assert read["table"][1]["<i>"] is None
    assert read["table"][2]["<i>"] is None
    assert read["values"] == {"mean": 3.0, "p": None, "n": 4}
    assert read["next"] == {"sentence": "Run more.", "runs": 0, "grows": True, "experiment": None}


def test_as_json_the_next_experiment_is_its_file(plain):
    answer = plain.best("y")
    written = json.loads(json.dumps(answer.to_dict()))["next"]
    assert written["runs"] == answer.next_runs
    assert written["experiment"]["design"]["type"] == type(answer.next.design).__name__


def test_in_a_notebook_everything_is_escaped():
    bundle = conclusion()._repr_mimebundle_()
    html = bundle["text/html"]
    for raw in ("<much>", "<b>3</b>", "<i>", "<u>"):
        assert raw not in html
    assert "&lt;b&gt;3&lt;/b&gt;" in html
    assert bundle["text/plain"].startswith("How <much>?\nOn average")
    assert "Next: Run more." in bundle["text/plain"]


def test_in_a_notebook_it_is_sentence_chart_and_table(plain):
    html = plain.sensitivity("y")._repr_html_()
    assert html.index("depend") < html.index('<img src="data:image/svg+xml;base64,') < html.index("<table>")


def test_a_long_table_is_cut_in_a_notebook_and_whole_as_data():
    many = conclusion(table=pd.DataFrame({"a": range(40)}))
    assert "… 28 more rows" in many._repr_html_()
    assert len(many.to_dict()["table"]) == 40


def test_charts_are_found_by_name(plain):
    answer = plain.sensitivity("y")
    assert answer.chart().to_dict() == answer.chart("indices").to_dict()
    with pytest.raises(OutcomeError, match="no chart 'indecis'.*Did you mean 'indices'"):
        answer.chart("indecis")
    with pytest.raises(OutcomeError, match="has no chart"):
        conclusion().chart()


def test_questions_are_named_and_worded():
    names = [question.name for question in QUESTIONS]
    assert len(set(names)) == len(names)
    for question in QUESTIONS:
        assert question.text.endswith("?")
        assert hasattr(ml.Results, question.name)
    with pytest.raises(OutcomeError, match="Unknown question 'sensitivty'.*Did you mean 'sensitivity'"):
        find_question("sensitivty")


def test_options_that_a_question_does_not_have_are_refused(plain):
    with pytest.raises(
        OutcomeError, match="'effects' has no option 'levle'.*There are: level.*Did you mean 'level'"
    ):
        find_question("effects").ask(plain, "y", levle=0.9)


def test_unknown_outcomes_are_refused(plain):
    for question in QUESTIONS:
        with pytest.raises(OutcomeError, match="'yy'"):
            question.ask(plain, "yy")
    with pytest.raises(OutcomeError, match="Unknown outcome 'yy'"):
        plain.conclusions("yy")


def test_what_fits_comes_in_the_order_of_the_design():
    assert fitting(study_of_kind("saltelli"), "y")[0][0].name == "sensitivity"
    assert fitting(study_of_kind("fractional factorial"), "y")[0][0].name == "effects"
    assert fitting(study_of_kind("central composite"), "y")[0][0].name == "surface"
    fit, reasons = fitting(study_of_kind("plain"), "y")
    assert "effects" not in [question.name for question in fit]
    assert "Ask for sensitivity or surface" in reasons["effects"]


def test_what_does_not_fit_says_why():
    constant = study_of_kind("constant")
    with pytest.raises(ConclusionError, match="'y' is 3 in all 96 runs: there is no difference to explain"):
        constant.sensitivity("y")
    with pytest.raises(ConclusionError, match="no parameter varies"):
        study_of_kind("nothing varies").sensitivity("y")
    with pytest.raises(ConclusionError, match="All 96 runs failed or timed out"):
        study_of_kind("all runs failed").effects("y")
    with pytest.raises(ConclusionError, match="not a number"):
        study_of_kind("text").surface("y")


def test_the_first_outcome_is_taken_where_none_is_named(plain):
    assert plain.sensitivity().outcome == "y"
    assert [answer.outcome for answer in plain.conclusions()][:1] == ["y"]


def test_what_is_recorded_of_each_run_can_be_asked_about():
    experiment = ml.Experiment(
        "none:None", {"a": ml.Real(0, 1)}, design=ml.LatinHypercube(30), replications=2
    )
    results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"]})
    with pytest.raises(ConclusionError, match="'run_seconds' is 0.1 in all 60 runs"):
        results.sensitivity("run_seconds")


def test_conclusions_come_one_by_one(plain):
    coming = conclusions(plain, "y")
    first = next(coming)
    assert first.name == "sensitivity"
    assert [answer.name for answer in coming]


def test_a_conclusion_can_be_ended_from_outside(plain):
    asked = []

    def after_ten():
        asked.append(1)
        return len(asked) > 10

    with pytest.raises(Cancelled):
        list(conclusions(plain, "y", cancelled=after_ten))
    assert len(asked) == 11
    check_cancelled()  # nothing is left of it


def test_ending_one_thread_ends_no_other():
    from concurrent.futures import ThreadPoolExecutor

    def work(stop):
        with cancellable(lambda: stop):
            try:
                check_cancelled()
            except Cancelled:
                return "ended"
            return "went on"

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, [True, False])) == ["ended", "went on"]


def _of_other_package(results, outcome):
    return conclusion(name="other", question="Is it so?", outcome=outcome)


OTHER = Question("other", "Is it so?", "Ask it always.", lambda results, outcome: None, _of_other_package)


@pytest.mark.parametrize(("value", "works"), [("OTHER", True), ("conclusion", False), ("missing", False)])
def test_other_packages_add_questions(monkeypatch, plain, value, works):
    entry = metadata.EntryPoint("other", f"{__name__}:{value}", "mesa_lab.conclusions")

    def entry_points(group):
        return [entry] if group == "mesa_lab.conclusions" else []

    monkeypatch.setattr(metadata.EntryPoint, "load", lambda self: globals()[value])
    monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
    if works:
        assert find_question("other").ask(plain, "y").question == "Is it so?"
    else:
        with pytest.raises(ConclusionError, match="'other'"):
            all_questions()
