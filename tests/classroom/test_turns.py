"""Everybody gets a turn before anybody gets many."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from mesa_lab.classroom.turns import Turns, runs_in_turn

NAMES = st.lists(st.integers(0, 30).map(str), min_size=1, max_size=30, unique=True)


@given(NAMES)
def test_everybody_has_a_first_turn_before_anybody_has_a_second(names):
    turns = Turns()
    assert {turns.next(names) for _ in names} == set(names)


@given(NAMES, st.integers(1, 200))
def test_those_who_wait_all_the_time_have_equally_many_turns(names, rounds):
    turns = Turns()
    had = Counter(turns.next(names) for _ in range(rounds))
    assert max(had.values()) - min(had[name] for name in names) <= 1


def test_who_comes_late_goes_first_and_gains_nothing_after_that():
    turns = Turns()
    for _ in range(100):
        turns.next(["ada", "bob"])
    had = [turns.next(["ada", "bob", "cem"]) for _ in range(9)]
    assert had[0] == "cem"
    assert Counter(had) == {"ada": 3, "bob": 3, "cem": 3}


def test_the_teacher_goes_before_all_others():
    turns = Turns(first=["teacher"])
    assert [turns.next(["ada", "teacher"]) for _ in range(3)] == ["teacher"] * 3
    assert turns.next(["ada"]) == "ada"
    assert turns.next([]) is None


def test_who_waits_is_told_how_many_go_first():
    turns = Turns()
    for name in ("ada", "bob", "cem"):
        turns.next([name])
    assert [turns.before(name, ["ada", "bob", "cem"]) for name in ("ada", "bob", "cem")] == [0, 1, 2]


def test_a_turn_takes_a_moment_however_long_runs_are():
    assert runs_in_turn(None, alone=True) == 1, "nobody knows yet how long a run takes"
    assert runs_in_turn(1000.0, alone=False) == 1
    assert 1 < runs_in_turn(0.02, alone=False) < runs_in_turn(0.02, alone=True)
    assert runs_in_turn(0.0, alone=True) <= 400
