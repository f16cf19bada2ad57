"""For authors of plug-ins: results that no model had to make, and the tests that every question must pass.

`synthetic_results` gives results of a real experiment with outcomes computed by a function, so that a statistic can be tried on
data whose truth is known. `check_question` runs the tests that the questions of Mesa Lab pass, over one of yours, on a study of
each kind. A test module is a few lines:

    import pytest
    from mesa_lab.testing import STUDIES, check_question

    @pytest.mark.parametrize("study", STUDIES)
    def test_my_question(study):
        check_question(MY_QUESTION, study)
"""

from mesa_lab.testing.conclusion_suite import check_conclusion, check_question
from mesa_lab.testing.study_kinds import STUDIES, study_of_kind
from mesa_lab.testing.synthetic_study import SyntheticStudy, synthetic_results

__all__ = [
    "STUDIES",
    "SyntheticStudy",
    "check_conclusion",
    "check_question",
    "study_of_kind",
    "synthetic_results",
]
