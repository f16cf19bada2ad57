"""Study files that were made to do harm: refused with a sentence, by whatever meets them, and nothing else is opened."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import struct
import zlib

import numpy as np
import pyarrow as pa
import pytest

from mesa_lab.errors import StudyError, StudyFormatError
from mesa_lab.processing.report.description import model_doc
from mesa_lab.study import Study, merge, rescue
from mesa_lab.study.database import copies, limits

PAGE = 4096
ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT {} FROM c"
COLUMNS = {
    "meta": "'size' AS key, '[6, 2]' AS value",
    "tally": "'done' AS status, n AS runs",
    "points": "n AS point, 0 AS occurrence, 1 AS wanted, '{}' AS parameters",
    "outcomes": "n AS position, 'o' || n AS name, 1 AS kinds",
    "runs": "n AS run_id, 0 AS point, 0 AS replication, 'done' AS status, 1 AS block",
    "blocks": "n AS block, 1 AS runs, 0 AS superseded, NULL AS checksum, NULL AS series",
    "agent_blocks": "n AS block, '' AS agent_type, 1 AS checksum, NULL AS data",
    "failures": "n AS run_id, 1 AS attempt, '' AS stage, '' AS error_type, '' AS message, '' AS traceback",
    "sessions": "n AS session, '2026-01-01' AS started",
    "control": "n AS id, 'run' AS request",
    "driver": "1 AS id, 't' AS token",
}


@pytest.fixture
def path(filled):
    filled.close()
    return filled.path


def forge(path, *statements, values=()):
    """Change a study as someone does who knows how it is made: its checksums agree."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement, values)
        copies.note(connection, "meta", "points", "outcomes")


def refused(path, tmp_path, said, *, can_be_rescued=False):
    """Whatever meets it says in one sentence what is wrong."""
    target = tmp_path / "target.study"
    actions = [Study.open, lambda path: merge([path], target)]
    for action in actions + [lambda path: rescue(path, target)] * (not can_be_rescued):
        with pytest.raises(StudyError) as caught:
            action(path)
        assert str(path) in str(caught.value)
        assert said in str(caught.value) or action is not Study.open
        assert not target.exists()
    if can_be_rescued:
        assert rescue(path, target).lost == 0
        with Study.open(target) as saved:
            saved.check()


# ------------------------------------------------------------ SQL that a file brings along


@pytest.mark.parametrize("table", COLUMNS)
def test_a_table_that_is_an_endless_view_is_refused(path, tmp_path, table, change):
    change(
        path,
        f"ALTER TABLE {table} RENAME TO kept",
        f"CREATE VIEW {table} AS {ENDLESS.format(COLUMNS[table])}",
    )
    refused(path, tmp_path, f"holds a view '{table}'")


FOREIGN = {
    "CREATE VIEW more AS SELECT 1": "a view 'more'",
    "CREATE TRIGGER t AFTER UPDATE ON control BEGIN DELETE FROM runs; END": "a trigger 't'",
    "CREATE TRIGGER t AFTER INSERT ON driver BEGIN UPDATE meta SET value = ''; END": "a trigger 't'",
    "CREATE VIRTUAL TABLE t USING fts5(a)": "a virtual table 't'",
    "CREATE INDEX i ON runs(hex(zeroblob(1000000)))": "an index 'i'",
    "CREATE TABLE Meta2(a); DROP VIEW results; CREATE VIEW results AS SELECT 1 AS a": "a view 'results'",
    f"DROP VIEW results; CREATE VIEW results AS {ENDLESS.format('n')}": "a view 'results'",
    "DROP VIEW results; CREATE VIEW results AS SELECT runs.seed FROM runs JOIN points USING (point), runs AS b": "a view 'results'",
}


@pytest.mark.parametrize("statements", FOREIGN)
def test_what_no_study_has_is_refused_and_the_runs_can_be_saved(path, tmp_path, statements, change):
    change(path, *([statements] if "BEGIN" in statements else statements.split("; ")))
    refused(path, tmp_path, FOREIGN[statements], can_be_rescued=True)


STAND_INS = {
    "meta": "CREATE VIRTUAL TABLE meta USING fts5(key, value)",
    "tally": "CREATE TABLE tally(status TEXT PRIMARY KEY, n INTEGER, runs INTEGER AS (n * 2))",
    "points": "CREATE TABLE points(point INTEGER PRIMARY KEY, occurrence INTEGER, wanted INTEGER, "
    "parameters TEXT AS (hex(zeroblob(400000000))))",
}


@pytest.mark.parametrize("table", STAND_INS)
def test_a_table_whose_values_are_computed_is_refused(path, tmp_path, table, change):
    change(path, f"DROP TABLE {table}", STAND_INS[table])
    refused(path, tmp_path, table)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE driver(id, token, pid, process, host, machine, since, session, state, beat, tick, clock, rate)",
        "CREATE TABLE driver(id INTEGER PRIMARY KEY, token TEXT DEFAULT (hex(randomblob(9))))",
    ],
)
def test_a_table_of_other_columns_is_refused(path, text, change):
    change(path, "DROP TABLE driver", text)
    with pytest.raises(StudyFormatError, match="its table 'driver' is not that of a study"):
        Study.open(path)


def test_a_table_of_ones_own_stands_in_nobodys_way(path, change):
    change(path, "CREATE TABLE remarks(run_id, text)", "CREATE INDEX r ON remarks(run_id)", "ANALYZE")
    with Study.open(path) as study:
        study.check()
        assert len(study.runs_frame()) == 12


def test_a_table_whose_pages_lead_back_to_themselves_has_an_end(path, monkeypatch, change):
    """A page that refers four hundred times to one below, and so on: more rows than could ever be read."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'sessions'").fetchone()
        connection.execute("PRAGMA journal_mode = DELETE")
    data = bytearray(path.read_bytes())
    leaf = len(data) // PAGE + 1
    data += data[(root - 1) * PAGE : root * PAGE]
    for page in [*range(leaf + 1, leaf + 16), root]:
        below = leaf if page == leaf + 1 else leaf + 15 if page == root else page - 1
        cells = [struct.pack(">I", below) + bytes([1 + key % 100]) for key in range(400)]
        head = struct.pack(">BHHHBI", 5, 0, len(cells), PAGE - 5 * len(cells), 0, below)
        places = b"".join(struct.pack(">H", PAGE - 5 * (place + 1)) for place in range(len(cells)))
        body = head + places
        interior = body + bytes(PAGE - len(body) - 5 * len(cells)) + b"".join(reversed(cells))
        if page == root:
            data[(root - 1) * PAGE : root * PAGE] = interior
        else:
            data += interior
    data[28:32] = struct.pack(">I", len(data) // PAGE)
    path.write_bytes(data)
    monkeypatch.setattr(limits, "_PORTIONS", 2)
    with Study.open(path) as study:
        for look in (study.status, study.sessions):
            with pytest.raises(StudyFormatError, match="a table in it has no end"):
                look()


# ------------------------------------------------------------ other files


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    from mesa_lab.preparation.designs import csv_file

    def opened(path):
        raise AssertionError(f"{path} is read")

    monkeypatch.setattr(csv_file, "_text", opened)
    os.mkfifo(tmp_path / "points.csv")
    return tmp_path / "points.csv"


DESIGNS = [
    'type = "Table"\npath = "{}"',
    'type = "Table"\ndata = "{}"',
    'type = "Part"\ndesign = {{ type = "Table", path = "{}" }}',
    'type = "Union"\ndesigns = [{{ type = "Part", design = {{ type = "Table", data = "{}" }} }}]',
]


@pytest.mark.parametrize("place", ["pipe", "/dev/zero", "/etc/hostname"])
@pytest.mark.parametrize("design", DESIGNS)
def test_a_study_refers_to_no_file(path, tmp_path, pipe, design, place):
    file = pipe if place == "pipe" else place
    with Study.open(path) as study:
        text = study.experiment.to_toml().partition("[design]")[0]
    forge(
        path,
        "UPDATE meta SET value = ? WHERE key = 'experiment'",
        values=(f"{text}[design]\n{design.format(file, file)}\n",),
    )
    said = "which is not opened: a study holds its points itself"
    with Study.open(path) as study:
        assert study.status().done == 12
        for look in (lambda: study.experiment, study.check, study.points_frame):
            with pytest.raises(StudyFormatError, match=said) as caught:
                look()
            assert str(path) in str(caught.value)
    for action in (merge, rescue):
        with pytest.raises(StudyFormatError, match=said):
            action(path, tmp_path / "target.study")
        assert not (tmp_path / "target.study").exists()


@pytest.mark.parametrize(
    "design",
    ['type = "Part"\ndesign = "{}"', 'type = "Union"\ndesigns = ["{}", "{}"]', "type = [[", 'type = "Other"'],
)
def test_an_experiment_that_is_none_is_said_to_be(path, pipe, design):
    with Study.open(path) as study:
        text = study.experiment.to_toml().partition("[design]")[0]
    text += f"[design]\n{design.format(pipe, pipe)}\n"
    forge(path, "UPDATE meta SET value = ? WHERE key = 'experiment'", values=(text,))
    with Study.open(path) as study:
        for look in (lambda: study.experiment, study.check):
            with pytest.raises(StudyFormatError, match="what it says of its experiment cannot be used"):
                look()


def test_a_model_that_is_a_pipe_is_not_read(path, tmp_path):
    pipe = tmp_path / "model.py"
    os.mkfifo(pipe)
    with Study.open(path) as study:
        text = study.experiment.to_toml().replace("mesa.examples:Schelling", f"{pipe}:Model")
    source = f'{{"reference": "{pipe}:Model", "file": "{pipe}"}}'
    forge(path, "UPDATE meta SET value = ? WHERE key = 'experiment'", values=(text,))
    forge(path, "UPDATE meta SET value = ? WHERE key = 'model'", values=(source,))
    with Study.open(path) as study:
        assert study.experiment.model == f"{pipe}:Model"
        assert model_doc(study.experiment.model) == ""
        study.extend(study.experiment)


def make_device(path):
    path.symlink_to("/dev/zero")


def make_loop(path):
    path.symlink_to(path.name)


def make_socket(path):
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as made, contextlib.chdir(path.parent):
        made.bind(path.name)


NO_FILES = {
    "a folder": lambda path: path.mkdir(),
    "a named pipe": os.mkfifo,
    "a device": make_device,
    "a socket": make_socket,
    "Too many levels of symbolic links": make_loop,
}


@pytest.mark.parametrize("said", NO_FILES)
def test_what_is_no_file_is_not_opened(tmp_path, said):
    path = tmp_path / "x.study"
    NO_FILES[said](path)
    refused(path, tmp_path, said)


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["a named pipe", "a folder", "a symbolic link"])
def test_what_is_no_file_beside_a_study_is_not_opened(path, tmp_path, suffix, kind):
    beside = path.with_name(path.name + suffix)
    if kind == "a symbolic link":
        beside.symlink_to("/dev/zero")
    else:
        NO_FILES[kind](beside)
    refused(path, tmp_path, kind)


def test_a_journal_beside_a_study_is_not_played_back(path, tmp_path):
    """It may name a file that SQLite then deletes."""
    victim = tmp_path / "victim.txt"
    victim.write_text("precious")
    name = str(victim).encode()
    magic = bytes.fromhex("d9d505f920a163d7")
    head = magic + struct.pack(">IIIII", 0, 0, path.stat().st_size // PAGE, 512, PAGE)
    tail = struct.pack(">I", 0) + name + struct.pack(">II", len(name), sum(name)) + magic
    path.with_name(path.name + "-journal").write_bytes(head.ljust(512, b"\0") + tail)
    refused(path, tmp_path, "no study has such a file")
    assert victim.exists()


# ------------------------------------------------------------ values


VALUES = {
    "layout": ["[[1000000000000, 1]]", "[[6, 1000000000000]]", "[]", "[[6, 2], [5, 2]]", "[[-6, 2]]", "[[6]]", "{}", "[[6, 2.5]]"],
    "size": ["[]", "[6]", '["6", 2]', "[1e300, 2]", "[-1, 2]", "[" * 100_000 + "]" * 100_000],
    "model": ["[]", "{}", '{"reference": 5}', '{"reference": "x.py:X", "file": 5}'],
    "shard": ["[1, 2, -5]", "[0, 0, 0]", "{}", "[1]"],
}  # fmt: skip


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, some in VALUES.items() for value in some])
def test_what_a_study_says_of_itself_is_believed_in_reason_only(path, key, value):
    forge(path, f"INSERT OR REPLACE INTO meta VALUES('{key}', ?)", values=(value,))
    looks = {"layout": Study.plan, "size": Study.status, "model": lambda study: study.experiment, "shard": Study.status}  # fmt: skip
    with Study.open(path) as study, pytest.raises(StudyError):
        looks[key](study)


ROWS = [
    "UPDATE tally SET runs = -5",
    "UPDATE tally SET runs = 1.5",
    "INSERT INTO tally VALUES('other', 5)",
    "UPDATE sessions SET settings = '{\"notices\": [1, 2]}'",
    "UPDATE sessions SET settings = '[]'",
    "UPDATE sessions SET started = 'yesterday'",
    "UPDATE sessions SET started = x'00'",
    "UPDATE sessions SET started = '0001-01-01'",
    "UPDATE sessions SET ending = x'00'",
    *(
        f"INSERT INTO driver VALUES(1, 't', 1, '1', 'h', 'm', '2026-01-01', 1, 'running', 0, 1.0, 1.0, 1.0, NULL)//UPDATE driver SET {change}"
        for change in (
            "pid = '../../tmp/x'",
            "pid = -1",
            "pid = 1.5",
            "tick = 9e999",
            "clock = 'x'",
            "state = 'new'",
            "machine = x'00'",
            "beat = 'x'",
        )
    ),
]


@pytest.mark.parametrize("statements", ROWS)
def test_records_that_make_no_sense_are_said_to(path, statements):
    forge(path, *statements.split("//"))
    with Study.open(path) as study, pytest.raises(StudyFormatError, match=f"'{path}' is damaged"):  # noqa: PT012
        study.status()
        study.sessions()


DEEP = "replace(hex(zeroblob(5000)), '00', '[')"
SESSIONS = [
    *(
        f"UPDATE sessions SET {column} = {value}"
        for column in ("settings", "packages", "machine", "model_source")
        for value in ("'[]'", "'5'", "'{'", "x'00'", "5", DEEP, "'[[[[1]]]]'")
    ),
    "UPDATE sessions SET packages = '{\"mesa\": [1]}'",
    "UPDATE sessions SET packages = '{\"mesa\": 1e999}'",
    "UPDATE sessions SET model_source = '{\"reference\": {}}'",
    "UPDATE sessions SET model_source = '{\"sha256\": [1]}'",
    "UPDATE sessions SET started = 5",
    "UPDATE sessions SET updated = 5",
    "UPDATE sessions SET updated = 'yesterday'",
    "UPDATE sessions SET ended = x'00'",
    "UPDATE sessions SET message = x'00'",
    "UPDATE sessions SET host = x'00'",
    "UPDATE sessions SET runs = -5",
    "UPDATE sessions SET runs = 'x'",
    "UPDATE sessions SET runs = 9e999",
    "UPDATE sessions SET pid = 'x'",
]


@pytest.mark.parametrize("statement", SESSIONS)
def test_records_of_sessions_that_make_no_sense_are_said_to(path, tmp_path, statement):
    """By whatever meets them, in one sentence; to go on with the study needs none of what they say."""
    forge(path, statement)
    target = tmp_path / "target.study"
    with Study.open(path) as study:
        for look in (study.sessions, lambda: merge([path], target)):
            with pytest.raises(StudyFormatError) as caught:
                look()
            assert f"'{path}' is damaged" in str(caught.value)
    assert not target.exists()
    with contextlib.suppress(StudyError), Study.open(path) as study:
        with study.writing():
            pass
        study.status()


@pytest.mark.parametrize(
    "value", ["5", "{}", "[5]", "[[1]]", "{", "null", '"size"', '[{"a": 1}]', "[" * 5000]
)
@pytest.mark.parametrize("key", ["unsaid", "settings"])
def test_entries_that_make_no_sense_are_said_to(path, tmp_path, key, value):
    forge(path, f"INSERT OR REPLACE INTO meta VALUES('{key}', ?)", values=(value,))
    with Study.open(path) as study:
        if key == "unsaid":
            with pytest.raises(StudyFormatError, match="is damaged"):
                list(study.tasks([0]))
        else:
            with pytest.raises(StudyError, match="is damaged"), study.writing():
                pass
            with pytest.raises(StudyError), Study.open(path) as grown:
                grown.extend(grown.experiment)


def test_records_without_a_word_are_no_damage(path, tmp_path):
    """Of old studies, and of sessions that have just begun."""
    forge(
        path,
        "UPDATE sessions SET settings = NULL, packages = NULL, machine = NULL, model_source = NULL, updated = NULL, "
        "ended = NULL, ending = NULL, message = NULL, host = NULL, pid = NULL, python = NULL",
    )
    with Study.open(path) as study:
        assert [session["packages"] for session in study.sessions()] == [{}]
    assert merge([path], tmp_path / "target.study").status.done == 12


@pytest.mark.parametrize(
    ("statement", "look"),
    [
        ("UPDATE points SET parameters = '[1]'", Study.points_frame),
        ("UPDATE points SET parameters = 5", Study.points_frame),
        ("UPDATE points SET parameters = '[' || printf('%.*c', 200000, '[')", Study.points_frame),
        (
            """UPDATE points SET parameters = printf('{"a":%s1%s}', replace(hex(zeroblob(100000)), '00', '{"a":'),
               replace(hex(zeroblob(100000)), '00', '}'))""",
            Study.points_frame,
        ),
        ("UPDATE outcomes SET kinds = 'x'", Study.runs_frame),
        ("UPDATE failures SET run_id = 'x'", Study.failures_frame),
    ],
)
def test_tables_that_make_no_sense_are_said_to(study, batch_of, statement, look):
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(study.pending()), failing=[3]))
    forge(study.path, statement)
    with Study.open(study.path) as opened, pytest.raises(StudyFormatError):
        look(opened)


def test_points_of_other_parameters_each_are_not_made_a_table(path):
    forge(path, "DELETE FROM points")
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        rows = [(place, f'{{"p{place}": 1}}') for place in range(20_000)]
        connection.executemany("INSERT INTO points VALUES(?, 0, 1, ?)", rows)
        copies.note(connection, "points")
    with Study.open(path) as study, pytest.raises(StudyFormatError, match="each has other parameters"):
        study.points_frame()


def test_failures_without_a_word_are_shown(study, batch_of):
    with study.writing() as writer:
        writer.add(batch_of(study.tasks(study.pending()), failing=[3]))
    forge(
        study.path, "UPDATE failures SET stage = NULL, error_type = NULL, message = x'41', traceback = NULL"
    )
    (kind,) = study.failure_kinds()
    assert (kind.stage, kind.error_type, kind.latest[0].traceback) == ("", "", "")


# ------------------------------------------------------------ series and agents' data


def stream(columns, **options):
    batch = pa.record_batch(list(columns.values()), names=list(columns))
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(allow_64bit=True, **options)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def stretch(length):
    return pa.RunEndEncodedArray.from_arrays(pa.array([length], pa.int64()), pa.array([1], pa.int64()))


ONE = pa.array([1], pa.int64())
MANY = pa.array(np.ones(10**6, np.int64))
TEXT = pa.DictionaryArray.from_arrays(pa.array(np.zeros(10**6, np.int32)), pa.array(["x" * 10**6]))
GOOD = {"run_id": ONE, "step": ONE, "time": pa.array([1.0]), "happy": pa.array([1.0])}
BROKEN_TEXT = stream(GOOD | {"happy": pa.array(["åäö"])}).replace("åäö".encode(), b"\xc3\xc3\xc3\xc3\xc3\xc3")
STREAMS = {
    "nothing": b"",
    "no stream": b"x" * 500,
    "cut short": stream(GOOD)[:-200],
    "a trillion rows": stream({"run_id": stretch(2**40), "step": stretch(2**40), "time": stretch(2**40)}),
    "compressed a thousandfold": stream(GOOD, compression="zstd").replace(
        struct.pack("<q", 8), struct.pack("<q", 2**45)
    ),
    "a terabyte of text": stream({"run_id": MANY, "step": MANY, "time": MANY, "happy": TEXT}, compression="zstd"),
    "no run_id": stream({"happy": ONE, "step": ONE, "time": ONE}),
    "no columns": stream({"run_id": ONE})[:-8],
    "twice the same": stream(GOOD | {"stem": ONE}).replace(b"stem", b"step"),
    "runs of no number": stream(GOOD | {"run_id": pa.array([None], pa.int64())}),
    "runs with a name": stream(GOOD | {"run_id": pa.array(["a"])}),
    "lists": stream(GOOD | {"happy": pa.array([[1]])}),
    "records": stream(GOOD | {"happy": pa.array([{"a": 1}])}),
    "broken text": BROKEN_TEXT,
}  # fmt: skip


@pytest.mark.parametrize("table", ["series", "agents"])
@pytest.mark.parametrize("kind", STREAMS)
def test_data_that_are_none_are_said_to_and_left_out(path, tmp_path, batch_of, kind, table):
    data = STREAMS[kind]
    statement = {
        "series": "UPDATE blocks SET series = ?, checksum = ?",
        "agents": "UPDATE agent_blocks SET data = ?, checksum = ?",
    }[table]
    forge(path, statement, values=(data, zlib.crc32(data)))
    read = {"series": Study.series_tables, "agents": lambda study: study.agent_tables("Wolf")}[table]
    with Study.open(path) as study:
        with pytest.raises(StudyFormatError, match="made to do harm") as caught:
            list(read(study))
        assert str(path) in str(caught.value)
        with pytest.raises(StudyFormatError, match=r"12 runs \(0 to 11\) are not those that were written"):
            study.check()
        assert len(study.runs_frame()) == 12
    with pytest.raises(StudyFormatError, match="are not those that were written"):
        merge([path], tmp_path / "merged.study")
    assert rescue(path, tmp_path / "saved.study").lost == 12
    with Study.open(tmp_path / "saved.study") as saved, saved.writing() as writer:
        writer.add(batch_of(saved.tasks(saved.pending())))
    with Study.open(tmp_path / "saved.study") as saved:
        saved.check()


def test_data_of_runs_that_there_are_not_are_not_renumbered(path, tmp_path, experiment):
    data = stream({"run_id": pa.array([2**40]), "step": ONE, "time": ONE})
    forge(path, "UPDATE blocks SET series = ?, checksum = ?", values=(data, zlib.crc32(data)))
    larger = experiment.replace(parameters={**experiment.parameters, "density": [0.4, 0.5, 0.6, 0.7]})
    with Study.create(tmp_path / "larger.study", larger):
        pass
    with pytest.raises(StudyFormatError, match="runs that there are not"):
        merge([path, tmp_path / "larger.study"], tmp_path / "merged.study")
