"""The loop: asks a method for batches, and writes what it asks for into the study before any of it runs.

Batch k is asked for when batch k - 2 has ended, with the results of batches up to k - 2: while it is decided on, batch k - 1
keeps the workers busy. What batch k - 1 has given by then is not looked at, since that depends on how many workers there are. So the
sequence of batches depends on the results alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mesa_lab.search.import_ahead import import_ahead
from mesa_lab.search.ledger import Ledger
from mesa_lab.search.observed import Observed
from mesa_lab.study import batches as stored
from mesa_lab.study.batches import AskedBatch

if TYPE_CHECKING:
    from mesa_lab.search.search import Search
    from mesa_lab.study import Study, Writer
    from mesa_lab.study.records import Batch

__all__ = ["Loop"]


class Loop:
    """Carries a search on; `running.driver.drive` calls it while runs are carried out.

    Args:
        study: The study of the search.
        search: What is searched, and how.
    """

    def __init__(self, study: Study, search: Search) -> None:
        self.study = study
        self.search = search
        self.headline = ""
        """What to show beside the progress."""
        self._writer: Writer | None = None
        self._ledger = Ledger(search)
        self._left: list[set[int]] = []  # of each batch the runs that have no result yet
        self._over: str | None = None
        self._before = 0.0
        self._has_heard = False
        self._started = time.monotonic()
        self._observed = Observed(study, search.method)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is asked for."""
        return self._over is not None

    @property
    def total(self) -> int:
        """How many runs there will be, as far as is known."""
        asked = self._ledger.n_asked
        return asked if self._over is not None else max(asked, self.search.budget_runs or 0)

    @property
    def seconds(self) -> float:
        """How long the search has been running, over all sessions."""
        return self._before + time.monotonic() - self._started

    def begin(self, writer: Writer) -> None:
        """Read what is there, and ask for what is due."""
        self._writer = writer
        state, batches = self.study.search, self.study.batches
        self._over = None if state is None else state.over
        self._before = batches[-1].seconds if batches else 0.0
        frame = self.study.points_frame()
        names = [str(name) for name in frame.columns]
        rows = zip(*(frame[name].tolist() for name in names), strict=True)
        self._ledger = Ledger(self.search, batches, (dict(zip(names, row, strict=True)) for row in rows))
        done = self._observed.read()
        self._left = [_runs_of(batch) - done for batch in batches]
        self._ask_due()

    def hear(self, batch: Batch) -> Iterable[int]:
        """Take note of results and return the numbers of further runs."""
        if not self._has_heard:  # the workers are there, and busy for a while
            self._has_heard = True
            import_ahead(self.search.method.needs_later)
        have = {run.point << 32 | run.replication for run in batch.runs}
        for left in self._left[-2:]:
            left -= have
        return self._ask_due()

    def _ask_due(self) -> list[int]:
        """Ask for the batches that are due, and return the numbers of their runs."""
        before = len(self._ledger.batches)
        while self._over is None and not any(self._left[:-1]):
            self._ask_next()
        new = {run for batch in self._ledger.batches[before:] for run in _runs_of(batch)}
        if not new:
            return []
        runs = self.study.plan()
        keys = (runs.point << 32 | runs.replication).tolist()
        return [number for number, key in zip(runs.run_id.tolist(), keys, strict=True) if key in new]

    def _ask_next(self) -> None:
        assert self._writer is not None
        self._writer.commit()  # what is decided on is on disk before what follows from it
        self._observed.read()
        ledger, seconds = self._ledger, self.seconds
        values = self._observed.arrays(ledger.shape)
        history = ledger.history(values, seconds, self.study.outcome_names)
        self.headline = self.search.method.headline(history)
        decision = ledger.decide(history, seconds, self._observed.trouble(history))
        batch = decision.batch
        if batch is None:
            self._over = decision.over
            self._writer.change(lambda connection: stored.end(connection, decision.over))
            return
        self._writer.change(lambda connection: stored.add(connection, batch, decision.new_points))
        self._left.append(_runs_of(batch))


def _runs_of(batch: AskedBatch) -> set[int]:
    """The runs of a batch, each as one number."""
    return {
        point << 32 | replication for point, first, stop in batch.runs for replication in range(first, stop)
    }
