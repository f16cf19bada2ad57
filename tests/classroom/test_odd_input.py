"""What students do by mistake or for fun: twice, late, and far too much of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import mesa_lab as ml
from mesa_lab.errors import MesaLabError
from mesa_lab.preparation.experiment import Experiment

LINES = "x = 1\n" * 1_000_000


def experiment(room, **changes):
    words = {"replications": 2, "max_steps": 1, "outcomes": ["n"]}
    return Experiment(room.model, {"n": [1, 2]}, **{**words, **changes})


def test_two_tabs_that_begin_at_one_moment_make_one_study(open_room):
    room = open_room()
    assignments = room.classroom.assignments
    given = [
        assignments.give(f"Number {n}", "", experiment(room), pooled=n % 2 == 0, seats=3) for n in range(4)
    ]
    ada = room.student("ada")
    with ThreadPoolExecutor(8) as tabs:
        for assignment in given:
            begun = [tabs.submit(room.classroom.begin_assignment, assignment.number, ada) for _ in range(8)]
            assert {each.result() for each in begun} == {assignment.study_name}
    assert len(room.classroom.progress()[0].studies) == 4


def test_two_tabs_that_hand_in_at_one_moment_make_one_answer(open_room):
    room = open_room()
    given = room.classroom.assignments.give("Which n?", "", experiment(room), pooled=False)
    ada, mine = room.student("ada"), experiment(room, replications=3)
    with ThreadPoolExecutor(8) as tabs:
        handed = [tabs.submit(room.classroom.begin_assignment, given.number, ada, mine) for _ in range(8)]
        assert {each.result() for each in handed} == {given.study_name}
    place = f"visitors/{ada.id}/{given.study_name}.study"
    assert room.status(place).n_runs == 6
    with ThreadPoolExecutor(8) as tabs:  # and press "Start" in each
        list(tabs.map(room.run, [place] * 8))
    room.until_done(place)
    assert room.status(place).done == 6


def test_who_joins_twice_or_late_has_one_place_and_the_assignment(open_room):
    room = open_room()
    given = room.classroom.assignments.give("Together", "", experiment(room), seats=2)
    ada = room.student("ada")
    name = room.classroom.begin_assignment(given.number, ada)
    room.run(f"visitors/{ada.id}/{name}.study")
    again = room.student("ada")
    assert (again.id, again.number, again.word) == (ada.id, ada.number, ada.word)
    assert room.classroom.begin_assignment(given.number, again) == name
    # There were seats for two: who comes third has the runs of the first, which are counted once.
    late = [room.student(each) for each in ("bob", "cem")]
    places = [
        f"visitors/{each.id}/{room.classroom.begin_assignment(given.number, each)}.study" for each in late
    ]
    room.run(*places)
    room.until_done(f"visitors/{ada.id}/{name}.study", *places)
    pooled = ml.open_study(room.classroom.folder / f"{room.classroom.pool(given.number)}.study").results
    assert len(pooled.runs) == 2 * 2 * 2
    assert pooled.runs["seed"].nunique() == 2 * 2 * 2


def test_a_million_lines_are_refused_in_a_line(open_room):
    room = open_room()
    roster = room.classroom.roster
    for code, name, word in ((LINES, "Eve", ""), (roster.code, LINES, ""), (roster.code, "ada", LINES)):
        room.student("ada")
        with pytest.raises(MesaLabError) as refused:
            roster.join("another browser", code, name, word)
        assert len(str(refused.value)) < 400
    assert [each.name for each in roster.students()] == ["ada"]
    roster.say(LINES)
    roster.saw(roster.students()[0].id, LINES)
    assert len(roster.message) <= 500
    given = room.classroom.assignments.give(LINES, LINES, experiment(room), pooled=False)
    assert len(given.title) <= 80
    assert len(given.text) <= 2000


def test_a_table_of_a_million_points_is_no_answer_and_costs_nobody_anything(open_room):
    room = open_room()
    given = room.classroom.assignments.give("Which n?", "", experiment(room), pooled=False)
    ada, bob = room.student("ada"), room.student("bob")
    many = Experiment(room.model, {"n": list(range(1, 200_001))}, max_steps=1, outcomes=["n"])
    with pytest.raises(MesaLabError) as refused:
        room.classroom.begin_assignment(given.number, ada, many)
    assert len(str(refused.value)) < 400
    assert not room.classroom.answers(given.number)
    place = room.study(bob)
    room.run(place)
    room.until_done(place)
