"""What a study knows of its runs beside their results: notes on values, tables of data collectors, what was printed, what code it was.

Sources that know nothing of it (see `ResultsSource`) have none.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from mesa_lab.errors import OutcomeError, RunError, suggest
from mesa_lab.processing.tables import column_names
from mesa_lab.processing.tables.column_reader import Reader
from mesa_lab.processing.tables.contents import in_one_snapshot
from mesa_lab.processing.tables.selection import check_known, number_of
from mesa_lab.study.run_notes import Note, NoteTally

__all__ = ["RunRecords"]

_NOTED: Final = ("outcome", "kind", "type", "note", "runs", "values", "run_id")


class RunRecords(Reader):
    """What is known of the runs of a study beside their results."""

    @cached_property
    @in_one_snapshot
    def notes(self) -> pd.DataFrame:
        """What is to be said of the values: one row for each outcome and reason, lost values first.

        Columns: outcome (also what was measured of agents, and columns of tables), kind, type (of the error, or of the values),
        note, runs (how many), values (how many are missing) and run_id (the first of the runs). Kinds: "raised" (the outcome
        raised an error, and has no value there), "not kept" (no table can hold its values), "form" (its values are kept in another
        form, such as durations as seconds) and "remark" (said of runs).
        """
        # Of the runs that these results have, and no others: more may have come since they were read.
        noted = self._noted()
        read = getattr(self.study, "notes", None)
        forms = [note for note in read() if note.kind == "form"] if callable(read) else []
        found = [
            *(note for note in noted if note.is_loss),
            *forms,
            *(note for note in noted if not note.is_loss),
        ]
        rows = [[getattr(note, name) for name in _NOTED] for note in found]
        frame = pd.DataFrame(rows, columns=list(_NOTED))
        kinds = dict.fromkeys(_NOTED[:4], "str") | {"runs": "int64", "values": "int64", "run_id": "Int64"}
        return frame.astype(kinds)

    def _noted(self) -> tuple[Note, ...]:
        """What the runs of a source noted that does not count it itself."""
        tally = NoteTally()
        runs = self.base["run_id"].tolist()
        for run_id, text in zip(runs, self.recorded("notes").tolist(), strict=True):
            if isinstance(text, str) and text.strip():
                tally.add(run_id, text)
        return tally.notes()

    @cached_property
    @in_one_snapshot
    def code_versions(self) -> pd.DataFrame:
        """The versions of the model's code that the runs are of: digest, runs (how many), files (what a version consists of).

        More than one row means that runs may differ because the code did. Empty where that was not recorded.
        """
        read = getattr(self.study, "code_versions", None)
        found = read() if callable(read) else ()
        rows = [(version.digest, version.runs, ", ".join(version.files)) for version in found]
        return pd.DataFrame(rows, columns=["digest", "runs", "files"]).astype({"runs": "int64"})

    @property
    def table_names(self) -> tuple[str, ...]:
        """The tables of the model's data collector that have rows."""
        return self._contents.tables

    @in_one_snapshot
    def tables(self, name: str | None = None) -> Any:
        """Return a table of the model's data collector (`DataCollector(tables={"Jobs": [...]})`, `add_table_row`).

        Args:
            name: Which table; None for all of them.

        Returns:
            One row per row that a run has added: run_id, point, replication, the varied parameters, step (at which it was added),
            and the table's columns; one that is named like one of these is called `"<name> (table)"`. For None a dict from name
            to table.

        Raises:
            OutcomeError: If no run has a table of this name.
        """
        if name is None:
            return {each: self.tables(each) for each in self.table_names}
        if name not in self.table_names:
            listed = ", ".join(self.table_names) or "none that has rows"
            raise OutcomeError(
                f"No run has rows in a table '{name}'. The data collector's tables: {listed}.{suggest(name, self.table_names)}"
            )
        always = pa.schema([(key, pa.int64()) for key in column_names.TABLE_KEYS])
        blocks = self.study.table_blocks(name)  # type: ignore[attr-defined]

        def rename(column: str) -> str:
            return column_names.table_column(column, self.columns.values())

        return self.long_frame(blocks, rename, column_names.TABLE_KEYS, always)

    def output(self, run_id: int) -> str:
        """Return what a run printed, logged and warned of: the last 64 KiB of it.

        Args:
            run_id: The run.

        Returns:
            The text; empty when it printed nothing, or nothing was kept of it.

        Raises:
            ParameterError: If the study has no such run.
        """
        number = self._known_run(run_id)
        read = getattr(self.study, "output", None)
        return (read(number) or "") if callable(read) else ""

    def rebuild(self, run_id: int, step: int | None = None) -> Any:
        """Run the model of a run again, and return the model itself as it was after a step.

        The run is carried out in this process with the same parameters and seed, up to that step. Its data collector holds what it
        collected until then, and `model.step()` goes on.

        Args:
            run_id: The run.
            step: The step; 0 for the model as it was set up, None for the last step that the run completed.

        Returns:
            The model. A warning says when its outcomes are not those that the study has, because its code has changed or it draws
            from what is not seeded.

        Raises:
            ParameterError: If the study has no such run.
            RunError: If the run did not come to that step, or the results are of a source that cannot run anything.
            NotAllowedError: If the model's code may not be loaded here.
            Exception: What the model raises.

        Example:
            >>> import mesa_lab as ml
            >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, max_steps=5)
            >>> results = ml.run(experiment, progress=False, n_jobs=1)
            >>> model = results.rebuild(1, step=2)
            >>> len(model.agents) == results.series(runs=1)["population"].iloc[2]
            np.True_
        """
        number = self._known_run(run_id)
        rebuild = getattr(self.study, "rebuild", None)
        if not callable(rebuild):
            raise RunError(
                "These results cannot run anything. Open the study: ml.open_study('name.study').results.rebuild(...)."
            )
        return rebuild(number, step)

    def watch(self, run_id: int, step: int = 0) -> Any:
        """Show a run in a notebook: its model at a step, drawn, with buttons that move it.

        The run is carried out anew in a process of its own, and what its data collector holds is compared with the study.

        Args:
            run_id: The run.
            step: The step to begin at.

        Returns:
            The view; make it the last line of a cell. `view.go(step)` returns what the run looks like at a step, `view.close()` ends
            its process.

        Raises:
            ParameterError: If the study has no such run.
            RunError: If the results are of a source that cannot run anything.
            NotAllowedError: If the model's code may not be loaded here.

        Example:
            >>> results.watch(1, step=100)  # doctest: +SKIP
        """
        number = self._known_run(run_id)
        watch = getattr(self.study, "watch", None)
        if not callable(watch):
            raise RunError(
                "These results cannot run anything. Open the study: ml.open_study('name.study').results.watch(...)."
            )
        return watch(number, step)

    def _known_run(self, run_id: int) -> int:
        number = number_of(run_id, "run")
        check_known(np.array([number]), self.base["run_id"].to_numpy(), "run")
        return number
