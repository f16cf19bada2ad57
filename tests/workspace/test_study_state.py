"""The list of studies: each file by itself, whatever is in it."""

import contextlib
import os
import sqlite3
import threading

import pytest

import mesa_lab as ml
from mesa_lab.study import Study
from mesa_lab.study.database import copies
from mesa_lab.workspace import study_state
from mesa_lab.workspace.study_state import entries
from mesa_lab.workspace.workspace import Workspace

ENDLESS = "CREATE VIEW {} AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"


@pytest.fixture
def space(tmp_path):
    space = Workspace(tmp_path)
    for name in ("wolves", "sheep"):
        space.make(name, ml.Experiment("mesa.examples:Schelling", {"density": [0.5, 0.8]}, max_steps=1))
    return space


def copy(space, name, *statements, values=()):
    path = space.folder / f"{name}.study"
    Study.open(space.find("wolves").path).copy(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement, values)


def test_what_cannot_be_read_is_named_and_the_others_are_listed(space):
    os.mkfifo(space.folder / "pipe.study")
    (space.folder / "folder.study").mkdir()
    (space.folder / "device.study").symlink_to("/dev/zero")
    (space.folder / "loop.study").symlink_to("loop.study")
    (space.folder / "text.study").write_text("no study\n" * 100)
    copy(space, "meta", "ALTER TABLE meta RENAME TO kept", ENDLESS.format("meta"))
    copy(space, "tally", "DROP TABLE tally", ENDLESS.format("tally"))
    copy(space, "trigger", "CREATE TRIGGER t AFTER DELETE ON control BEGIN SELECT 1; END")
    os.mkfifo(space.folder / "points.csv")
    text = 'model = "m:M"\n[design]\ntype = "Table"\npath = "points.csv"\n'
    copy(space, "file", "UPDATE meta SET value = ? WHERE key = 'experiment'", values=(text,))
    with contextlib.closing(sqlite3.connect(space.folder / "file.study")) as connection, connection:
        copies.note(connection, "meta")
    found = {entry.ref.name: entry for entry in entries(space)}
    assert {
        name: entry.problem.partition("study' ")[2] for name, entry in found.items() if entry.problem
    } == {
        "pipe": "is a named pipe, not a study file.",
        "folder": "is a folder, not a study file.",
        "device": "is a device, not a study file.",
        "loop": found["loop"].problem.partition("study' ")[2],
        "text": "is no study file. Study files are made by `mesa-lab run` or `ml.run`.",
        "meta": found["meta"].problem.partition("study' ")[2],
        "tally": found["tally"].problem.partition("study' ")[2],
        "trigger": found["trigger"].problem.partition("study' ")[2],
        "file": found["file"].problem.partition("study' ")[2],
    }
    assert "symbolic links" in found["loop"].problem
    for name in ("meta", "tally", "trigger"):
        assert "which no study does" in found[name].problem
    assert "refers to the file 'points.csv', which is not opened" in found["file"].problem
    assert found["wolves"].facts.model_name == found["sheep"].facts.model_name == "Schelling"


def test_a_file_that_takes_long_keeps_no_other_waiting(space, monkeypatch):
    held, let_go = threading.Event(), threading.Event()
    real = Study.open

    def slow(path):
        if path.name == "wolves.study":
            held.set()
            assert let_go.wait(60)
        return real(path)

    monkeypatch.setattr(Study, "open", slow)
    monkeypatch.setattr(study_state, "_PATIENCE", 0.01)
    first = {entry.ref.name: entry for entry in entries(space)}
    assert held.is_set()
    assert first["sheep"].standing is not None
    assert (first["wolves"].standing, first["wolves"].problem) == (None, study_state._SLOW)
    assert entries(space)[0] is not None  # and it is not read twice at a time
    let_go.set()
    monkeypatch.setattr(study_state, "_PATIENCE", 60)
    again = {entry.ref.name: entry for entry in entries(space)}
    assert again["wolves"].standing.status.n_runs == 2
    assert not again["wolves"].problem


def test_whatever_goes_wrong_is_of_one_file_only(space, monkeypatch):
    real = Study.status

    def odd(study):
        if study.path.name == "wolves.study":
            raise RuntimeError("this was not foreseen")
        return real(study)

    monkeypatch.setattr(Study, "status", odd)
    found = {entry.ref.name: entry for entry in entries(space)}
    assert found["wolves"].problem == "RuntimeError: this was not foreseen"
    assert not found["sheep"].problem
