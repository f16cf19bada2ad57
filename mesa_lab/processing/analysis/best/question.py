"""The question which of the settings that were tried is the best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.formatting import measure_label, plural
from mesa_lab.processing.analysis.best.charts import ranking
from mesa_lab.processing.analysis.best.correction import FEW, left_out_value, winner_interval
from mesa_lab.processing.analysis.best.selection import Selection, select
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.failed_runs import failed_among
from mesa_lab.processing.analysis.next_runs import NextRuns, fresh_runs
from mesa_lab.processing.analysis.observations import Observations, reason_against
from mesa_lab.processing.analysis.phrases import agree, figures, outcome_phrase
from mesa_lab.processing.analysis.point_names import name_of, numbers_of, parameter_columns
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.repeats import in_scale, observe_once
from mesa_lab.processing.statistics.group_statistics import statistics
from mesa_lab.processing.statistics.summary import checked_level
from mesa_lab.processing.tables.search_record import goal_of

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "conclude"]

type Floats = npt.NDArray[np.float64]
type Rows = npt.NDArray[np.int64]

TEXT: Final = "What is the best setting tried?"
_MOST_CONFIRMED: Final = 20
_ENOUGH: Final = 20
"""Fresh runs of each candidate."""


def conclude(
    results: Reader, outcome: str, goal: Literal["max", "min"] | None = None, level: float = 0.95
) -> Conclusion:
    """Find the best design point, those that may be as good, and what the best is worth.

    Args:
        results: The results.
        outcome: The outcome.
        goal: "max" where more is better, "min" where less is; None for that of the search that the results come from, else "max".
        level: Level of confidence.

    Raises:
        OutcomeError: If the goal is neither.
    """
    level = checked_level(level)
    sought = goal_of(results.searched, outcome, goal)
    observed, scale = in_scale(observe_once(results, outcome))
    sign = 1.0 if sought == "max" else -1.0
    # Of zeros and ones the other side of a share is what is largest where the least is best.
    values = observed.values if sought == "max" else (1.0 if observed.is_share else 0.0) - observed.values
    found = select(values, common=observed.common, is_share=observed.is_share, level=level)
    worth = _worth(observed, values, found, sign, level) * scale
    order = np.lexsort((np.arange(observed.n_points), -found.mean))
    table = _table(results, observed, found, order, sign, level, scale)
    answer = _Answer(results, outcome, observed, table, order, worth, sought, level)
    grown = _confirmation(results, observed, table, order)
    name = measure_label(outcome, results.outcomes)
    return Conclusion(
        name="best",
        question=TEXT,
        outcome=outcome,
        sentence=answer.sentence(),
        table=table,
        charts=[ranking(table, order.tolist(), worth, name, observed, level)],
        warnings=answer.warnings(),
        method=_method(observed),
        values={
            "mean": float(table["mean"].iloc[0]),
            "corrected": worth[0],
            "corrected_low": worth[1],
            "corrected_high": worth[2],
            "n_candidates": int(table["candidate"].sum()),
            "n_points": len(table),
        },
        unknown=(
            "Whether a setting that was not tried is better: "
            + (
                "ask how the outcome responds (surface), or search."
                if results.searched is None
                else "ask whether the search would find more (convergence)."
            ),
        ),
        **grown.fields(_confirmation_sentence(grown, table)),
    )


def _method(observed: Observations) -> str:
    fewest = int(observed.count.min())
    conditional = not observed.is_share and fewest >= FEW
    return (
        "Multiple comparisons with the best (Hsu 1984; Nelson et al. 2001); value of the winner from replications that had no "
        "part in picking it, interval "
        + (
            "after Andrews, Kitagawa & McCloskey (2024)."
            if conditional
            else "of all settings together (Bonferroni)."
        )
    )


def _worth(observed: Observations, values: Floats, found: Selection, sign: float, level: float) -> Floats:
    """The corrected value of the winner with its interval."""
    low, high = winner_interval(
        values, found.winner, common=observed.common, level=level, is_share=observed.is_share
    )
    value = left_out_value(values)
    if np.isfinite(low) and np.isfinite(value):
        low, high = min(low, value), max(high, value)
    whole = 1.0 if observed.is_share else 0.0
    worth = np.array([value, low, high])
    worth = worth if sign > 0 else whole - worth[[0, 2, 1]]
    # The mean of counts is no less than 0.
    return np.maximum(worth, 0.0) if _are_counts(observed) else worth


def _are_counts(observed: Observations) -> bool:
    known = observed.values[np.isfinite(observed.values)]
    return bool((known >= 0).all() and (known == np.floor(known)).all())


def _table(
    results: Reader,
    observed: Observations,
    found: Selection,
    order: Rows,
    sign: float,
    level: float,
    scale: float,
) -> pd.DataFrame:
    point, replication = np.nonzero(np.isfinite(observed.values))
    each = statistics(
        observed.values[point, replication],
        point,
        observed.n_points,
        level,
        is_share=observed.is_share,
        is_count=_are_counts(observed),
    )
    ends = np.column_stack([found.low, found.high]) * sign
    own = {
        "n": each["n"].to_numpy(),
        "mean": each["mean"].to_numpy() * scale,
        "low": each["ci_low"].to_numpy() * scale,
        "high": each["ci_high"].to_numpy() * scale,
        "from_best_low": ends.min(axis=1) * scale + 0.0,
        "from_best_high": ends.max(axis=1) * scale + 0.0,
        "candidate": found.candidate,
    }
    columns = {
        "point": numbers_of(observed, results),
        **parameter_columns(observed, {"point", *own}),
        **own,
    }
    return pd.DataFrame(columns).iloc[order].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class _Answer:
    """What is known of the best, and how it is said."""

    results: Reader
    outcome: str
    observed: Observations
    table: pd.DataFrame
    order: Rows
    worth: Floats
    goal: str
    level: float

    def sentence(self) -> str:
        subject = outcome_phrase(self.results, self.outcome)
        subject = f"the share of {subject}" if self.observed.is_share else subject
        verb = "is" if self.observed.is_share or agree(subject, "lie") != "lie" else "are"
        top = self.table.iloc[0]
        size, unit = (100.0, " %") if self.observed.is_share else (1.0, "")
        mean, value, low, high = figures(*(size * each for each in (float(top["mean"]), *self.worth)))
        where = self._where(0)
        n = plural(int(top["n"]), "run")
        others = int(self.table["candidate"].sum()) - 1
        if_so = "more is better" if self.goal == "max" else "less is better"  # nobody may have said so
        start = f"Of {len(self.table):,} settings tried {where} comes out best, if {if_so}: {subject} {verb} {mean}{unit} there ({n})"
        if np.isfinite(self.worth[1]) and self.worth[1] < self.worth[2]:
            start += f", {value}{unit} ({low} to {high}{unit}) once corrected for having been picked"
        if others == 0:
            return f"{start}. All others are excluded with {100 * self.level:g} % confidence."
        if others <= 3:
            rest = [self._where(row) for row in range(len(self.table)) if self._open(row)]
            named = " or ".join(["; ".join(rest[:-1]), rest[-1]]) if len(rest) > 1 else rest[0]
            return f"{start}. That {named} is as good or better cannot be excluded."
        return f"{start}. That one of {others:,} others is as good or better cannot be excluded."

    def _lost(self) -> list[str]:
        """Say that runs of the winner failed: what it is worth is known of those alone that did not."""
        if not self.observed.n_failed:
            return []
        row = int(self.order[0])
        where = {factor.name: factor.levels[factor.codes[row]] for factor in self.observed.factors}
        failed, n = failed_among(self.results, where)
        if not failed:
            return []
        return [
            f"{failed:,} of {plural(n, 'run')} at {self._where(0)} failed or timed out: what comes out best is known by those alone that did "
            "not, which may not be typical."
        ]

    def _open(self, row: int) -> bool:
        return row > 0 and bool(self.table["candidate"].iloc[row])

    def _where(self, row: int) -> str:
        return name_of(self.observed, int(self.order[row]), int(self.table["point"].iloc[row]))

    def warnings(self) -> tuple[str, ...]:
        said = [*self._lost(), *self.observed.left_out()]
        fewest = int(self.table["n"].min())
        if fewest < 5:
            said.insert(
                0, f"Some points have {plural(fewest, 'run')} only: few can be excluded with so little."
            )
        if len(self.table) > 1 and bool(self.table["candidate"].all()):
            said.insert(0, "No setting can be excluded: what comes first is as good as picked by lot.")
        return tuple(said)


def _confirmation(results: Reader, observed: Observations, table: pd.DataFrame, order: Rows) -> NextRuns:
    """The candidates once more, with fresh seeds that they share."""
    if not observed.within > 0:
        return NextRuns()
    kept = min(max(2, int(table["candidate"].sum())), _MOST_CONFIRMED)
    return fresh_runs(results, observed, order[:kept].tolist(), max(_ENOUGH, 2 * observed.values.shape[1]))


def _confirmation_sentence(grown: NextRuns, table: pd.DataFrame) -> str:
    if grown.experiment is None:
        return ""
    kept = grown.experiment.n_points
    more = int(table["candidate"].sum()) - kept
    rest = f" (the first {kept} of them)" if more > 0 else ""
    what = "The candidates" if table["candidate"].sum() > 1 else "The two best"
    return (
        f"{what}{rest} with fresh seeds, {plural(grown.experiment.replications, 'run')} of each "
        f"({plural(grown.runs, 'run')} in all): that mean needs no correction."
    )


def fits(results: Reader, outcome: str) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    reason = reason_against(results, outcome, points=2)
    if reason is not None:
        return reason
    observed = observe_once(results, outcome)
    if not observed.factors or observed.n_points < 2:
        return f"'{outcome}' was measured at one setting only: there is nothing to choose from."
    if not (observed.count >= 2).any():
        return "Each point has one run: the best may just have been lucky. Run each point at least 5 times."
    return None


def merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question."""
    return 0.3


QUESTION: Final = Question(
    "best",
    TEXT,
    "Ask it when an outcome is to be as high, or as low, as can be: which setting wins, and which may be as good.",
    fits,
    conclude,
    merit,
)
