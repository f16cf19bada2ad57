"""`mesa-lab class`: what its options come to, what it says, and what it refuses before anything is opened."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import segno

from mesa_lab.app.server import server
from mesa_lab.classroom.classroom import Classroom
from mesa_lab.classroom.invitation import invitation
from mesa_lab.classroom.limits import StudentLimits

SCHELLING = "mesa.examples:Schelling"


@pytest.fixture
def served(monkeypatch):
    """What the server was asked for, instead of a server."""
    calls = []
    monkeypatch.setattr(server, "serve", lambda *given, **named: calls.append((given, named)))
    return calls


def test_the_options_are_what_the_class_is_held_with(terminal, served, tmp_path):
    said = terminal(
        "class", "--models", SCHELLING, "terminal_models.py:Counter", "--port", "8123", "--host", "127.0.0.1",
        "--folder", "monday", "--jobs", "2", "--runs", "50", "--minutes-per-run", "0.5", "--megabytes", "10", "--no-open",
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    (((host, port, opened, folder, models), named),) = served
    assert (host, port, opened, folder) == ("127.0.0.1", 8123, False, Path("monday"))
    assert models == (SCHELLING, "terminal_models.py:Counter")
    room = named["classroom"]
    assert room.models == models
    assert room.limits == StudentLimits(runs=50, minutes_per_run=0.5, megabytes=10.0)
    assert room.own_code is None, "students bring no code unless it is said"
    assert room.folder == (tmp_path / "monday").resolve()


def test_a_file_alone_is_offered_by_its_class(terminal, served, tmp_path):
    text = "import mesa\n\nclass Queue(mesa.Model):\n    pass\n"
    (tmp_path / "queue_model.py").write_text(text, encoding="utf-8")
    said = terminal("class", "--models", "queue_model.py", "--no-open")
    assert said.exit_code == 0, said.output
    ((given, named),) = served
    assert named["classroom"].models == given[-1] == ("queue_model.py:Queue",)


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ((), 2, "Missing option '--models'"),
        (("--models", "mesa.examples:Scheling"), 1, "Did you mean 'Schelling'?"),
        (("--models", "nowhere.py:M"), 1, "nowhere.py"),
        (("--models", SCHELLING, "--unconfined"), 2, "say --own-code too"),
        (("--models", SCHELLING, "--runs", "0"), 2, "0 is not in the range"),
        (("--models", SCHELLING, "--minutes-per-run", "0"), 2, "0.0 is not in the range"),
        (("--models", SCHELLING, "--port", "70000"), 2, "70000 is not in the range"),
        (("--models", SCHELLING, "--jobs", "0"), 1, "n_jobs is 0"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_opened(
    options, code, sentence, terminal, served, tmp_path
):
    said = terminal("class", *options)
    assert (said.exit_code, served) == (code, []), said.output
    assert sentence in said.output
    assert not (tmp_path / "class").exists()


def test_the_invitation_says_how_to_join_and_who_may_do_what(tmp_path):
    room = Classroom(tmp_path, (SCHELLING,), StudentLimits(), 2)
    text = invitation(room, "192.168.1.5", 8765)
    code = room.roster.code
    assert f"Students open   http://192.168.1.5:8765   and type the code   {code}" in text
    assert f"http://192.168.1.5:8765/class?teacher={room.roster.teacher_key}" in text
    assert f"may run: {SCHELLING}." in text
    assert "Nobody can open files." in text


def test_the_qr_code_is_that_of_the_address_with_the_join_code(tmp_path):
    room = Classroom(tmp_path, (SCHELLING,), StudentLimits(), 2)
    text = invitation(room, "::1", 8765)
    rows = [line for line in text.splitlines() if re.fullmatch("[█▀▄ ]{20,}", line)]
    light = {"█": (0, 0), " ": (1, 1), "▀": (0, 1), "▄": (1, 0)}
    read = [[light[block][half] for block in line] for line in rows for half in (0, 1)]
    wanted = segno.make(f"http://[::1]:8765/?code={room.roster.code}", error="m", micro=False)
    drawn = [list(row) for row in wanted.matrix_iter(border=4)]
    assert read[: len(drawn)] == drawn
