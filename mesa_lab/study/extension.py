"""What a study is of, and how it may grow.

A study holds runs of one experiment. More replications and more points extend it and keep every run; what would
mix unlike runs is refused, by name. Points are recognised by their values, not by their place in a design.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.errors import StudyMismatchError
from mesa_lab.study import batches
from mesa_lab.study.database import copies, lease, schema
from mesa_lab.study.database.metadata import (
    layout_of,
    meta,
    read_model,
    read_names,
    read_object,
    set_meta,
    shard_entry,
    shard_of,
    size_of,
)
from mesa_lab.study.run_numbers import RunPlan, plan
from mesa_lab.study.shards import Shard
from mesa_lab.study.writing import running_sessions

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = [
    "asked",
    "check_shard",
    "count_shard",
    "describe",
    "differences",
    "found",
    "grow",
    "mismatch",
    "shown",
    "unsaid",
]

# What may differ between two sessions of one study: how long a run may take on the wall clock, and what
# shows in the points themselves.
_FREE: Final = (
    "timeout",
    "replications",
    "parameters",
    "design",
    "constraints",
    "model",
    "seeds",
    "redraw",
    "correlations",
    "claims",
    "question",
    "enums",
)


def describe(experiment: Experiment, before: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a study notes about its experiment.

    Args:
        experiment: The experiment.
        before: What it noted when it was made: the model's defaults of then hold for the study.
    """
    from mesa_lab.preparation.experiment_file.write import plain_to_toml, to_plain

    plain = to_plain(experiment)
    source = running_sessions.model_source(plain["model"], with_git=False)
    noted = experiment.defaults if before is None else read_model(before["model"]).get("defaults")
    if noted:
        source["defaults"] = noted
    return {
        "experiment": plain_to_toml(plain),
        "settings": json.dumps(plain),
        "model": json.dumps(source),
    }


def asked(connection: sqlite3.Connection) -> RunPlan:
    """Return the runs that a study asks for: those of its shard, when it is one, and those of its batches in a search."""
    layout = layout_of(connection)
    if batches.read_state(connection) is not None:
        whole = plan(layout)
        mine = batches.asked_of(whole, layout, batches.read(connection))
        return RunPlan(whole.run_id[mine], whole.point[mine], whole.replication[mine])
    wanted = np.ones(layout[-1][0], np.bool_)
    wanted[[row[0] for row in connection.execute("SELECT point FROM points WHERE NOT wanted")]] = False
    runs = plan(layout, wanted, size_of(connection)[1])
    shard = shard_of(connection)
    if shard is None:
        return runs
    mine = shard.picks(runs.run_id, runs.replication)
    return RunPlan(runs.run_id[mine], runs.point[mine], runs.replication[mine])


def check_shard(connection: sqlite3.Connection, path: Path, shard: Shard) -> None:
    """Refuse to go on with a study as another part than it is.

    Raises:
        StudyMismatchError: If it is the whole experiment, or another part.
    """
    found = shard_of(connection)
    if found != shard:
        is_now = "has the whole experiment" if found is None else f"is {found.described}"
        raise StudyMismatchError(
            f"'{path}' {is_now}, not {shard.described}. Choose another file for each shard, or leave the shard out to go "
            "on with this study as it is."
        )


def count_shard(connection: sqlite3.Connection) -> None:
    """Note how many runs a shard has, so that status never has to count."""
    shard = shard_of(connection)
    if shard is not None:
        set_meta(connection, shard=shard_entry(shard, len(asked(connection))))


def unsaid(connection: sqlite3.Connection, experiment: Experiment) -> tuple[bytes, ...]:
    """Return the parts of points' keys that this study's seeds leave out, whatever the model's defaults are by now.

    Studies that were made before there were such parts have none, and keep their seeds.
    """
    from mesa_lab.preparation.seeds import parts_of_keys

    row = connection.execute("SELECT value FROM meta WHERE key = 'unsaid'").fetchone()
    names = read_names(row[0]) if row else []
    fixed = experiment.space.fixed
    return parts_of_keys({name: fixed[name] for name in names if name in fixed})


def found(
    connection: sqlite3.Connection,
    experiment: Experiment,
    shard: Shard | None = None,
    names: Iterable[str] | None = None,
) -> None:
    """Write the experiment into a new study, or over one that has no runs; a shard stays the shard it was.

    Args:
        connection: A connection that writes.
        experiment: The experiment.
        shard: The part of its runs that the study asks for.
        names: Which parameters seeds leave out; None to find out from the model, which is imported for it.
    """
    connection.execute("DELETE FROM points")
    connection.execute("DELETE FROM outcomes WHERE kinds = 0")
    count = _add_points(connection, _keys(experiment), 0)
    set_meta(
        connection,
        **describe(experiment),
        created=lease.now(),
        design=_digest(experiment),
        layout=json.dumps([[count, experiment.replications]]),
        size=json.dumps([count, experiment.replications]),
        unsaid=json.dumps(list(experiment.unsaid if names is None else names)),
    )
    if shard is not None:
        set_meta(connection, shard=shard_entry(shard, 0))
    count_shard(connection)
    copies.note(connection, "points", "outcomes")
    schema.rewrite_view(connection)


def grow(connection: sqlite3.Connection, path: Path, experiment: Experiment) -> bool:
    """Make a study ask for the runs of an experiment, inside the caller's transaction.

    Args:
        connection: A connection that writes.
        path: The study, for messages.
        experiment: The same experiment as before, or a larger one.

    Returns:
        Whether anything changed.

    Raises:
        StudyMismatchError: If it is another experiment, or a search; the message names each difference.
    """
    if batches.read_state(connection) is not None:
        raise StudyMismatchError(
            f"'{path}' is a search: its method decides what runs next. Go on with `mesa-lab resume {path}` or "
            "`ml.search(...)`, or run this experiment into another file."
        )
    old = {key: meta(connection, key) for key in ("settings", "model")}
    new = describe(experiment, old)
    if connection.execute("SELECT 1 FROM runs LIMIT 1").fetchone() is None:
        if new["settings"] == meta(connection, "settings") and _digest(experiment) == meta(
            connection, "design"
        ):
            return False
        found(connection, experiment)
        return True
    before, after = read_object(old["settings"]), read_object(new["settings"])
    unlike = differences(old, new)
    have = connection.execute("SELECT max(replication) + 1 FROM runs").fetchone()[0]
    if experiment.replications < have:
        unlike.append(f"replications: {have} → {experiment.replications} (the study has runs of {have})")
    if unlike:
        raise mismatch(path, unlike)
    digest = _digest(experiment)
    if before == after and digest == meta(connection, "design"):
        return False
    if _fixed(before) != _fixed(after) or digest != meta(connection, "design"):
        _match_points(connection, path, experiment, before, after)
        copies.note(connection, "points")
    total, wanted = connection.execute("SELECT count(*), sum(wanted) FROM points").fetchone()
    layout = [*layout_of(connection)]
    rounds = max(layout[-1][1], experiment.replications)
    if layout[-1] != (total, rounds):
        layout.append((total, rounds))
    set_meta(
        connection,
        **new,
        design=digest,
        layout=json.dumps(layout),
        size=json.dumps([wanted, experiment.replications]),
    )
    count_shard(connection)
    return True


def _match_points(
    connection: sqlite3.Connection,
    path: Path,
    experiment: Experiment,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Recognise the points that the study has, and number the new ones after them."""
    old = {
        f"{occurrence}:{text}".encode(): point
        for point, occurrence, text in connection.execute("SELECT point, occurrence, parameters FROM points")
    }
    keys = list(_keys(experiment))
    gone = old.keys() - set(keys)
    used = {row[0] for row in connection.execute("SELECT DISTINCT point FROM runs")}
    lost = sorted(old[key] for key in gone if old[key] in used)
    if lost:
        fixed = list(_changes(_fixed(before), _fixed(after), "parameters."))
        (example,) = connection.execute(
            "SELECT parameters FROM points WHERE point = ?", (lost[0],)
        ).fetchone()
        points = f"design points: {len(lost)} of the {len(used)} that have runs are not in the new design, such as {example}"
        raise mismatch(path, [*fixed, points])
    connection.execute("UPDATE points SET wanted = 1")
    connection.executemany("UPDATE points SET wanted = 0 WHERE point = ?", [(old[key],) for key in gone])
    _add_points(connection, (key for key in keys if key not in old), len(old))


def _keys(experiment: Experiment) -> Iterable[bytes]:
    from mesa_lab.preparation.seeds import point_keys

    return point_keys(experiment.points())


def _add_points(connection: sqlite3.Connection, keys: Iterable[bytes], first: int) -> int:
    """Write points, numbered from the first on, and return how many."""
    parts = (key.decode().partition(":") for key in keys)
    rows = [
        (number, int(occurrence), text) for number, (occurrence, _, text) in enumerate(parts, start=first)
    ]
    connection.executemany("INSERT INTO points VALUES(?, ?, 1, ?)", rows)
    return len(rows)


def _digest(experiment: Experiment) -> str:
    """Return a fingerprint of the design matrix, so that an unchanged design need not be compared point by point."""
    matrix = experiment.design_matrix()
    digest = hashlib.sha256(repr(list(matrix.columns)).encode())
    for name in matrix.columns:
        column = matrix[name].to_numpy()
        digest.update(repr(column.tolist()).encode() if column.dtype == object else column.tobytes())
    return f"{len(matrix)}:{digest.hexdigest()}"


def _fixed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an experiment that are plain values."""
    varied = ({"real"}, {"integer"}, {"choice"}, {"levels"}, {"distribution"})
    return {
        name: form
        for name, form in settings["parameters"].items()
        if not isinstance(form, list)
        and not (isinstance(form, dict) and any(kind <= form.keys() for kind in varied))
    }


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return in what two experiments differ that one study must not mix; their points are compared elsewhere.

    Args:
        before: What a study notes about its experiment; of `describe`, settings and model.
        after: The same of another.
    """
    settings = read_object(before["settings"]), read_object(after["settings"])
    unlike = list(_differences(*settings))
    if not _same_model(read_model(before["model"]), read_model(after["model"])):
        unlike.insert(0, f"model: {settings[0].get('model')} → {settings[1].get('model')}")
    return unlike


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterable[str]:
    yield from _changes(
        {name: value for name, value in before.items() if name not in _FREE},
        {name: value for name, value in after.items() if name not in _FREE},
    )
    old, new = before.get("seeds"), after.get("seeds")
    if (old is None) != (new is None) or (
        old and new and any(a != b for a, b in zip(old, new, strict=False))
    ):
        yield f"seeds: {shown(old)} → {shown(new)}"


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = "") -> Iterable[str]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield f"{prefix}{name}: {shown(before.get(name))} → {shown(after.get(name))}"


def shown(value: Any) -> str:
    """Return a setting as a message shows it."""
    if value is None:
        return "not set"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"


def _same_model(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Tell whether two references mean one model: a file may be written by another path, or have moved."""
    if before["reference"] == after["reference"]:
        return True
    if before["reference"].rpartition(":")[2] != after["reference"].rpartition(":")[2]:
        return False
    return any(before.get(key) and before.get(key) == after.get(key) for key in ("file", "sha256"))


def mismatch(path: Path, differences: list[str]) -> StudyMismatchError:
    """Return the error for a study that holds runs of something else, which names each difference."""
    fix = "Set these back to go on with this study, or choose another file."
    if any(difference.startswith("design points") for difference in differences):
        fix += (
            " A study grows when the larger design contains the points of the smaller one: a longer Sobol, Halton, "
            "MonteCarlo, Saltelli or Morris, levels that hold those of before (3, 5, 9 of a range), or a Union of the old design "
            "and a new one."
        )
    what = "\n  ".join(differences)
    return StudyMismatchError(
        f"'{path}' holds runs of another experiment. What differs (study → now):\n  {what}\n{fix}"
    )
