"""What is shown of a model."""

import pytest

from mesa_lab.app.components.model_view import reference_text
from mesa_lab.preparation.code_permission import Elsewhere, set_elsewhere


@pytest.fixture
def students_models():
    """All files of a folder `own_code` are students'."""
    set_elsewhere(Elsewhere(lambda named: "own_code" in named.place, str, lambda _: object, lambda *_: None))
    yield
    set_elsewhere(None)


def test_a_student_does_not_read_where_the_teacher_keeps_things(students_models):
    own = "/home/teacher/class/visitors/f9cb/own_code/wealth.py"
    assert reference_text(f"{own}:Savers") == "wealth.py:Savers"
    assert reference_text(own) == "wealth.py"
    assert reference_text("models/wealth.py:Savers") == "models/wealth.py:Savers"
    assert reference_text("mesa.examples:Schelling") == "mesa.examples:Schelling"
