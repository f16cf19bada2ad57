"""How a search becomes a study, and how it is gone on with: with a larger budget, or over other ranges."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import StudyMismatchError
from mesa_lab.study import batches
from mesa_lab.study.database import copies, lease, schema
from mesa_lab.study.database.metadata import meta, read_object, set_meta
from mesa_lab.study.extension import describe, differences, mismatch, shown

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["continue_search", "found_search"]

_FREE: Final = ("budget", "batch")
"""Settings of a search that may change while it goes on."""


def found_search(
    connection: sqlite3.Connection, experiment: Experiment, search: Mapping[str, Any], budget: int | None
) -> None:
    """Write a search into a new study: its experiment and its settings; points come with its batches.

    Args:
        connection: A connection that writes.
        experiment: What is searched; its design is not made.
        search: The settings of the search.
        budget: The largest number of runs, None where there is none.
    """
    set_meta(
        connection,
        **describe(experiment),
        created=lease.now(),
        design="search",
        layout=json.dumps([[0, 1]]),
        size=json.dumps([0, 1]),
        unsaid=json.dumps(list(experiment.unsaid)),
    )
    batches.found(connection, search, budget)
    copies.note(connection, "points", "outcomes")
    schema.rewrite_view(connection)


def continue_search(
    connection: sqlite3.Connection,
    path: Path,
    experiment: Experiment,
    search: Mapping[str, Any],
    budget: int | None,
) -> bool:
    """Go on with a search, inside the caller's transaction.

    Args:
        connection: A connection that writes.
        path: The study, for messages.
        experiment: The experiment of before; its ranges may be others.
        search: The settings; budget and size of a batch may be others.
        budget: The largest number of runs, None where there is none.

    Returns:
        Whether anything changed.

    Raises:
        StudyMismatchError: If it is no search, or another one; the message names each difference.
    """
    state = batches.read_state(connection)
    if state is None:
        raise StudyMismatchError(
            f"'{path}' holds runs of a fixed design, not of a search. Choose another file for the search."
        )
    old = {key: meta(connection, key) for key in ("settings", "model")}
    new = describe(experiment, old)
    unlike = differences(old, new)
    before, after = read_object(old["settings"]), read_object(new["settings"])
    names = [set(each["parameters"]) for each in (before, after)]
    if names[0] != names[1]:
        unlike.append(f"parameters: {shown(sorted(names[0]))} → {shown(sorted(names[1]))}")
    unlike += [
        f"search.{name}: {shown(state.search.get(name))} → {shown(search.get(name))}"
        for name in dict.fromkeys([*state.search, *search])
        if name not in _FREE and state.search.get(name) != search.get(name)
    ]
    if unlike:
        raise mismatch(path, unlike)
    same = before == after and state.search == search
    if not same:
        set_meta(connection, **new)
        batches.settle(connection, search, budget)
    return not same
