"""A draft for a question: what is filled in, what stays, and what is said where nothing can be recommended."""

from dataclasses import replace

import pytest

import mesa_lab as ml
from mesa_lab.drafts.draft import DesignDraft, Draft, Row
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import from_query, to_query
from mesa_lab.drafts.question import advise, with_question
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.questions import QUESTIONS

ROWS = (Row("a", "real", low="0", high="1"), Row("b", "integer", low="1", high="9"), Row("c", fixed="3"))
DRAFT = Draft("package:Model", ROWS, max_steps="7", seed="5")


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_fills_in_a_design_that_can_be_run(question: str) -> None:
    filled = with_question(DRAFT, question)
    parsed = parse(filled)
    assert not parsed.errors
    assert parsed.experiment.question == question
    assert parsed.experiment.replications == QUESTIONS[question].replications
    assert parsed.experiment.common_random_numbers == QUESTIONS[question].common_random_numbers
    advice = advise(filled)
    assert advice.first.is_in(filled)
    assert parsed.experiment.n_runs == advice.first.n_runs <= advice.thorough.n_runs
    assert f"{advice.first.n_runs:,} run" in advice.first.reason
    assert replace(filled, **advice.thorough.fields) == filled or advice.thorough.n_runs > advice.first.n_runs


def test_the_rest_of_the_draft_stays_and_the_question_can_be_taken_back() -> None:
    filled = with_question(replace(DRAFT, seeds="1, 2"), "better")
    assert (filled.rows, filled.max_steps, filled.seed, filled.seeds) == (ROWS, "7", "5", "")
    back = with_question(filled, "")
    assert (back.question, back.design) == ("", filled.design)


def test_a_first_look_keeps_within_a_number_of_runs() -> None:
    asked = replace(DRAFT, question="matter")
    assert advise(asked, most_runs=520).first.design == DesignDraft("Saltelli", (("size", "64"),))
    assert advise(asked, most_runs=200).first.design.kind == "Morris"
    assert advise(asked).thorough.n_runs == 4096


def test_a_wrong_design_is_no_hindrance_but_a_wrong_parameter_is() -> None:
    wrong = replace(DRAFT, question="respond", design=DesignDraft("Sobol", (("size", "many"),)))
    assert advise(wrong).first.design.kind == "Sobol"
    wrong = wrong.with_row(Row("a", "real", low="x", high="1"))
    assert "once the fields below are right" in advise(wrong).problem
    assert with_question(wrong, "matter").design == wrong.design
    fixed = replace(DRAFT, rows=(Row("c", fixed="3"),), question="matter")
    assert "Nothing varies" in advise(fixed).problem
    assert advise(DRAFT) is None


def test_the_question_is_kept_in_files_and_links() -> None:
    experiment = ml.Experiment("package:Model", {"a": [1, 2]}, question="better")
    assert 'question = "better"' in experiment.to_toml()
    assert ml.Experiment.from_toml(experiment.to_toml()) == experiment
    draft = from_experiment(experiment)
    assert draft.question == "better"
    assert from_query(to_query(draft)) == draft
    assert "question" not in ml.Experiment("package:Model", {"a": [1, 2]}).to_toml()


def test_an_unknown_question_is_named_in_python_and_left_out_of_a_link() -> None:
    with pytest.raises(ExperimentError, match="Did you mean 'matter'"):
        ml.Experiment("package:Model", {"a": [1, 2]}, question="mattr")
    assert parse(replace(DRAFT, question="<script>")).experiment.question is None
    assert advise(replace(DRAFT, question="<script>")) is None


def test_the_same_words_everywhere() -> None:
    from mesa_lab.processing.analysis.shelf import all_questions

    words = {question.name: question.text for question in all_questions()}
    for question in QUESTIONS.values():
        if question.answer in words:
            assert words[question.answer] == question.text
