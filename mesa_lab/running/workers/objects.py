"""Python objects on the way between a driver and its workers: parameter values there, rows of `batch_run` back.

Plain pickling names a class by its module, and a worker has another `__main__` than the script or notebook; so what is
defined there goes as code. Cloudpickle recognises a class that it meets again, so that members of an Enum stay members.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mesa_lab.running.collection.outcome_values import PLAIN

if TYPE_CHECKING:
    from mesa_lab.running.collection.collector_rows import CollectedStep
    from mesa_lab.study.records import Task

__all__ = ["pack_rows", "pack_tasks", "unpack_rows"]


def pack_tasks(tasks: Sequence[Task]) -> bytes:
    """Pickle tasks, as plain tuples: named ones take four times as long.

    Args:
        tasks: The tasks; the values of their parameters may be objects of the caller's own classes, or functions.
    """
    plain = list(map(tuple, tasks))
    kinds = {type(value) for task in tasks for value in task.parameters.values()}
    if kinds <= PLAIN:
        return pickle.dumps(plain, protocol=5)
    from mesa_lab.running.workers.serialization import dump_with_code

    values = [value for task in tasks for value in task.parameters.values() if type(value) not in PLAIN]
    functions = [value for value in values if callable(value)]
    return dump_with_code(plain, (*kinds, *functions))


def pack_rows(rows: Iterable[list[CollectedStep] | None]) -> tuple[tuple[bytes, ...], list[list[str]]]:
    """Pickle what was collected in each run.

    Args:
        rows: The collected steps by run.

    Returns:
        The pickled steps by run, and for each run a line about each name whose values cannot be sent: they become None.
    """
    packed, lines = [], []
    for each in rows:
        missing: dict[str, str] = {}
        try:
            data = _dumped(each)
        except Exception:
            data = _dumped([_sendable(step, missing) for step in each or ()])
        packed.append(data)
        lines.append(
            [
                f"'{name}' is missing: a {kind} cannot be sent back by a worker process; with number_processes=1 it stays"
                for name, kind in missing.items()
            ]
        )
    return tuple(packed), lines


def unpack_rows(rows: tuple[Any, ...]) -> list[Any]:
    """Return the collected steps by run, pickled or not."""
    return [pickle.loads(each) if isinstance(each, bytes) else each for each in rows]


def _dumped(value: Any) -> bytes:
    import cloudpickle  # type: ignore[import-untyped]

    return cloudpickle.dumps(value, protocol=5)  # type: ignore[no-any-return]


def _sendable(step: CollectedStep, missing: dict[str, str]) -> CollectedStep:
    """The same step with None in place of what cannot be pickled."""
    number, values, agents = step

    def kept(cells: dict[str, Any]) -> dict[str, Any]:
        return {name: _value_or_none(name, value, missing) for name, value in cells.items()}

    return number, kept(values), [kept(agent) for agent in agents]


def _value_or_none(name: str, value: Any, missing: dict[str, str]) -> Any:
    if type(value) in PLAIN:
        return value
    try:
        _dumped(value)
    except Exception:
        missing.setdefault(name, type(value).__name__)
        return None
    return value
