"""A run in a notebook's cell."""

import ipywidgets
import pytest

import mesa_lab as ml
from mesa_lab.errors import ParameterError, RunError
from mesa_lab.study import Study


def test_a_run_is_shown_in_a_cell_and_moved_by_its_buttons(wolves):
    results = ml.open_study(wolves).results
    view = results.watch(1, step=3)
    try:
        assert "application/vnd.jupyter.widget-view+json" in view._repr_mimebundle_()
        assert (view.frame.step, view.frame.check) == (3, "equal")
        controls, pictures, facts = view._box.children
        assert [type(picture.children[1]) for picture in pictures.children] == [ipywidgets.Image] * 2
        forward = next(each for each in controls.children if getattr(each, "tooltip", "") == "Step forward")
        forward.click()
        assert view.frame.step == 4
        assert "(as in the study)" in facts.value
        assert view.go(100).is_over
    finally:
        view.close()


def test_what_cannot_be_watched_is_said(wolves):
    results = ml.open_study(wolves).results
    with pytest.raises(ParameterError, match="99"):
        results.watch(99)
    with Study.open(wolves) as study, pytest.raises(RunError, match="open_study"):
        ml.Results(study).watch(0)
