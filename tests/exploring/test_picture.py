"""The curves as a chart, and the experiment of a setting."""

import altair as alt
import pytest

import mesa_lab as ml
from mesa_lab.exploring.measured import Ran
from mesa_lab.exploring.picture import chart_of
from mesa_lab.exploring.session import Session
from mesa_lab.processing.export.chart_image import render


@pytest.fixture
def measured(tmp_path):
    """A session with values that came from nowhere."""
    parameters = {"density": ml.Real(0.1, 1, log=True), "radius": ml.Choice([1, 2, "far"])}
    experiment = ml.Experiment("mesa.examples:Schelling", parameters)
    session = Session(experiment, tmp_path / "made.study")
    for number in range(12):
        setting = {"density": 0.15 + 0.07 * number, "radius": (1, 2, "far")[number % 3]}
        for replication in range(2):
            session.measured.add(Ran(setting, replication, {"happy": number + replication}))
    return session


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_has_a_curve_for_each_parameter(measured, theme):
    chart = chart_of(measured, ["happy"], theme)
    assert isinstance(chart, alt.VConcatChart)
    assert len(chart.vconcat[0].hconcat) == 2
    assert render(chart, "png").startswith(b"\x89PNG")


def test_a_surface_has_a_value_for_each_pair_of_values(measured):
    surface = measured.surface("happy", "density", "radius")
    assert surface.mean.shape == (len(surface.across_values), 3)
    assert surface.up_values == (1, 2, "far")


def test_a_setting_is_an_experiment(measured):
    measured.move({"density": 0.5, "radius": "far"})
    assert list(measured.here(3).points()) == [{"density": 0.5, "radius": "far"}]
    assert measured.here(3).n_runs == 3
