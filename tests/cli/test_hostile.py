"""What commands say of a study file that was made to do harm: one line, and no other file is opened for it."""

import contextlib
import os
import sqlite3
import zlib

import pytest

from mesa_lab.study.database import copies

QUICK = ("-j", "1", "--backend", "sequential", "--quiet")
ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT {} FROM c"


@pytest.fixture
def study(terminal, experiment_file, tmp_path):
    experiment_file()
    assert terminal("run", "count.toml", *QUICK).exit_code == 0
    return tmp_path / "count.study"


def forge(path, *statements, values=()):
    """Change a study as someone does who knows how it is made: its checksums agree."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement, values)
        if connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'meta' AND type = 'table'"
        ).fetchone():
            copies.note(connection, "meta")


def endless_meta(path):
    view = ENDLESS.format("'size' AS key, '[3, 2]' AS value")
    forge(path, "ALTER TABLE meta RENAME TO kept", f"CREATE VIEW meta AS {view}")
    return "it holds a view 'meta', which no study does"


def endless_tally(path):
    view = ENDLESS.format("'done' AS status, n AS runs")
    forge(path, "ALTER TABLE tally RENAME TO kept", f"CREATE VIEW tally AS {view}")
    return "it holds a view 'tally', which no study does"


def trigger(path):
    forge(path, "CREATE TRIGGER t AFTER INSERT ON driver BEGIN DELETE FROM runs; END")
    return "it holds a trigger 't', which no study does"


def other_file(path):
    os.mkfifo(path.with_name("points.csv"))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (text,) = connection.execute("SELECT value FROM meta WHERE key = 'experiment'").fetchone()
    text = text.partition("[design]")[0] + '[design]\ntype = "Table"\npath = "points.csv"\n'
    forge(path, "UPDATE meta SET value = ? WHERE key = 'experiment'", values=(text,))
    return "Its design refers to the file 'points.csv', which is not opened"


def pipe(path):
    path.unlink()
    os.mkfifo(path)
    return "is a named pipe, not a study file"


def no_size(path):
    forge(path, "UPDATE meta SET value = '[1e99, 2]' WHERE key = 'size'")
    return "are no counts"


COMMANDS = {
    "status": (),
    "report": (),
    "check": (),
    "export": ("-o", "out"),
    "merge": ("-o", "merged.study"),
    "resume": QUICK,
    "retry": QUICK,
    "rescue": ("-o", "rescued.study"),
    "stop": (),
}
# What looks at other things only, and what saves all the same.
SILENT = {
    (trigger, "rescue"),
    (other_file, "stop"),
    (no_size, "report"),
    (no_size, "export"),
    (no_size, "check"),
    (no_size, "rescue"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("make", [endless_meta, endless_tally, trigger, other_file, pipe, no_size])
def test_a_hostile_study_is_refused_in_one_line(terminal, study, command, make):
    said = make(study)
    outcome = terminal(command, "count.study", *COMMANDS[command])
    assert "Traceback" not in outcome.output
    if (make, command) in SILENT:
        return
    assert outcome.exit_code == 1
    if command == "rescue":
        said = said if make in (other_file, pipe) else "Nothing can be saved of 'count.study'"
    assert said in outcome.stderr
    assert "count.study" in outcome.stderr
    assert not any(study.with_name(name).exists() for name in ("merged.study", "rescued.study", "count.html"))


@pytest.mark.parametrize("command", ["report", "export", "check", "merge", "rescue"])
def test_series_that_are_none_are_said_to_be(terminal, study, command):
    data = b"no Arrow at all"
    forge(study, "UPDATE blocks SET series = ?, checksum = ?", values=(data, zlib.crc32(data)))
    outcome = terminal(command, "count.study", *COMMANDS[command])
    assert "Traceback" not in outcome.output
    if command == "rescue":
        assert outcome.exit_code == 0
        assert "6 runs could not be saved" in outcome.stdout
    elif command == "report":  # the outcomes are there
        assert outcome.exit_code == 0
        assert "made to do harm" in study.with_name("count.html").read_text()
    else:
        assert outcome.exit_code == 1
        assert "made to do harm" in outcome.stderr or "are not those that were written" in outcome.stderr


def test_what_a_terminal_would_obey_is_not_printed(terminal, study):
    forge(study, 'UPDATE sessions SET settings = \'{"notices": {"a": "\\u001b]0;title\\u0007"}}\'')
    outcome = terminal("status", "count.study")
    assert outcome.exit_code == 0
    assert "Note: �]0;title�" in outcome.stdout
    assert "\x1b" not in outcome.output
