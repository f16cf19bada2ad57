"""Reading what was collected over the steps: series and agents' data, with what belongs to their runs beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing import tables
from mesa_lab.processing.assembling import assemble
from mesa_lab.processing.run_columns import RunColumns
from mesa_lab.processing.source import Block

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Reader"]

_FIRST_OUTCOME: Final = 3  # after run_id, step and time
_OF_RUN: Final = ("run_id", "point", "replication")


class Reader(RunColumns):
    """The tables of a study with a row for each run, step or agent, read as they are asked for."""

    def parameters_of(self, point: Any) -> dict[str, pd.Series[Any]]:
        """The parameter columns of runs, from the points that they belong to."""
        rows = self.points.index.get_indexer(pd.Index(point))
        return {column: values.iloc[rows].reset_index(drop=True) for column, values in self.points.items()}  # type: ignore[misc]

    def series_blocks(self, outcomes: Sequence[str], run_ids: Sequence[int] | None = None) -> Iterator[Block]:
        """Yield run_id, step, time and the outcomes, some runs at a time."""
        reported = [name for name in outcomes if name in self._reported]
        return self.study.series_blocks(run_ids=run_ids, outcomes=reported)

    def series_parts(
        self, outcomes: Sequence[str], run_ids: Sequence[int] | None = None
    ) -> Iterator[pa.Table]:
        """Yield run_id, step, time and the outcomes under their column names, part after part."""
        renamed = tables.outcome_columns(outcomes)
        for block in self.series_blocks(outcomes, run_ids):
            yield tables.renamed(block.table(), lambda name: renamed.get(name, name))

    def agent_parts(self, agent_type: str) -> Iterator[pa.Table]:
        """Yield what was measured of the agents of a type, part after part."""
        for block in self.study.agent_blocks(agent_type):
            yield tables.renamed(block.table(), tables.agent_column)

    def long_frame(
        self, blocks: Iterable[Block], rename: Callable[[str], str], schema: pa.Schema
    ) -> pd.DataFrame:
        """Put blocks into one frame, with point, replication and the parameters beside what belongs to a run.

        Args:
            blocks: Some runs each, beginning with run_id and step.
            rename: What a column is called that is not Mesa Lab's own.
            schema: Columns that there are in any case.
        """
        held = list(blocks)
        base = pd.Index(self.base["run_id"])
        whole = assemble(held, rename, base.to_numpy(), schema)
        if whole is None:
            parts = tables.by_first_run(tables.renamed(block.table(), rename) for block in held)
            return self.with_runs(tables.to_frame(tables.concat([schema.empty_table(), *parts])))
        own = self._of_runs(base.get_indexer(pd.Index(whole.run_id)).astype(np.int64), whole.counts)
        return pd.DataFrame(own | whole.columns, copy=False)

    def _of_runs(self, rows: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> dict[str, Any]:
        """Return the columns about runs, given by their rows in `base`, with so many rows for each."""
        columns: dict[str, Any] = {
            name: _repeated(self.base[name].to_numpy()[rows], counts) for name in _OF_RUN
        }
        places = np.repeat(self.point_rows[rows], counts)
        return columns | {str(name): values.array.take(places) for name, values in self.points.items()}

    def with_runs(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Put point, replication and the parameters beside what belongs to a run, in order of runs and steps."""
        run_id, step = (frame[name].to_numpy(dtype=np.int64) for name in ("run_id", "step"))
        starts, counts = tables.stretches(run_id)
        if not tables.in_order(run_id, step, starts):
            order = np.lexsort((step, run_id))  # keeps the agents of a step in their order
            frame, run_id = frame.iloc[order].reset_index(drop=True), run_id[order]
            starts, counts = tables.stretches(run_id)
        # What belongs to a run is looked up once for all its rows.
        rows = pd.Index(self.base["run_id"]).get_indexer(pd.Index(run_id[starts]))
        if (rows < 0).any():  # runs that came later, or are no longer asked for
            known = np.repeat(rows >= 0, counts)
            frame = frame[known].reset_index(drop=True)
            rows, counts = rows[rows >= 0], counts[rows >= 0]
        columns = self._of_runs(rows, counts)
        columns |= {str(name): frame[name].array for name in frame.columns if name != "run_id"}
        return pd.DataFrame(columns, copy=False)

    def steps_of(
        self, name: str, chosen: npt.NDArray[np.bool_], stride: int = 1
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], pd.Series[Any]]:
        """Read one outcome's series and nothing else.

        Args:
            name: The outcome.
            chosen: For each run in `base` whether it is wanted.
            stride: Keep the steps that are a multiple of this, and the experiment's last.

        Returns:
            Row of the run in `base`, step, and value, one each per kept step.
        """
        self.outcome_list(name)
        ids = pd.Index(self.base["run_id"])
        wanted = None if chosen.all() else ids[chosen].tolist()
        last = self.experiment.max_steps
        parts = []
        for part in self.series_parts([name], wanted):
            if part.num_columns <= _FIRST_OUTCOME:
                continue
            step = part.column(1).to_numpy()
            rows = ids.get_indexer(pd.Index(part.column(0).to_numpy()))
            keep = (rows >= 0) & chosen[rows]
            if stride > 1:
                keep &= (step % stride == 0) | (step == last)
            parts.append(
                part.select([0, 1, _FIRST_OUTCOME]).filter(keep).rename_columns(["run_id", "step", "value"])
            )
        frame = (
            tables.to_frame(tables.concat(parts))
            if parts
            else pd.DataFrame({"run_id": [], "step": [], "value": []})
        )
        row = ids.get_indexer(frame["run_id"].to_numpy(dtype=np.int64)).astype(np.int64)
        return row, frame["step"].to_numpy(dtype=np.int64), tables.settle(frame["value"])


def _repeated(values: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Repeat each value; nothing but zeros takes no memory until it is written to."""
    return np.repeat(values, counts) if values.any() else np.zeros(counts.sum(), np.int64)
