"""What a study notes about itself, by key: its experiment, how many runs that is, and how these are numbered.

Values are checked when they are read, since a study may come from anyone: what they say decides how much memory is asked for.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import MesaLabError, NotAllowedError, StudyFormatError
from mesa_lab.preparation.code_permission import Permission, permitting
from mesa_lab.study.database import copies
from mesa_lab.study.database.tolerant_reader import MalformedError, making_sense
from mesa_lab.study.run_numbers import Layout, check_memory
from mesa_lab.study.shards import Shard

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = [
    "check_moments",
    "entries",
    "experiment_in",
    "foreign_file",
    "layout_of",
    "meta",
    "model_of",
    "read_model",
    "read_names",
    "read_notices",
    "read_object",
    "read_session",
    "read_shard",
    "read_size",
    "set_meta",
    "shard_entry",
    "shard_of",
    "size_of",
]

_OF_SESSION: Final = ("settings", "packages", "machine", "model_source")
_OF_SOURCE: Final = ("reference", "file", "sha256", "commit")
_IN_REPLICATIONS: Final = "replications"  # in the entry of a shard that has whole replications
_LONGEST: Final = 2**28  # bytes of the description of an experiment
_NO_FILES: Final = Permission(
    code=lambda _: "",
    file=lambda path: (
        f"Its design refers to the file '{path}', which is not opened: a study holds its points itself."
    ),
)


def meta(connection: sqlite3.Connection, key: str) -> str:
    """Return one entry of the table `meta`."""
    query = "SELECT CASE WHEN length(CAST(value AS BLOB)) <= ? THEN value END FROM meta WHERE key = ?"
    row = connection.execute(query, (_LONGEST, key)).fetchone()
    if row is None or type(row[0]) is not str:
        raise MalformedError(f"it has no {key}, or one that no study has")
    return row[0]


def entries(connection: sqlite3.Connection) -> dict[str, str]:
    """Return all entries of the table `meta`."""
    found = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if missing := [key for key in copies.NEEDED if type(found.get(key)) is not str]:
        raise MalformedError(f"it has no {missing[0]}")
    return found


def set_meta(connection: sqlite3.Connection, **values: str) -> None:
    """Set entries of the table `meta`."""
    connection.executemany("INSERT OR REPLACE INTO meta VALUES(?, ?)", values.items())
    copies.note(connection, "meta")


def layout_of(connection: sqlite3.Connection) -> Layout:
    """Return the (points, replications) that a study had one after the other: what its runs are numbered by.

    Raises:
        MalformedError: If they are none.
        StudyError: If there are more runs than memory holds a list of.
    """
    layout = [_counts(pair, 2) for pair in _listed(meta(connection, "layout"))]
    shrunk = any(after[0] < before[0] or after[1] < before[1] for before, after in zip(layout, layout[1:]))  # noqa: B905, RUF007
    if not layout or shrunk or not layout[0][1]:
        raise MalformedError(f"no runs can be numbered by {layout!r:.80}")
    checked = [(points, rounds) for points, rounds in layout]
    check_memory(checked)
    return checked


def size_of(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many points and replications a study asks for."""
    return read_size(meta(connection, "size"))


def read_size(text: object) -> tuple[int, int]:
    """Return how many points and replications a study asks for, given its entry `size`."""
    points, replications = _counts(_listed(text), 2)
    return points, replications


def shard_of(connection: sqlite3.Connection) -> Shard | None:
    """Return the part of the experiment that a study asks for, None when it asks for all."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'shard'").fetchone()
    return None if row is None else read_shard(row[0])[0]


def read_shard(text: object) -> tuple[Shard, int]:
    """Return a shard and how many runs it has, given its entry `shard`."""
    listed = _listed(text)
    in_replications = listed[3:] == [_IN_REPLICATIONS]
    number, of, runs = _counts(listed[:3] if in_replications else listed, 3)
    return Shard(number, of, in_replications), runs


def shard_entry(shard: Shard, runs: int) -> str:
    """Return the entry `shard` of a study that is one, given how many runs it has."""
    kind = [_IN_REPLICATIONS] if shard.in_replications else []
    return json.dumps([shard.number, shard.of, runs, *kind])


def model_of(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return what a study notes about its model: `reference`, and where they were known `file`, `sha256` and `defaults`."""
    return read_model(meta(connection, "model"))


def read_model(text: object) -> dict[str, Any]:
    """Return what a study notes about its model, given its entry `model`."""
    model = read_object(text)
    if not isinstance(model.get("reference"), str) or not isinstance(model.get("file", ""), str):
        raise MalformedError("what it says of its model makes no sense")
    defaults = model.get("defaults", {})
    if not isinstance(defaults, dict) or not all(isinstance(text, str) for text in defaults.values()):
        raise MalformedError("what it says of its model's defaults makes no sense")
    return model


def read_object(text: object) -> dict[str, Any]:
    """Return a JSON object; where there is no text, an empty one."""
    found = json.loads(text) if isinstance(text, str) else {} if text is None else text
    if not isinstance(found, dict):
        raise MalformedError(f"{text!r:.80} is no object")
    return found


def read_names(text: object) -> list[str]:
    """Return names, given an entry that lists some, such as `unsaid`."""
    names = _listed(text)
    if not all(isinstance(name, str) for name in names):
        raise MalformedError(f"{text!r:.80} are no names")
    return names


def read_session(session: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a session, a row of `sessions` by its columns, with what is written in JSON read.

    Raises:
        MalformedError: If it holds what no session has.
    """
    with making_sense("the records of its sessions"):
        found = {
            name: read_object(session[name]) if name in _OF_SESSION else session[name] for name in session
        }
        check_moments(*(found[name] for name in ("started", "updated", "ended")))
        texts = [found[name] for name in ("host", "ending", "message", "python")]
        texts += [*found["packages"].values(), *(found["model_source"].get(name) for name in _OF_SOURCE)]
        if not isinstance(found["started"], str) or any(not isinstance(text, str | None) for text in texts):
            raise TypeError("what is to be a text is none")
        numbers = (found["runs"], found["pid"] or 0)
        if not all(type(number) is int and 0 <= number < 2**53 for number in numbers):
            raise ValueError(f"{numbers} are no counts")
        read_notices(found["settings"].get("notices"))
    return found


def read_notices(found: Any) -> tuple[str, ...]:
    """Return the notices that a session has, by topic."""
    return tuple(str(text) for text in read_object(found).values())


def check_moments(*texts: Any) -> None:
    """Refuse what is no time of day; None stands for none."""
    with making_sense("times in the records of its sessions"):
        for text in texts:
            if text is not None:
                datetime.fromisoformat(text).timestamp()


def experiment_in(text: str) -> Experiment:
    """Return the experiment that a study describes. No file is opened for it: its points are in the study.

    Raises:
        StudyFormatError: If it is none, or if it refers to a file.
    """
    from mesa_lab.preparation.experiment import Experiment

    try:
        with permitting(_NO_FILES):
            return Experiment.from_toml(text)
    except (MesaLabError, RecursionError) as error:
        raise StudyFormatError(f"what it says of its experiment cannot be used: {error}") from error


def foreign_file(text: str) -> str:
    """Return what is wrong when the experiment that a study describes refers to a file; else empty."""
    try:
        experiment_in(text)
    except StudyFormatError as error:
        if isinstance(error.__cause__, NotAllowedError):
            return str(error.__cause__)
    return ""


def _listed(text: object) -> list[Any]:
    listed = json.loads(text) if isinstance(text, str) else None
    if not isinstance(listed, list):
        raise MalformedError(f"{text!r:.80} is no list")
    return listed


def _counts(values: Any, how_many: int) -> list[int]:
    whole = isinstance(values, list) and all(type(value) is int and 0 <= value < 2**53 for value in values)
    if not whole or len(values) != how_many:
        raise MalformedError(f"{values!r:.80} are no counts")
    return list(values)
