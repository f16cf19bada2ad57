"""A draft for a question: what is filled in, what stays, and what is said where nothing can be recommended."""

from dataclasses import replace

import pytest

import mesa_lab as ml
from mesa_lab.drafts.draft import DesignDraft, Draft, Row, can_vary, for_model, with_others_varied
from mesa_lab.drafts.from_experiment import from_experiment
from mesa_lab.drafts.link import from_query, to_query
from mesa_lab.drafts.question import advise, ranges_in_words, with_question
from mesa_lab.drafts.to_experiment import parse
from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.models import describe
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


def test_parameters_vary_over_what_the_model_declares_and_those_without_a_range_are_named(tmp_path) -> None:
    (tmp_path / "declared.py").write_text(
        "import mesa\n"
        "model_params = {'pace': {'type': 'SliderFloat', 'value': 2, 'min': 1, 'max': 5, 'step': 0.5}}\n"
        "class Declared(mesa.Model):\n"
        "    def __init__(self, many=10, pace=2.0, grass: bool = True, title='name', rng=None):\n"
        "        super().__init__(rng=rng)\n"
    )
    description = describe(f"{tmp_path / 'declared.py'}:Declared")
    draft = for_model(description)
    fixed = replace(draft, rows=tuple(replace(row, kind="fixed") for row in draft.rows))
    assert ranges_in_words(fixed, description) == (
        "Ranges to vary them over: many guessed from the default; pace as the model's own sliders; "
        "grass all values that the model names. title has no range and stays fixed until you type one below."
    )
    typed = fixed.with_row(replace(fixed.row("many"), low="7"))
    assert "many as typed" in ranges_in_words(typed, description)
    varied = with_others_varied(typed, description)
    assert [(row.name, row.kind) for row in varied.rows] == [
        ("many", "integer"), ("pace", "real"), ("grass", "choice"), ("title", "fixed")
    ]  # fmt: skip
    experiment = parse(varied, description).experiment
    assert experiment.parameters["many"] == ml.Integer(7, 20)
    assert experiment.parameters["pace"] == ml.Real(1, 5)
    assert can_vary(varied, description) == ()
    assert ranges_in_words(with_others_varied(draft, description), description).startswith("title has no")


def test_the_same_words_everywhere() -> None:
    from mesa_lab.processing.analysis.shelf import all_questions

    words = {question.name: question.text for question in all_questions()}
    for question in QUESTIONS.values():
        if question.answer in words:
            assert words[question.answer] == question.text
