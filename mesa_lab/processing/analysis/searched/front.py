"""The front of several goals: the settings at which none can be bettered without losing in another, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.formatting import measure_label, number, plural
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.next_runs import fresh_runs
from mesa_lab.processing.analysis.phrases import and_list, figures
from mesa_lab.processing.analysis.point_names import parameter_columns
from mesa_lab.processing.analysis.scatter_chart import cloud
from mesa_lab.processing.analysis.searched.outcome_space import nondominated
from mesa_lab.processing.analysis.searched.standing import Standing, in_words

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["conclude_front"]

type Floats = npt.NDArray[np.float64]

_DRAWS: Final = 1000
_MOST: Final = 20
_FRESH: Final = 30
_SURE: Final = 0.5
"""A point belongs to the front as likely as not."""


def conclude_front(
    results: Reader, record: SearchRecord, outcome: str, level: float, text: str
) -> Conclusion:
    """Say which settings make the front, and how likely each belongs to it.

    Args:
        results: The results.
        record: The search.
        outcome: One of the goals: it names the conclusion.
        level: Level of the intervals.
        text: The question.
    """
    standings = {name: Standing(results, record, name, level) for name in record.goals}
    first = next(iter(standings.values()))
    is_fresh = bool(first.fresh.any())
    found = {name: each.confirmed if is_fresh else each.before for name, each in standings.items()}
    losses = np.column_stack(
        [each.sign * found[name]["mean"].to_numpy(float) for name, each in standings.items()]
    )
    known = np.flatnonzero(np.isfinite(losses).all(axis=1))
    on = known[nondominated(losses[known])]
    errors = np.column_stack(
        [
            np.sqrt(np.nan_to_num(each.observed.within) / np.maximum(found[name]["n"].to_numpy(float), 1))
            for name, each in standings.items()
        ]
    )
    share = _shares(losses[known], errors[known])
    order = known[np.lexsort((losses[known, 0], ~np.isin(known, on)))]
    belongs = {int(row): float(each) for row, each in zip(known, share, strict=True)}
    own: dict[str, Any] = {"on_front": np.isin(order, on), "sure": [belongs[int(row)] for row in order]}
    own["n"] = found[first.outcome]["n"].to_numpy(int)[order]
    for name in standings:
        for key, column in (("", "mean"), (" low", "ci_low"), (" high", "ci_high")):
            own[f"{name}{key}"] = found[name][column].to_numpy(float)[order]
    parameters = {
        name: values[order] for name, values in parameter_columns(first.observed, {"point", *own}).items()
    }
    table = pd.DataFrame({"point": [first.numbers[row] for row in order], **parameters, **own})
    again = fresh_runs(results, first.observed, [int(row) for row in on[:_MOST]], _FRESH)
    return Conclusion(
        name="found",
        question=text,
        outcome=outcome,
        sentence=_sentence(standings, found, on, belongs, is_fresh),
        table=table,
        charts=[_chart(results, standings, found, table, order, is_fresh, level)]
        if len(standings) > 1
        else (),
        warnings=_warnings(first, is_fresh, table),
        method="Nondominated means of the runs with fresh seeds; how sure a setting belongs to the front: the share of "
        f"{_DRAWS:,} draws from the errors of the means in which nothing betters it.",
        values={
            "n_front": len(on),
            "n_points": int((first.observed.count > 0).sum()),
            "n_runs": first.observed.n_runs,
        },
        unknown=("Whether settings that were not tried lie beyond the front: a larger budget tells.",),
        **again.fields(
            f"The settings of the front with fresh seeds, {plural(_FRESH, 'run')} of each ({plural(again.runs, 'run')} in all)."
        ),
    )


def _shares(losses: Floats, errors: Floats) -> Floats:
    """In which share of draws from their errors each point is bettered by none."""
    rng = np.random.default_rng(1)
    counts = np.zeros(len(losses))
    for _ in range(_DRAWS if len(losses) <= 60 else _DRAWS // 10):
        counts[nondominated(losses + errors * rng.standard_normal(losses.shape))] += 1
    return counts / (_DRAWS if len(losses) <= 60 else _DRAWS // 10)


def _sentence(
    standings: dict[str, Standing],
    found: dict[str, pd.DataFrame],
    on: Any,
    belongs: dict[int, float],
    is_fresh: bool,
) -> str:
    first = next(iter(standings.values()))
    sure = sum(belongs[int(row)] >= _SURE for row in on)
    ends = []
    for name, each in standings.items():
        means = found[name]["mean"].to_numpy(float)[on]
        best, worst = (means.max(), means.min()) if each.sign < 0 else (means.min(), means.max())
        low, high = figures(float(best), float(worst))
        ends.append(f"{name} {low}" if len(on) == 1 else f"{name} from {low} to {high}")
    what = "confirmed with fresh seeds" if is_fresh else "by the runs that made them win, which flatter them"
    start = f"{in_words(first)} {plural(len(on), 'setting')} {'makes' if len(on) == 1 else 'make'} the front, {what}: {and_list(ends)}."
    if len(on) == 1:
        among = "confirmed" if is_fresh else "tried"
        return f"{start} Nothing else that was {among} is better in any of them."
    return f"{start} {sure:,} of them {'is' if sure == 1 else 'are'} more likely on it than not, given the errors of the means."


def _chart(
    results: Reader,
    standings: dict[str, Standing],
    found: dict[str, pd.DataFrame],
    table: pd.DataFrame,
    order: Any,
    is_fresh: bool,
    level: float,
) -> Any:
    across, up = list(standings)[:2]
    rows = pd.DataFrame(
        {
            "x": table[across],
            "y": table[up],
            "colour": np.where(table["on_front"], "on the front", "bettered by another"),
            "point": table["point"],
            "sure": table["sure"],
            "n": table["n"],
            **{
                f"{axis}_{end}": table[f"{name} {end}"]
                for axis, name in (("x", across), ("y", up))
                for end in ("low", "high")
            },
        }
    )
    if not is_fresh:
        rows = rows.drop(columns=["x_low", "x_high", "y_low", "y_high"])
        sentences = ["Means of the runs that made them win: not confirmed yet."]
    else:
        sentences = [
            f"Means of the runs with fresh seeds, with {number(100 * level)} % confidence intervals."
        ]
    if len(standings) > 2:
        sentences.append(f"Two of {len(standings)} goals are drawn.")
    labels = {
        "x": measure_label(across, results.outcomes),
        "y": measure_label(up, results.outcomes),
        "colour": "status",
        "point": "point",
        "n": "runs",
        "sure": "on the front in draws",
    }
    return cloud(rows, "front", "The front", sentences, labels, ("on the front", "bettered by another"))


def _warnings(standing: Standing, is_fresh: bool, table: pd.DataFrame) -> Sequence[str]:
    said = []
    if standing.record.over is None:
        said.append("The search has not ended: the front may move.")
    elif not is_fresh:
        said.append(
            "The front was not confirmed with fresh seeds: the budget was too small, or the runs failed."
        )
    if is_fresh and not table["on_front"].all():
        out = int((~table["on_front"]).sum())
        said.append(
            f"With fresh seeds {plural(out, 'setting')} of the front that was found {'is' if out == 1 else 'are'} bettered by another: "
            "luck had put them there."
        )
    return (*said, *standing.observed.left_out())
