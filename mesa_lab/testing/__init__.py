"""For authors of plug-ins: data that no model had to make, and the tests that designs, charts and questions must pass.

`synthetic_results` gives results of a real experiment with outcomes computed by a function, so that a statistic can be tried on
data whose truth is known. The checks are those that the designs, charts and questions of Mesa Lab pass: `check_design` makes the
points of a design on a parameter space of each kind, `check_chart` draws a study of each kind, and `check_question` asks a
question of one. They raise an AssertionError that says what is expected. A test module is a few lines:

    import pytest
    from mesa_lab.testing import SPACES, STUDIES, check_chart, check_design, check_question

    @pytest.mark.parametrize("space", SPACES)
    def test_my_design(space):
        check_design(MyDesign(), space)

    @pytest.mark.parametrize("study", STUDIES)
    def test_my_chart(study):
        check_chart(MY_CHART, study)

    @pytest.mark.parametrize("study", STUDIES)
    def test_my_question(study):
        check_question(MY_QUESTION, study)

`play_search` plays a search on a function in place of a model, and `check_method` runs the tests that the methods of searching pass:

    from mesa_lab.testing import METHOD_TESTS, check_method

    @pytest.mark.parametrize("test", METHOD_TESTS)
    def test_my_method(test):
        check_method(MyMethod("loss"), test)
"""

from mesa_lab.testing.chart_suite import check_chart
from mesa_lab.testing.conclusion_suite import check_conclusion, check_question
from mesa_lab.testing.design_suite import check_design
from mesa_lab.testing.method_suite import METHOD_TESTS, check_method
from mesa_lab.testing.played_search import PlayedSearch, play_search
from mesa_lab.testing.space_kinds import SPACES, space_of_kind
from mesa_lab.testing.study_kinds import STUDIES, study_of_kind
from mesa_lab.testing.synthetic_study import SyntheticStudy, synthetic_results

__all__ = [
    "METHOD_TESTS",
    "SPACES",
    "STUDIES",
    "PlayedSearch",
    "SyntheticStudy",
    "check_chart",
    "check_conclusion",
    "check_design",
    "check_method",
    "check_question",
    "play_search",
    "space_of_kind",
    "study_of_kind",
    "synthetic_results",
]
