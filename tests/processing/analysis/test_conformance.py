"""Every question passes the same tests on a study of every kind."""

import pytest

from mesa_lab.processing.analysis.shelf import all_questions
from mesa_lab.testing import STUDIES, check_question


@pytest.mark.parametrize("question", all_questions(), ids=lambda question: question.name)
@pytest.mark.parametrize("study", [study for study in STUDIES if study != "large"])
def test_a_question_passes_on_every_kind_of_study(question, study):
    check_question(question, study)
