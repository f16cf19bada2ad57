"""The patterns that a search for variety found: cells of the outcome space, and how each is reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import measure_label, number, plural
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.next_runs import fresh_runs
from mesa_lab.processing.analysis.observations import Observations, observe
from mesa_lab.processing.analysis.phrases import and_list, percent
from mesa_lab.processing.analysis.point_names import numbers_of, parameter_columns
from mesa_lab.processing.analysis.scatter_chart import cloud
from mesa_lab.processing.analysis.searched.outcome_space import Cells, cells_of

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["conclude_patterns", "new_patterns", "pattern_course"]

type Floats = npt.NDArray[np.float64]

_AGAIN: Final = 10
_MOST: Final = 50


class _Patterns:
    """The cells that were reached."""

    def __init__(self, results: Reader, record: SearchRecord) -> None:
        self.names = record.outcomes
        self.observed = [observe(results, name) for name in self.names]
        self.numbers = numbers_of(self.observed[0], results)
        cells = record.settings.get("cells", 10)
        if isinstance(cells, Mapping):
            if not all(isinstance(cells.get(name), int | float) and cells[name] > 0 for name in self.names):
                raise ConclusionError("The study does not say how wide the cells of its search are.")
        elif not isinstance(cells, int) or cells < 1:
            cells = 10
        self.medians = np.column_stack([_medians(each) for each in self.observed])
        self.cells, self.low, self.widths = cells_of(self.medians, self.names, cells)
        self.hits = Counter(cell for cell in self.cells if cell is not None)

    @property
    def first(self) -> Observations:
        """The first outcome at the points."""
        return self.observed[0]


def _medians(observed: Observations) -> Floats:
    known = np.isfinite(observed.values)
    found = np.full(len(known), np.nan)
    some = known.any(axis=1)
    if some.any():
        found[some] = np.nanmedian(np.where(known, observed.values, np.nan)[some], axis=1)
    return found


def conclude_patterns(
    results: Reader, record: SearchRecord, outcome: str, level: float, text: str
) -> Conclusion:
    """Say how many patterns were found, and how each is reached.

    Args:
        results: The results.
        record: The search.
        outcome: One of the outcomes of the patterns: it names the conclusion.
        level: Level of the intervals; not used.
        text: The question.
    """
    found = _Patterns(results, record)
    table = _table(found)
    n_runs = found.first.n_runs
    single = int((table["n_points"] == 1).sum())
    spans = [
        f"{name} {number(float(np.nanmin(column)), 3)} to {number(float(np.nanmax(column)), 3)}"
        for name, column in zip(found.names, found.medians.T, strict=True)
    ]
    late, since = new_patterns(record, found.cells, found.numbers)
    start = "" if record.over is not None else "So far "
    sentence = (
        f"{start}{plural(len(table), 'pattern')} of {and_list(list(found.names))} {'was' if len(table) == 1 else 'were'} found at "
        f"{plural(int(sum(found.hits.values())), 'setting')} in {plural(n_runs, 'run')}: {and_list(spans)}. {late:,} of them "
        f"{'is' if late == 1 else 'are'} new in the last {plural(since, 'run') if since > 1 else 'run'}."
    )
    rare = [found.numbers.index(int(point)) for point in table["point"].head(_MOST)]
    again = fresh_runs(results, found.first, rare, _AGAIN)
    return Conclusion(
        name="found",
        question=text,
        outcome=outcome,
        sentence=sentence,
        table=table,
        charts=[_map(results, found)],
        warnings=_warnings(record, found, table),
        method="Pattern space exploration (Chérel, Cottineau & Reuillon 2015, PLoS ONE 10: e0138212): the space of the outcomes in cells.",
        values={
            "n_patterns": len(table),
            "n_single": single,
            "n_new": late,
            "n_points": int(sum(found.hits.values())),
            "n_runs": n_runs,
        },
        unknown=(
            "Whether the model cannot do what was not found: a search shows what is possible, never what is not.",
        ),
        **again.fields(
            f"A setting of each of the rarest {plural(len(rare), 'pattern')} with fresh seeds, {plural(_AGAIN, 'run')} of each "
            f"({plural(again.runs, 'run')} in all): does it come back?"
        ),
    )


def new_patterns(record: SearchRecord, cells: Cells, numbers: list[int]) -> tuple[int, int]:
    """Return how many patterns were first reached in the last fifth of the runs, and how many runs that is."""
    asked = record.first_runs()
    when: dict[tuple[int, ...], int] = {}
    for number_, cell in sorted(zip(numbers, cells, strict=True), key=lambda pair: asked.get(pair[0], 0)):
        if cell is not None:
            when.setdefault(cell, asked.get(number_, 0))
    since = max(record.n_runs // 5, 1)
    return sum(run >= record.n_runs - since for run in when.values()), since


def _table(found: _Patterns) -> pd.DataFrame:
    first: dict[tuple[int, ...], int] = {}
    for row, cell in enumerate(found.cells):
        if cell is not None:
            first.setdefault(cell, row)
    cells = sorted(first, key=lambda cell: (found.hits[cell], cell))
    rows = [first[cell] for cell in cells]
    own: dict[str, Any] = {}
    for place, name in enumerate(found.names):
        own[f"{name} from"] = [found.low[place] + found.widths[place] * cell[place] for cell in cells]
        own[f"{name} to"] = [found.low[place] + found.widths[place] * (cell[place] + 1) for cell in cells]
    own["n_points"] = [found.hits[cell] for cell in cells]
    parameters = {
        name: values[rows] for name, values in parameter_columns(found.first, {"point", *own}).items()
    }
    return pd.DataFrame({**own, "point": [found.numbers[row] for row in rows], **parameters})


def _map(results: Reader, found: _Patterns) -> Any:
    known = [row for row, cell in enumerate(found.cells) if cell is not None]
    hits = [found.hits[cell] for cell in found.cells if cell is not None]
    across = found.names[0]
    up = found.names[1] if len(found.names) > 1 else None
    rows = pd.DataFrame(
        {
            "x": found.medians[known, 0],
            "y": found.medians[known, 1] if up else np.array(hits, float),
            "colour": hits,
            "point": [found.numbers[row] for row in known],
        }
    )
    labels = {
        "x": measure_label(across, results.outcomes),
        "y": measure_label(up, results.outcomes) if up else "settings in its cell",
        "colour": "settings in its cell",
        "point": "point",
    }
    sentences = ["Each mark is a setting; dark ones did what few others do."]
    if len(found.names) > 2:
        sentences.append(f"Two of {len(found.names)} outcomes are drawn.")
    return cloud(rows, "patterns", "What the model did", sentences, labels)


def _warnings(record: SearchRecord, found: _Patterns, table: pd.DataFrame) -> tuple[str, ...]:
    said = []
    if record.over is None:
        said.append("The search has not ended: more may be found.")
    single = int((table["n_points"] == 1).sum())
    runs = found.first.count[found.first.count > 0]
    if single and len(runs) and int(runs.max()) == 1:
        said.append(
            f"{percent(single / len(table))} of the patterns were seen in one run only: chance may have made them. Run their settings again."
        )
    return (*said, *found.first.left_out())


def pattern_course(results: Reader, record: SearchRecord) -> pd.DataFrame:
    """Return how many patterns were known when each setting was tried: point, run, value and best (patterns), n."""
    found = _Patterns(results, record)
    asked = record.first_runs()
    known = [row for row, cell in enumerate(found.cells) if cell is not None]
    known.sort(key=lambda row: (asked.get(found.numbers[row], 0), row))
    seen: set[tuple[int, ...]] = set()
    counts = []
    for row in known:
        cell = found.cells[row]
        assert cell is not None
        seen.add(cell)
        counts.append(len(seen))
    return pd.DataFrame(
        {
            "point": [found.numbers[row] for row in known],
            "run": [asked.get(found.numbers[row], 0) for row in known],
            "value": counts,
            "n": found.first.count[known],
            "best": counts,
        }
    )
