"""The best setting that a search found: its value with fresh seeds, and how much the runs flattered it that made it win."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.formatting import measure_label, number, plural
from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.next_runs import fresh_runs
from mesa_lab.processing.analysis.observations import Observations, observe
from mesa_lab.processing.analysis.phrases import agree, and_list, figures, outcome_phrase, percent, quantity
from mesa_lab.processing.analysis.point_names import name_of, names_of, numbers_of, parameter_columns
from mesa_lab.processing.analysis.searched.charts import course, settings_in_order
from mesa_lab.processing.statistics.group_statistics import statistics

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["Standing", "conclude_best", "in_words"]

type Floats = npt.NDArray[np.float64]

_FEW: Final = 5
_FRESH: Final = 30
"""Fresh runs of each of the last few settings that are proposed."""


@dataclass(frozen=True, eq=False)
class Standing:
    """Where an optimisation of one outcome stands.

    Attributes:
        results: The results.
        record: The search.
        outcome: What was optimised.
        level: Level of the intervals.
    """

    results: Reader
    record: SearchRecord
    outcome: str
    level: float = 0.95

    @cached_property
    def sign(self) -> float:
        """1 where less is better, -1 where more is."""
        return -1.0 if self.record.goals.get(self.outcome) == "max" else 1.0

    @cached_property
    def observed(self) -> Observations:
        """The outcome at all points."""
        return observe(self.results, self.outcome)

    @cached_property
    def numbers(self) -> list[int]:
        """The number of each point."""
        return numbers_of(self.observed, self.results)

    @cached_property
    def fresh(self) -> npt.NDArray[np.bool_]:
        """Which runs have seeds that no point had when the winner was chosen: those that confirm."""
        return self._runs_of("confirm")

    @cached_property
    def picked(self) -> npt.NDArray[np.bool_]:
        """Which runs chose among the last few."""
        return self._runs_of("select")

    def _runs_of(self, phase: str) -> npt.NDArray[np.bool_]:
        found = np.zeros(self.observed.values.shape, np.bool_)
        batch = self.record.phase(phase)
        rows = {number: row for row, number in enumerate(self.numbers)}
        for point, first, stop in batch.runs if batch is not None else ():
            if point in rows:
                found[rows[point], first:stop] = True
        return found

    def of(self, which: npt.NDArray[np.bool_]) -> pd.DataFrame:
        """Return n, mean, ci_low and ci_high of some of the runs, one row for each point."""
        row, column = np.nonzero(which & np.isfinite(self.observed.values))
        found: pd.DataFrame = statistics(
            self.observed.values[row, column],
            row,
            self.observed.n_points,
            self.level,
            is_share=self.observed.is_share,
        )
        return found

    @cached_property
    def confirmed(self) -> pd.DataFrame:
        """The statistics of the runs that confirm."""
        return self.of(self.fresh)

    @cached_property
    def before(self) -> pd.DataFrame:
        """The statistics of the runs that were there before, which made a point win."""
        return self.of(~self.fresh)

    @cached_property
    def believed(self) -> Floats:
        """The loss of each point by the runs before, few runs moved towards the mean of all: the best of many is a lucky one."""
        return _steadied(
            self.sign * self.before["mean"].to_numpy(float), self.observed, self.before["n"].to_numpy(float)
        )

    @cached_property
    def order(self) -> npt.NDArray[np.int64]:
        """The rows of the points, the best first: what was confirmed, the last few by their runs of then, the others."""
        last = self.of(self.picked)["mean"].to_numpy(float) * self.sign
        rank = np.where(self.fresh.any(axis=1), 0, np.where(self.picked.any(axis=1), 1, 3 - self.keeps))
        key = np.where(rank == 1, last, self.believed)
        return np.lexsort((np.where(np.isfinite(key), key, np.inf), rank)).astype(np.int64)

    @property
    def winner(self) -> int:
        """The row of the best point."""
        return int(self.order[0])

    @property
    def is_confirmed(self) -> bool:
        """Whether the winner has fresh runs with a value."""
        return int(self.confirmed["n"].iloc[self.winner]) > 0

    @property
    def name(self) -> str:
        """What the best setting is called."""
        return name_of(self.observed, self.winner, self.numbers[self.winner])

    @cached_property
    def conditions(self) -> tuple[str, ...]:
        """The conditions on outcomes."""
        texts = self.record.settings.get("subject_to") or ()
        return (texts,) if isinstance(texts, str) else tuple(map(str, texts))

    @cached_property
    def share_kept(self) -> Floats:
        """In which share of the runs of each point the conditions hold; failed runs count as not held."""
        results = self.results
        holds = results.done.copy()
        for text in self.conditions:
            expression = compile_expression(text)
            values = {
                name: pd.to_numeric(results.values(name), errors="coerce").to_numpy(float)
                for name in expression.names
            }
            known = np.all([np.isfinite(each) for each in values.values()], axis=0)
            filled = {name: np.where(known, each, 0.0) for name, each in values.items()}
            holds &= known & np.asarray(expression.evaluate(filled), dtype=bool)
        rows, n = results.point_rows, self.observed.n_points
        counts = np.bincount(rows, minlength=n)
        return np.bincount(rows, weights=holds, minlength=n) / np.maximum(counts, 1)

    @property
    def wanted(self) -> float:
        """In which share of the runs the conditions must hold."""
        share = self.record.settings.get("holds_in", 0.9)
        return float(share) if isinstance(share, int | float) else 0.9

    @cached_property
    def keeps(self) -> npt.NDArray[np.bool_]:
        """Which points keep the conditions; all where none does, or there are none."""
        found = self.share_kept >= self.wanted
        return found if self.conditions and found.any() else np.ones(self.observed.n_points, np.bool_)

    def so_far(self) -> pd.DataFrame:
        """Return the points in the order in which they were tried: point, run, value, n, best (so far)."""
        asked = self.record.first_runs()
        rows = pd.DataFrame(
            {
                "point": self.numbers,
                "run": [asked.get(number, 0) for number in self.numbers],
                "value": self.observed.mean,
                "n": self.observed.count,
                "loss": np.where(
                    self.keeps, _steadied(self.sign * self.observed.mean, self.observed), np.inf
                ),
            }
        )
        rows = pd.DataFrame(rows[np.isfinite(rows["value"])]).sort_values(
            "run", kind="stable", ignore_index=True
        )
        best = self.sign * np.minimum.accumulate(rows["loss"].to_numpy(float))
        rows["best"] = np.where(np.isfinite(best), best, np.nan)
        found: pd.DataFrame = rows.drop(columns="loss")
        return found


def _steadied(loss: Floats, observed: Observations, n: Floats | None = None) -> Floats:
    """Move means of few runs towards the mean of all points: the best of many means is a lucky one."""
    n = observed.count.astype(float) if n is None else n
    known = np.isfinite(loss) & (n > 0)
    within = observed.within
    if known.sum() < 3 or not np.isfinite(within):
        return loss
    noise = within / np.maximum(n, 1)
    between = max(float(loss[known].var() - noise[known].mean()), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = between / (between + noise) if between > 0 else np.zeros_like(noise)
    centre = float(loss[known].mean())
    return np.where(known, centre + weight * (loss - centre), np.nan)


def in_words(standing: Standing) -> str:
    """Return how far the search is: "Of 52 settings tried in 240 runs", "So far, …"."""
    record = standing.record
    done = int(standing.observed.n_runs)
    tried = int((standing.observed.count > 0).sum())
    start = "Of" if record.over is not None else "So far, of"
    return f"{start} {plural(tried, 'setting')} tried in {plural(done, 'run')}"


def conclude_best(results: Reader, record: SearchRecord, outcome: str, level: float, text: str) -> Conclusion:
    """Say what the best setting is, what it is worth, and how much the search flattered it.

    Args:
        results: The results.
        record: The search.
        outcome: What was optimised.
        level: Level of the intervals.
        text: The question.
    """
    standing = Standing(results, record, outcome, level)
    label = measure_label(outcome, results.outcomes)
    table = _table(standing)
    last = [int(row) for row in standing.order[:20] if (standing.fresh | standing.picked)[row].any()]
    again = fresh_runs(results, standing.observed, last or standing.order[:4].tolist(), _FRESH)
    sentences = [
        "Each point is a setting: the mean of its runs, at the place where it was first tried.",
        "The line is the best so far, with means of few runs moved towards that of all.",
    ]
    charts = [course(standing.so_far(), label, sentences)]
    if last:
        charts.insert(0, settings_in_order(_last_few(standing, last), label, _fresh_words(level)))
    found = standing.confirmed.iloc[standing.winner]
    return Conclusion(
        name="found",
        question=text,
        outcome=outcome,
        sentence=_sentence(standing),
        table=table,
        charts=charts,
        warnings=_warnings(standing),
        method="Fresh seeds for the winner, which no part of the search saw; the mean and its interval are of these runs alone "
        "(Optimizer's curse: Smith & Winkler 2006, Management Science 52: 311-322).",
        values={
            "confirmed": float(found["mean"]),
            "low": float(found["ci_low"]),
            "high": float(found["ci_high"]),
            "n_fresh": int(found["n"]),
            "before": float(standing.before["mean"].iloc[standing.winner]),
            "flattered": _flattered(standing),
            "point": standing.numbers[standing.winner],
            "n_points": len(table),
            "n_runs": standing.observed.n_runs,
        },
        unknown=("Whether a setting that was not tried is better: ask for convergence.",),
        **again.fields(
            f"The last few settings with fresh seeds, {plural(_FRESH, 'run')} of each ({plural(again.runs, 'run')} in all); or go on "
            "with the search: a larger budget keeps all runs."
        ),
    )


def _flattered(standing: Standing) -> float:
    """By how much the runs that made the winner win were too good; negative where they were too bad."""
    row = standing.winner
    return float(standing.sign * (standing.confirmed["mean"].iloc[row] - standing.before["mean"].iloc[row]))


def _sentence(standing: Standing) -> str:
    subject = outcome_phrase(standing.results, standing.outcome)
    size, unit = 1.0, ""
    if standing.observed.is_share:
        subject, size, unit = f"the share of {subject}", 100.0, " %"
    verb = "is" if standing.observed.is_share or agree(subject, "lie") != "lie" else "are"
    start = f"{in_words(standing)} {standing.name} is the best found"
    if not standing.is_confirmed:
        before = standing.before.iloc[standing.winner]
        mean = figures(
            size * float(before["mean"]), size * float(before["ci_low"]), size * float(before["ci_high"])
        )[0]
        n = plural(int(before["n"]), "run")
        said = f"{start}: {subject} {verb} {mean}{unit} there ({n})"
        if len(standing.before) == 1:
            return f"{said}, and nothing to compare it with."
        return f"{said}, which is too good to be true: these runs made it win."
    found = standing.confirmed.iloc[standing.winner]
    values = [size * float(found[name]) for name in ("mean", "ci_low", "ci_high")]
    mean, low, high = figures(*values)
    n = plural(int(found["n"]), "fresh run")
    interval = f"{low} to {high}, {n}" if np.isfinite(values[1]) else n
    said = f"{start}: {subject} {verb} {mean}{unit} there ({interval})."
    return f"{said} {_curse(standing, size, unit)}{_conditions(standing)}"


def _curse(standing: Standing, size: float, unit: str) -> str:
    before = standing.before.iloc[standing.winner]
    if not int(before["n"]):
        return ""
    flattered = size * _flattered(standing)
    found = standing.confirmed.iloc[standing.winner]
    width = size * float(np.nan_to_num(found["ci_high"] - found["ci_low"]))
    shown = figures(size * float(before["mean"]), -width / 2, width / 2)[0]
    n = plural(int(before["n"]), "run")
    if flattered > width / 50:
        return (
            f"The {n} that made it win said {shown}{unit}, which flattered it by {quantity(flattered)}{unit}."
        )
    return f"The {n} before said {shown}{unit}: the search did not flatter it."


def _conditions(standing: Standing) -> str:
    if not standing.conditions:
        return ""
    share = percent(float(standing.share_kept[standing.winner]))
    n = plural(int((standing.results.point_rows == standing.winner).sum()), "run")
    return f" There {and_list(standing.conditions)} {'hold' if len(standing.conditions) > 1 else 'holds'} in {share} of {n}."


def _warnings(standing: Standing) -> tuple[str, ...]:
    said = []
    if standing.record.over is None:
        said.append("The search has not ended: what is best may change.")
    elif not standing.is_confirmed:
        said.append(
            "The best was not confirmed with fresh seeds: the budget was too small, or the runs failed."
        )
    elif int(standing.confirmed["n"].iloc[standing.winner]) < _FEW:
        n = int(standing.confirmed["n"].iloc[standing.winner])
        said.append(f"The best was confirmed with {plural(n, 'run')} only: its interval is wide.")
    if standing.conditions and standing.share_kept[standing.winner] < standing.wanted:
        said.append(
            f"No setting was found at which {and_list(standing.conditions)} holds in {percent(standing.wanted)} of the runs, as was asked; "
            "this one comes nearest."
        )
    return (*said, *standing.observed.left_out())


def _fresh_words(level: float) -> list[str]:
    return [
        f"Mean of the runs with fresh seeds, with {number(100 * level)} % confidence interval.",
        "The cross is the mean of the runs that made the setting win.",
    ]


def _last_few(standing: Standing, rows: list[int]) -> pd.DataFrame:
    fresh = standing.of(standing.fresh | standing.picked)
    old = standing.of(~(standing.fresh | standing.picked))
    numbers = [standing.numbers[row] for row in rows]
    return pd.DataFrame(
        {
            "setting": names_of(standing.observed, rows, numbers),
            "point": numbers,
            "before": old["mean"].to_numpy(float)[rows],
            "mean": fresh["mean"].to_numpy(float)[rows],
            "low": fresh["ci_low"].to_numpy(float)[rows],
            "high": fresh["ci_high"].to_numpy(float)[rows],
            "n": fresh["n"].to_numpy(int)[rows],
        }
    )


def _table(standing: Standing) -> pd.DataFrame:
    fresh, before, order = standing.confirmed, standing.before, standing.order
    role = np.where(
        standing.fresh.any(axis=1), "confirmed", np.where(standing.picked.any(axis=1), "last few", "tried")
    )
    own: dict[str, Any] = {
        "role": role,
        "n": before["n"].to_numpy(int),
        "mean": before["mean"].to_numpy(float),
        "low": before["ci_low"].to_numpy(float),
        "high": before["ci_high"].to_numpy(float),
        "n_fresh": fresh["n"].to_numpy(int),
        "fresh_mean": fresh["mean"].to_numpy(float),
        "fresh_low": fresh["ci_low"].to_numpy(float),
        "fresh_high": fresh["ci_high"].to_numpy(float),
    }
    columns = {"point": standing.numbers, **parameter_columns(standing.observed, {"point", *own}), **own}
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)
