"""Assignments, pooling, and all studies in one archive."""

import csv
import io
import sqlite3
import zipfile
from contextlib import closing

import numpy as np
import pytest

import mesa_lab as ml
from mesa_lab.classroom.answers import rules_of
from mesa_lab.classroom.assignments import Assignments
from mesa_lab.errors import ParameterError, StudyError
from mesa_lab.preparation.experiment import Experiment


def experiment(room, replications=5):
    return Experiment(room.model, {"n": [1, 2]}, replications=replications, max_steps=1, outcomes=["n"])


def test_each_student_runs_other_seeds_and_all_become_one_study(open_room):
    room = open_room()
    given = room.classroom.assignments.give("Five seeds", "What is the mean?", experiment(room), seats=3)
    names = []
    for name in ("ada", "bob", "cem"):
        student = room.student(name)
        study = room.classroom.begin_assignment(given.number, student)
        names.append(f"visitors/{student.id}/{study}.study")
        assert room.classroom.begin_assignment(given.number, student) == study, "it is begun once"
        runs = ml.open_study(room.classroom.folder / names[-1]).plan()
        assert np.bincount(runs.point).tolist() == [5, 5], "each has all points, each as often"
    room.run(*names)
    room.until_done(*names)
    pooled = room.classroom.pool(given.number)
    results = ml.open_study(room.classroom.folder / f"{pooled}.study").results
    assert len(results.runs) == 30
    assert results.runs["seed"].nunique() == 30
    assert (results.runs.groupby("point").size() == 15).all()
    progress = room.classroom.progress()
    assert [(each.student.name, each.done, each.answered) for each in progress] == [
        ("ada", 10, (1,)),
        ("bob", 10, (1,)),
        ("cem", 10, (1,)),
    ]

    path = room.classroom.archive(room.classroom.folder / "all.zip")
    with zipfile.ZipFile(path) as archive:
        assert {"ada/assignment 1.study", "bob/assignment 1.study", "class.csv"} <= set(archive.namelist())
        archive.extract("assignment 1 of all.study", room.classroom.folder / "home")
        rows = list(csv.DictReader(io.StringIO(archive.read("class.csv").decode())))
    assert [(row["name"], row["runs"]) for row in rows] == [("ada", "10"), ("bob", "10"), ("cem", "10")]
    taken = ml.open_study(room.classroom.folder / "home" / "assignment 1 of all.study").results
    assert len(taken.runs) == 30


def test_what_cannot_be_pooled_is_said(open_room):
    room = open_room()
    free = room.classroom.assignments.give("Free", "", experiment(room), pooled=False)
    with pytest.raises(StudyError, match="no one study"):
        room.classroom.pool(free.number)
    pooled = room.classroom.assignments.give("Together", "", experiment(room))
    with pytest.raises(StudyError, match="Nobody has begun"):
        room.classroom.pool(pooled.number)
    with pytest.raises(StudyError, match="no assignment 7"):
        room.classroom.begin_assignment(7, room.student("ada"))
    with pytest.raises(StudyError, match="title"):
        room.classroom.assignments.give("  ", "", experiment(room))
    room.classroom.assignments.close(pooled.number)
    assert [each.title for each in room.classroom.assignments.open_ones()] == ["Free"]


def test_a_name_is_no_path_in_the_archive(open_room):
    room = open_room()
    room.student("../../etc/=cmd()")
    path = room.classroom.archive(room.classroom.folder / "all.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["class.csv"]
        rows = list(csv.DictReader(io.StringIO(archive.read("class.csv").decode())))
    assert not set(rows[0]["folder"]) & set("./\\=()")


def test_of_a_question_what_is_free_is_answered_within_its_limits(open_room):
    room = open_room()
    asked = Experiment(room.model, {"n": [1, 5], "how": "well"}, max_steps=1, outcomes=["n"])
    given = room.classroom.assignments.give("Which n?", "", asked, pooled=False, most_runs=6)
    assert room.classroom.assignments.get(given.number).most_runs == 6
    assert rules_of(given) == "You may vary n (1 to 5); 6 runs at most."
    ada = room.student("ada")

    def hand_in(**changes):
        return room.classroom.begin_assignment(given.number, ada, asked.replace(**changes))

    for changes, said in (
        ({"parameters": {"n": [1, 9], "how": "well"}}, "n = 9 lies outside of its range"),
        ({"parameters": {"n": [1, 5], "how": ["well", "hang"]}}, "'how' varies in this design"),
        ({"parameters": {"n": [1, 5], "how": "hang"}}, "'how' is 'hang' in this design"),
        ({"parameters": {"how": "well"}}, "about n: give it a value"),
        ({"replications": 4}, "8 runs, and the assignment 'Which n\\?' allows 6"),
        ({"max_steps": 2}, "steps of this design is 2"),
        ({"model": "mesa.examples:Schelling", "parameters": {"density": [0.5, 0.6]}}, "is about"),
    ):
        with pytest.raises(StudyError if "outside" not in said else ParameterError, match=said):
            hand_in(**changes)
    assert not room.classroom.answers(given.number)
    name = hand_in(parameters={"n": [1, 2, 4]}, replications=2)  # the default of "how" may be left out
    place = f"visitors/{ada.id}/{name}.study"
    room.run(place)
    room.until_done(place)
    assert room.classroom.progress()[0].answered == (given.number,)
    with pytest.raises(StudyError, match="begun 'Which n\\?' with another design"):
        hand_in(max_steps=1, parameters={"n": [3, 5]}, seed=8)
    room.classroom.assignments.close(given.number)
    with pytest.raises(StudyError, match="is over"):
        room.classroom.begin_assignment(given.number, room.student("bob"))


def test_a_study_that_only_has_the_name_of_an_assignment_costs_the_others_nothing(open_room):
    room = open_room()
    given = room.classroom.assignments.give("Together", "", experiment(room, 2), seats=3)
    ada, eve, odd = (room.student(name) for name in ("ada", "eve", "odd"))
    answer = f"visitors/{ada.id}/{room.classroom.begin_assignment(given.number, ada)}.study"
    other = room.study(eve, name=given.study_name, replications=9, n=7)
    nonsense = room.classroom.workspace(odd.id).folder / f"{given.study_name}.study"
    nonsense.parent.mkdir()
    nonsense.write_bytes(b"no study" * 200)
    room.run(answer, other)
    room.until_done(answer, other)
    results = ml.open_study(room.classroom.folder / f"{room.classroom.pool(given.number)}.study").results
    assert len(results.runs) == 4
    assert {each.student.name: (each.answered, each.strange) for each in room.classroom.progress()} == {
        "ada": ((1,), ()),
        "eve": ((), (1,)),
        "odd": ((), (1,)),
    }


def test_assignments_of_an_earlier_version_are_there(tmp_path):
    path = tmp_path / "class.sqlite"
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(
            "CREATE TABLE assignments(number INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, text TEXT NOT NULL, "
            "experiment TEXT NOT NULL, pooled INTEGER NOT NULL, seats INTEGER NOT NULL, given REAL NOT NULL, "
            "closed INTEGER NOT NULL DEFAULT 0)"
        )
        old.execute("INSERT INTO assignments VALUES(1, 'Old', '', 'model = \"m:M\"', 1, 40, 0, 0)")
    (old_one,) = Assignments(path).all()
    assert (old_one.title, old_one.most_runs) == ("Old", 0)
