"""How far a study is: a handful of numbers, read in one statement whatever the size of the study."""

import json
import math
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesa_lab.study.batches import SearchState
from mesa_lab.study.database import lease
from mesa_lab.study.database.metadata import check_moments, read_notices, read_object, read_shard, read_size
from mesa_lab.study.database.tolerant_reader import MalformedError
from mesa_lab.study.records import ACTIVE_STATES, STATUSES

__all__ = ["StudyStatus", "read_status"]

_QUERY: Final = """
SELECT
  (SELECT value FROM meta WHERE key = 'size'),
  (SELECT json_group_object(status, runs) FROM (SELECT status, runs FROM tally LIMIT 10)),
  (SELECT json_array(token, pid, process, host, machine, since, state, beat, tick, clock) FROM driver),
  (SELECT rate FROM driver),
  (SELECT json_array(started, updated, ended, ending, message, settings -> '$.notices') FROM sessions ORDER BY session DESC LIMIT 1),
  (SELECT min(started) FROM sessions),
  (SELECT max(updated) FROM sessions),
  (SELECT value FROM meta WHERE key = 'shard'),
  (SELECT value FROM meta WHERE key = 'search')
"""


@dataclass(frozen=True, slots=True)
class StudyStatus:
    """How far a study is.

    Attributes:
        path: The study file.
        n_points: Design points that it asks for.
        replications: Runs of each point that it asks for.
        n_runs: Runs that it asks for: all replications of all points, or those of them that are in its shard. Of a search those that
            it may take by its budget, until it has ended.
        done: Runs that came to their end.
        failed: Runs that raised an error or whose worker died.
        timed_out: Runs that were ended by their time limit.
        state: "new" (nothing has run), "running", "paused", "stopping", "stopped" (on request, or there are new runs
            to do), "interrupted" (by Ctrl-C, an error, or the end of its process) or "finished" (every run has its result).
        message: How the last session ended, when there is more to say.
        started: Start of the first session, UTC; None when there was none.
        updated: When the last result was committed, UTC.
        rate: Runs per second lately; None when nothing runs.
        seconds_left: Estimate of the time to go; None when nothing runs.
        pid: Number of the driver's process while there is one.
        host: The computer that it runs on.
        notices: What to know about the results of the last session, such as that the model keeps memory.
        shard: Which part of the experiment it asks for, such as (2, 8); None when it asks for all.
        search: The name of the method when the study is a search, else None.
        over: Why the search has ended; None while it goes on, and in other studies.
    """

    path: Path
    n_points: int
    replications: int
    n_runs: int
    done: int
    failed: int
    timed_out: int
    state: str
    message: str | None = None
    started: str | None = None
    updated: str | None = None
    rate: float | None = None
    seconds_left: float | None = None
    pid: int | None = None
    host: str | None = None
    notices: tuple[str, ...] = ()
    shard: tuple[int, int] | None = None
    search: str | None = None
    over: str | None = None

    @property
    def finished(self) -> int:
        """Runs that need not run again: done, failed and timed out ones."""
        return self.done + self.failed + self.timed_out

    @property
    def pending(self) -> int:
        """Runs without a result."""
        return self.n_runs - self.finished

    @property
    def is_open(self) -> bool:
        """Whether it is a search that has not ended: it may ask for more runs than it has by now."""
        return self.search is not None and self.over is None

    @property
    def is_active(self) -> bool:
        """Whether a process drives it now."""
        return self.state in ACTIVE_STATES


def read_status(connection: sqlite3.Connection, path: Path) -> StudyStatus:
    """Read how far a study is."""
    size, tally, driver, rate, session, started, updated, part, searched = connection.execute(
        _QUERY
    ).fetchone()
    n_points, replications = read_size(size)
    counts = read_object(tally)
    if not all(name in STATUSES and type(count) is int and count >= 0 for name, count in counts.items()):
        raise MalformedError(f"{tally:.80} are no counts of runs")
    shard, n_runs = read_shard(part) if part is not None else (None, n_points * replications)
    search = SearchState.from_json(searched) if searched is not None else None
    if search is not None:
        n_runs = search.runs if search.over is not None else max(search.runs, search.budget or 0)
    tenant = lease.Tenant(*json.loads(driver)) if driver else None
    if tenant is not None and not tenant.is_alive:
        tenant = None
    finished = sum(counts.values())
    last = json.loads(session) if session else (None,) * 6
    _, _, ended, ending, message, notices = last
    check_moments(last[0], last[1], ended, started, updated)
    if any(text is not None and type(text) is not str for text in (ending, message)):
        raise MalformedError("the records of its sessions make no sense")
    if tenant is not None:
        state = tenant.state
    elif (
        finished >= n_runs
        and (n_runs or (shard and session))  # a shard may have no run at all
        and (search is None or search.over is not None)
    ):
        state = "finished"
    elif session is None:
        state = "new"
    elif ended is None:
        state, message = "interrupted", "Its process ended without saying why."
    else:
        state = "stopped" if ending in ("stopped", "finished") else "interrupted"
    is_rate = type(rate) is float and math.isfinite(rate) and rate > 0
    active_rate = rate if tenant is not None and is_rate else None
    return StudyStatus(
        path=path,
        n_points=n_points,
        replications=replications,
        n_runs=n_runs,
        done=counts.get("done", 0),
        failed=counts.get("failed", 0),
        timed_out=counts.get("timed out", 0),
        state=state,
        message=message if tenant is None else None,
        started=started,
        updated=updated,
        rate=active_rate,
        seconds_left=(n_runs - finished) / active_rate if active_rate and n_runs > finished else None,
        pid=tenant.pid if tenant else None,
        host=tenant.host if tenant else None,
        notices=read_notices(notices),
        shard=None if shard is None else (shard.number, shard.of),
        search=None if search is None else str(search.search.get("method", "search")),
        over=None if search is None else search.over,
    )
