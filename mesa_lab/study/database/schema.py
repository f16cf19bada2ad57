"""The tables of a study file.

Everything in them is TOML, JSON, text, numbers or Arrow streams: reading a study runs nobody's code. A newer
schema has a higher `VERSION`, which older releases refuse by name. Version 2: blocks may have packed columns (`blocks`), and
rows of runs have checksums (`checksums`), and so have their columns (`column_checksums`) and the small tables (`table_checksums`).
"""

import sqlite3
from typing import Final

__all__ = ["APPLICATION_ID", "MAX_OUTCOMES", "VERSION", "lay_out", "raise_version", "rewrite_view"]

APPLICATION_ID: Final = 0x4D65734C  # "MesL"
VERSION: Final = 2
MAX_OUTCOMES: Final = 1900  # SQLite takes 2000 columns

# Outcome columns of `runs` are o0, o1 … in the order of `outcomes`; they carry no type, so that each value
# keeps its own. `tally` and `driver` change in the same transaction as `runs`: status never has to count.
_SCHEMA: Final = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE points(
  point INTEGER PRIMARY KEY, occurrence INTEGER NOT NULL, wanted INTEGER NOT NULL, parameters TEXT NOT NULL);
CREATE TABLE outcomes(position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kinds INTEGER NOT NULL);
CREATE TABLE runs(
  run_id INTEGER PRIMARY KEY, point INTEGER NOT NULL, replication INTEGER NOT NULL, seed INTEGER, status TEXT NOT NULL,
  steps INTEGER, time REAL, init_seconds REAL, run_seconds REAL, notes TEXT, attempt INTEGER NOT NULL, block INTEGER NOT NULL);
CREATE INDEX unfinished ON runs(status) WHERE status <> 'done';
CREATE TABLE blocks(
  block INTEGER PRIMARY KEY, runs INTEGER NOT NULL, superseded INTEGER NOT NULL DEFAULT 0, checksum INTEGER, series BLOB);
CREATE TABLE run_checksums(block INTEGER PRIMARY KEY, checksum INTEGER NOT NULL);
CREATE TABLE column_checksums(name TEXT PRIMARY KEY, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE table_checksums(name TEXT PRIMARY KEY, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE agent_blocks(
  block INTEGER NOT NULL, agent_type TEXT NOT NULL, checksum INTEGER NOT NULL, data BLOB NOT NULL,
  UNIQUE(agent_type, block));
CREATE TABLE failures(
  run_id INTEGER NOT NULL, attempt INTEGER NOT NULL, stage TEXT, error_type TEXT, message TEXT, traceback TEXT,
  PRIMARY KEY(run_id, attempt));
CREATE TABLE tally(status TEXT PRIMARY KEY, runs INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sessions(
  session INTEGER PRIMARY KEY, started TEXT NOT NULL, updated TEXT, ended TEXT, ending TEXT, message TEXT,
  runs INTEGER NOT NULL DEFAULT 0, host TEXT, pid INTEGER, settings TEXT, python TEXT, packages TEXT, machine TEXT,
  model_source TEXT);
CREATE TABLE control(id INTEGER PRIMARY KEY CHECK(id = 1), request TEXT NOT NULL);
CREATE TABLE driver(
  id INTEGER PRIMARY KEY CHECK(id = 1), token TEXT NOT NULL, pid INTEGER NOT NULL, process TEXT, host TEXT NOT NULL,
  machine TEXT NOT NULL, since TEXT NOT NULL, session INTEGER, state TEXT NOT NULL, beat INTEGER NOT NULL,
  tick REAL NOT NULL, clock REAL NOT NULL, rate REAL);
INSERT INTO control VALUES(1, 'run');
"""

_READABLE: Final = (
    "run_id",
    "point",
    "replication",
    "seed",
    "status",
    "steps",
    "time",
    "init_seconds",
    "run_seconds",
    "notes",
)


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def lay_out(connection: sqlite3.Connection) -> None:
    """Make the tables of a new study, in a transaction that stays open."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("BEGIN")
    for statement in _SCHEMA.split(";\n"):
        connection.execute(statement)


def raise_version(connection: sqlite3.Connection) -> None:
    """Make an older study one that has what this version writes."""
    has_runs = connection.execute("SELECT 1 FROM runs LIMIT 1").fetchone() is not None
    for statement in _SCHEMA.split(";\n"):
        if has_runs and "column_checksums(" in statement:
            continue  # they are of all runs or of none
        if "_checksums(" in statement:  # it had none; what is there already stays without
            connection.execute(statement.replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS "))
    if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
        connection.execute(f"PRAGMA user_version = {VERSION}")


def rewrite_view(connection: sqlite3.Connection) -> None:
    """Offer the runs under readable names, parameters included, to people with any SQLite tool."""
    shown = [f"runs.{column}" for column in _READABLE]
    first = connection.execute("SELECT parameters FROM points LIMIT 1").fetchone()
    if first is not None:
        names = [row[0] for row in connection.execute("SELECT key FROM json_each(?)", first)]
        for name in names[:MAX_OUTCOMES]:
            key = "$." + '"' + name.replace('"', '\\"') + '"'
            shown.append(f"json_extract(points.parameters, {_text(key)}) AS {quoted(name)}")
    for position, name in connection.execute(
        "SELECT position, name FROM outcomes ORDER BY position"
    ).fetchall():
        shown.append(f"runs.o{position} AS {quoted(name)}")
    connection.execute("DROP VIEW IF EXISTS results")
    connection.execute(
        f"CREATE VIEW results AS SELECT {', '.join(shown[:MAX_OUTCOMES])} FROM runs JOIN points USING (point)"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
