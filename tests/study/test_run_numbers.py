import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesa_lab.study.run_numbers import plan, ranges


def pairs(layout, **options):
    found = plan(layout, **options)
    return list(zip(found.point.tolist(), found.replication.tolist(), strict=True))


def test_all_points_once_then_the_next_replication():
    assert pairs([(3, 2)]) == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]


def test_growth_keeps_the_numbers_and_fills_the_balance_first():
    assert pairs([(2, 1), (3, 2)]) == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    assert pairs([(2, 2), (3, 3)])[:4] == pairs([(2, 2)])
    assert pairs([(2, 2), (3, 3)])[4:] == [(2, 0), (2, 1), (0, 2), (1, 2), (2, 2)]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=5))
def test_however_it_grows_each_cell_has_one_number_that_stays(steps):
    layouts, points, rounds = [], 0, 0
    for more_points, more_rounds in steps:
        points, rounds = points + more_points, rounds + more_rounds
        layouts.append((points, rounds))
    whole = pairs(layouts)
    assert sorted(whole) == [(p, r) for p in range(points) for r in range(rounds)]
    for end in range(1, len(layouts)):
        before = pairs(layouts[:end])
        assert whole[: len(before)] == before


@pytest.mark.parametrize("replications", [1, 2])
def test_what_is_not_asked_for_leaves_the_other_numbers_alone(replications):
    found = plan([(3, 2)], np.array([True, False, True]), replications)
    assert found.run_id.tolist() == [0, 2, 3, 5][: 2 * replications]
    assert set(found.point.tolist()) == {0, 2}


def test_numbers_are_written_for_people():
    assert ranges([5]) == "5"
    assert ranges([0, 1, 2, 4, 6, 7]) == "0 to 2, 4, 6, 7"
    assert ranges(range(0, 40, 2)) == "0, 2, 4, 6, 8, 10, 12, 14 and more"
