"""Assignments, pooling, and all studies in one archive."""

import csv
import io
import zipfile

import pytest

import mesa_lab as ml
from mesa_lab.errors import StudyError
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
        rows = list(csv.DictReader(io.StringIO(archive.read("class.csv").decode())))
    assert [(row["name"], row["runs"]) for row in rows] == [("ada", "10"), ("bob", "10"), ("cem", "10")]


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
