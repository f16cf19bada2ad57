import numpy as np
import pytest

from mesa_lab.app.explore.profiler import span_of
from mesa_lab.exploring.measured import Summary
from mesa_lab.exploring.profiles import Mark, Profile

NOTHING = np.zeros(0)


def profile(*marks):
    """A line without a curve, on which this was measured."""
    found = tuple(Mark(place, float(place), summary, False) for place, summary in enumerate(marks))
    nowhere = np.zeros(0, np.bool_)
    return Profile("x", "p", (), NOTHING, NOTHING, NOTHING, NOTHING, nowhere, nowhere, found)


def test_intervals_of_what_was_measured_can_be_seen():
    low, high = span_of([], [profile(Summary(5, 10.0, 8.0, 12.0), Summary(5, 20.0, 17.0, 23.0))])
    assert low <= 8
    assert high >= 23


def test_an_interval_of_two_runs_leaves_the_curves_half_of_the_scale():
    low, high = span_of([], [profile(Summary(2, 10.0, -900.0, 920.0), Summary(5, 20.0, 17.0, 23.0))])
    assert high - low == pytest.approx(2 * (20 - 10) * 1.24)


def test_one_setting_alone_shows_all_of_its_interval():
    low, high = span_of([10.0], [profile(Summary(2, 10.0, -90.0, 110.0))])
    assert (low < -90, high > 110) == (True, True)
