"""The tables of a study file.

Everything in them is TOML, JSON, text, numbers or Arrow streams: reading a study runs no code. A newer
schema has a higher `VERSION`, which older releases refuse by name. Version 2: blocks may have packed columns (`blocks`). Version 3: rows
of runs have digests (`digests`), the small tables a second copy (`copies`), and the record of the driver says which file it drives.
Studies that were begun by earlier releases of version 3 lack the tables in `SIDE_TABLES`, until they are run again.
A search has two tables more (`study/batches.py`), which are made with the study.
"""

import re
import sqlite3
from collections.abc import Mapping
from typing import Final

__all__ = [
    "APPLICATION_ID",
    "BATCH_COLUMNS",
    "KINDS",
    "MAX_OUTCOMES",
    "SIDE_TABLES",
    "VERSION",
    "lay_out",
    "raise_version",
    "replaced_tables",
    "rewrite_view",
    "strange",
]

APPLICATION_ID: Final = 0x4D65734C  # "MesL"
VERSION: Final = 3
KINDS: Final[Mapping[type, int]] = {int: 1, float: 2, bool: 4, str: 8, type(None): 16}
"""What types of value an outcome has had, as bits: SQLite itself knows no booleans."""
MAX_OUTCOMES: Final = 1900  # SQLite takes 2000 columns

# Outcome columns of `runs` are o0, o1 … in the order of `outcomes`; they carry no type, so that each value
# keeps its own. `tally` and `driver` change in the same transaction as `runs`: status never has to count. `driver.file` says which
# file is driven (`log_file.shown_id`). A new column of a table that there is: its statement of before goes into `_FORMER`, and
# `raise_version` adds the column.
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
CREATE TABLE digests(block INTEGER PRIMARY KEY, digest INTEGER NOT NULL);
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
  tick REAL NOT NULL, clock REAL NOT NULL, rate REAL, file TEXT);
CREATE TABLE forms(scope TEXT NOT NULL, name TEXT NOT NULL, form TEXT NOT NULL, UNIQUE(scope, name, form));
CREATE TABLE outputs(
  run_id INTEGER NOT NULL, attempt INTEGER NOT NULL, left_out INTEGER NOT NULL, checksum INTEGER NOT NULL, data BLOB NOT NULL,
  UNIQUE(run_id, attempt));
CREATE TABLE code(digest TEXT PRIMARY KEY, files TEXT NOT NULL);
CREATE TABLE block_code(block INTEGER PRIMARY KEY, digest TEXT NOT NULL);
CREATE TABLE meta_copy(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE points_copy(
  point INTEGER PRIMARY KEY, occurrence INTEGER NOT NULL, wanted INTEGER NOT NULL, parameters TEXT NOT NULL);
CREATE TABLE outcomes_copy(position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kinds INTEGER NOT NULL);
CREATE TABLE table_digests(name TEXT PRIMARY KEY, digest INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO control VALUES(1, 'run');
INSERT INTO digests VALUES(0, x'');
"""

SIDE_TABLES: Final = ("forms", "outputs", "code", "block_code")
"""In what forms columns keep values, what runs printed, and what code they are of."""
BATCH_COLUMNS: Final = (
    "batch INTEGER PRIMARY KEY, asked TEXT NOT NULL, milliseconds INTEGER NOT NULL, why TEXT NOT NULL, notes TEXT NOT NULL, "
    "runs TEXT NOT NULL"
)
"""Of a batch of a search: its number, when and why it was asked for, and its runs as [point, first, stop] of replications."""

_OF_SEARCHES: Final = ("batches", "batches_copy")

_STATEMENTS: Final = {  # by what they make; SQLite keeps their text as it is
    found[1]: statement
    for statement in _SCHEMA.strip().split(";\n")
    if (found := re.match(r"CREATE (?:TABLE|INDEX) (\w+)", statement))
} | {name: f"CREATE TABLE {name}({BATCH_COLUMNS})" for name in _OF_SEARCHES}
_FORMER: Final = {"driver": _STATEMENTS["driver"].replace(", file TEXT)", ")")}
"""What made a table that had fewer columns once: a study of then is opened as it is, and gets them when it is run."""
_NO_LONGER: Final = ("run_checksums", "column_checksums", "table_checksums")  # of version 2
_OUTCOME: Final = ", o"  # what a new outcome adds to the text of the table of runs, with its position
_MOST_ENTRIES: Final = 1000
_STRING: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_FIELD: Final = r"(?:runs\.\w+(?: AS )?|json_extract\(points\.parameters, \) AS )"
_VIEW: Final = re.compile(
    rf"CREATE VIEW results AS SELECT {_FIELD}(?:, {_FIELD})* FROM runs JOIN points USING \(point\)"
)

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


def raise_version(connection: sqlite3.Connection) -> bool:
    """Make an older study one that has place for what this version writes, in the caller's transaction.

    Returns:
        Whether it was an older one. What has no digest stays without: there is no block 0.
    """
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    for name in SIDE_TABLES:
        if name not in there:
            connection.execute(_STATEMENTS[name])
            there.add(name)
    if connection.execute("PRAGMA user_version").fetchone()[0] == VERSION:
        return False
    for name, statement in _STATEMENTS.items():
        if name not in there and name not in _OF_SEARCHES:
            connection.execute(statement)
    for name in _NO_LONGER:
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    if "file" not in [row[1] for row in connection.execute("PRAGMA table_info(driver)")]:
        connection.execute("ALTER TABLE driver ADD COLUMN file TEXT")
    connection.execute(f"PRAGMA user_version = {VERSION}")
    return True


def strange(connection: sqlite3.Connection) -> str:
    """Return what in a file is not a study's and could run SQL or be without end, as half a sentence; empty for nothing.

    A table that a study may have must be the one that Mesa Lab makes, to the letter: so it is no view, and computes neither
    columns nor defaults. Ordinary tables of other names may be there; nothing reads them.
    """
    rows = connection.execute(
        "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master LIMIT ?", (_MOST_ENTRIES,)
    ).fetchall()
    if len(rows) == _MOST_ENTRIES:
        return "it holds a thousand tables, which no study does"
    for kind, name, table, root, sql in rows:
        known = _STATEMENTS.get(str(name).lower())
        if kind == "table" and root and known is not None:
            if not _makes(known, name, sql):
                return f"its table '{name}' is not that of a study"
        elif not (
            (kind == "table" and root)
            or (kind == "view" and name == "results" and _VIEW.fullmatch(_STRING.sub("", str(sql))))
            or (kind == "index" and (sql in (None, known) or str(table).lower() not in _STATEMENTS))
        ):
            what = "virtual table" if kind == "table" else str(kind)
            article = "an" if what[:1] in "aeiou" else "a"
            return f"it holds {article} {what} '{name!s:.60}', which no study does"
    return ""


def _makes(statement: str, name: str, sql: object) -> bool:
    """Tell whether a statement makes a table of this text; outcomes add columns to that of runs."""
    if name != "runs" or not isinstance(sql, str):
        return sql in (statement, _FORMER.get(name))
    added = range(sql.count(_OUTCOME))
    return sql == statement[:-1] + "".join(f"{_OUTCOME}{position}" for position in added) + ")"


def replaced_tables(connection: sqlite3.Connection) -> list[str]:
    """Return which of a study's tables something stands in for that is no table, or whose columns are computed."""
    known = connection.execute("SELECT type, name, rootpage FROM sqlite_master").fetchall()
    return [
        name
        for kind, name, root in known
        if name in _STATEMENTS
        and kind != "index"
        and (
            kind != "table"
            or not root
            or any(row[-1] for row in connection.execute(f"PRAGMA table_xinfo({name})"))
        )
    ]


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
