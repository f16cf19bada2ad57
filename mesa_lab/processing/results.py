"""Results: the tables of a study, with the charts, conclusions, files and reports made from them.

A facade: each of these has a folder of its own, which knows the tables (`result_tables.py`) and not this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from mesa_lab.formatting import plural
from mesa_lab.processing.answers import Answers
from mesa_lab.processing.chart_methods import Charted
from mesa_lab.processing.interchange.interchange import Interchange
from mesa_lab.processing.result_tables import ResultTables
from mesa_lab.processing.tables.column_reader import Reader
from mesa_lab.processing.tables.contents import in_one_snapshot
from mesa_lab.processing.tables.html_table import html_table
from mesa_lab.processing.tables.source import ResultsSource
from mesa_lab.study.records import STATUSES

__all__ = ["Results", "ResultsSource"]


_INNER: Final = (Reader, object)
_READ: Final = {"agent_types", "damage", "experiment", "outcomes", "parameters", "points", "status", "study"}
"""Of what reads a study, what users look at."""


class Results(Answers, Charted, Interchange, ResultTables):
    """The tables of a study, as it was at one moment, its charts, and answers to questions about it.

    That is when something was read first; runs that come later are not among them, so that all tables, charts and files belong
    together while the study is run. `refresh` gives those of now. Only once failed runs have been tried again, whose results of then are
    gone, does everything move on to the present by itself: between two calls, never within one.

    Args:
        study: What to read from: a study, or anything with the same tables (`ResultsSource`).

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=3, max_steps=5)
        >>> results = ml.run(experiment, progress=False, n_jobs=1)
        >>> results.aggregate("happy")[["density", "n"]].values.tolist()
        [[0.6, 3.0], [0.8, 3.0]]
    """

    def refresh(self) -> Results:
        """Return results that read the study again: for a study that is still running."""
        return Results(self.study)

    def save(
        self,
        path: str | Path,
        tables: str | Sequence[str] | None = None,
        format: str | None = None,  # noqa: A002
    ) -> list[Path]:
        """Write tables to a file or a folder (see `mesa_lab.processing.export.export.export`)."""
        from mesa_lab.processing.export.export import export

        return export(self, path, tables=tables, format=format)

    def report(self, path: str | Path, **options: Any) -> Path:
        """Write one HTML file that opens offline (see `mesa_lab.processing.report.report.write_report`)."""
        from mesa_lab.processing.report.report import write_report

        return write_report(self, path, **options)

    def __dir__(self) -> list[str]:
        """What is meant for users: what reads the study for them is left out."""
        own = [name for cls in type(self).__mro__ if cls not in _INNER for name in vars(cls)]
        return sorted({name for name in own if not name.startswith("_")} | _READ)

    @in_one_snapshot
    def __repr__(self) -> str:
        return f"<Results of {self.model_name}: {self._counts()}; outcomes: {_listed(self.outcomes)}; parameters: {_listed(self.parameters)}>"

    def _counts(self) -> str:
        parts = [plural(len(self.points), "design point"), plural(len(self.base), "run")]
        parts += [f"{self.status[status]:,} {status}" for status in STATUSES[1:] if self.status[status]]
        return ", ".join(parts)

    @in_one_snapshot
    def _repr_html_(self) -> str:
        head = f"<strong>Results of {escape(self.model_name)}</strong><br>{escape(self._counts())}"
        names = [
            f"<br>{label}: {escape(_listed(listed))}"
            for label, listed in (("Parameters", self.parameters), ("Outcomes", self.outcomes))
        ]
        return f"<div><p>{head}{''.join(names)}</p>{html_table(self.runs, 5, 'run')}</div>"


def _listed(names: Sequence[str], most: int = 8) -> str:
    more = f", … ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "none"
