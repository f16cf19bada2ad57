"""The failures of a study at a glance: kinds with their counts, and the latest runs of each.

A study in which everything fails holds as many tracebacks as runs. Who looks on while it runs wants
the few that tell what is wrong, without the others being read.
"""

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["FailedRun", "FailureKind", "failure_kinds"]

_MOST_KINDS: Final = 100
# A run that a later attempt finished has not failed.
_STANDING: Final = (
    "FROM failures JOIN runs USING(run_id) WHERE runs.status <> 'done' AND failures.attempt = runs.attempt"
)


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that failed.

    Attributes:
        run_id: Its number.
        message: What the error said.
        traceback: Where it was raised.
    """

    run_id: int
    message: str
    traceback: str


@dataclass(frozen=True, slots=True)
class FailureKind:
    """Runs that failed alike.

    Attributes:
        stage: In which stage: "setting up", "stepping", "measuring", "saving" or "worker".
        error_type: With which error.
        count: How many.
        latest: The latest of them, newest first.
    """

    stage: str
    error_type: str
    count: int
    latest: tuple[FailedRun, ...]

    @property
    def title(self) -> str:
        """The kind in a few words."""
        where = "of the worker process" if self.stage == "worker" else f"while {self.stage}"
        return f"{self.error_type} {where}"


def failure_kinds(connection: sqlite3.Connection, latest: int) -> tuple[FailureKind, ...]:
    """Return the kinds of failure, the most frequent first; of very many the first hundred.

    Args:
        connection: A study's.
        latest: How many runs of each kind to read.
    """
    kinds = connection.execute(
        f"SELECT stage, error_type, count(*) {_STANDING} GROUP BY stage, error_type ORDER BY count(*) DESC, max(failures.rowid) "
        f"LIMIT {_MOST_KINDS}"
    ).fetchall()
    query = (
        f"SELECT run_id, message, traceback {_STANDING} AND stage IS ? AND error_type IS ? "
        "ORDER BY failures.rowid DESC LIMIT ?"
    )
    return tuple(
        FailureKind(
            _text(stage),
            _text(error_type),
            count,
            tuple(
                FailedRun(run_id, _text(message), _text(traceback))
                for run_id, message, traceback in connection.execute(query, (stage, error_type, latest))
            ),
        )
        for stage, error_type, count in kinds
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)
