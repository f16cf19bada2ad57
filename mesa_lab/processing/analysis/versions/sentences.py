"""What is said of two studies: the answer, what a methodologist would object, and what cannot be known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mesa_lab.formatting import label, listing, plural, shorten
from mesa_lab.processing.analysis.failed_runs import where_failed
from mesa_lab.processing.analysis.phrases import figures, percent
from mesa_lab.processing.analysis.versions.outcome_changes import FEWEST
from mesa_lab.processing.analysis.versions.pairs import rows_of
from mesa_lab.processing.analysis.versions.surroundings import MACHINE
from mesa_lab.processing.analysis.versions.time_changes import ALL_POINTS

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.analysis.versions.pairs import Pairs

__all__ = ["CLEAR", "Findings", "answer", "doubts", "further", "unknown"]

CLEAR = 0.05
"""The chance, over all rows, up to which a marked change of time counts as one."""
_MOST_NAMES = 3
_TOO_MANY = 20


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found out about two studies.

    Attributes:
        pairs: The pairs of runs.
        outcomes: One row per outcome.
        times: One row per measure of time and point.
        same: For each pair whose runs are done whether all its outcomes are equal.
        margin: A change of time up to this share does not matter.
        tolerance: Relative difference up to which outcomes count as equal.
        level: Level of the intervals.
        other_steps: How many pairs took another number of steps.
        surroundings: What both were run with.
    """

    pairs: Pairs
    outcomes: pd.DataFrame
    times: pd.DataFrame
    same: npt.NDArray[np.bool_]
    margin: float
    tolerance: float
    level: float
    other_steps: int
    surroundings: pd.DataFrame

    @property
    def failed_old(self) -> int:
        """Pairs whose old run failed or timed out, and the new one did not."""
        return int((~self.pairs.old_done & self.pairs.new_done).sum())

    @property
    def failed_new(self) -> int:
        """Pairs whose new run failed or timed out, and the old one did not."""
        return int((self.pairs.old_done & ~self.pairs.new_done).sum())

    @property
    def outcomes_changed(self) -> bool:
        """Whether a run gave something else, came to its end in one study alone, or took other steps."""
        return bool(not self.same.all() or self.other_steps or self.failed_old or self.failed_new)

    @property
    def changed_times(self) -> pd.DataFrame:
        """The marked rows that stand the test over all of them."""
        marked = self.times["mark"].isin(["faster", "slower"]) & (self.times["p_adjusted"] <= CLEAR)
        return self.times[marked]

    @property
    def changed(self) -> bool:
        """Whether anything changed."""
        return self.outcomes_changed or bool(len(self.changed_times))

    def changed_surroundings(self, names: tuple[str, ...]) -> list[dict[str, Any]]:
        """What of these differs between the studies."""
        rows = rows_of(self.surroundings)
        return [row for row in rows if not row["same"] and (row["what"] in names) == bool(names)]


def answer(found: Findings) -> str:
    """Return the answer."""
    parts = [_of_outcomes(found), *_of_status(found), _of_times(found)]
    return " ".join(part for part in parts if part)


def _of_outcomes(found: Findings) -> str:
    n, n_equal = len(found.same), int(found.same.sum())
    outcomes = found.outcomes
    pairs = f"{plural(n, 'pair')} of runs with the same point and seed"
    near = f" to within {percent(found.tolerance)}" if found.tolerance else ""
    if not len(outcomes):
        return f"The studies have no outcome in common; {pairs} were compared for their times alone."
    if n_equal == n:
        few = {1: label(str(outcomes["outcome"].iloc[0])), 2: "both outcomes"}
        which = few.get(len(outcomes), f"all {len(outcomes):,} outcomes")
        steps = f", but {found.other_steps:,} took another number of steps" if found.other_steps else ""
        whole = "the pair" if n == 1 else f"all {pairs}"
        start = (
            "The model gives the same as before"
            if not (steps or found.failed_new or found.failed_old)
            else "Where both runs came to their end the model gives the same"
        )
        return f"{start}: {whole} agree in {which}{near}{steps}."
    changed = outcomes[outcomes["n_differ"] > 0].sort_values("n_differ", ascending=False, kind="stable")
    listed = [_difference(row, found.level) for row in rows_of(changed.head(_MOST_NAMES))]
    more = (
        f"; {plural(len(changed) - _MOST_NAMES, 'other outcome')} differ too"
        if len(changed) > _MOST_NAMES
        else ""
    )
    return f"The model changed: {n - n_equal:,} of {pairs} differ{near and ' by more than ' + percent(found.tolerance)}, in {'; in '.join(listed)}{more}."


def _difference(row: dict[str, Any], level: float) -> str:
    name = shorten(label(str(row["outcome"])), 60)
    n = f"{int(row['n_differ']):,} of {int(row['n_pairs']):,}"
    if not np.isfinite(row["difference"]):
        return f"{name} ({n})"
    size, low, high = figures(row["difference"], row["low"], row["high"])
    size = size if size.startswith("−") else f"+{size}"
    if not np.isfinite(row["low"]):
        return f"{name} ({n}; on average {size})"
    chance = "; an average that chance can explain" if row["low"] <= 0 <= row["high"] else ""
    return f"{name} ({n}; on average {size}, {percent(level)} interval {low} to {high}{chance})"


def _of_status(found: Findings) -> Iterator[str]:
    total = len(found.pairs)
    left = total - len(found.same)
    if found.failed_new:
        yield f"{found.failed_new:,} of {total:,} runs that came to their end in the old study failed or timed out in the new one."
    if found.failed_old:
        yield f"{found.failed_old:,} of {total:,} runs that failed or timed out in the old study came to their end in the new one."
    if found.failed_new or found.failed_old:
        yield (
            f"All means are of the {plural(len(found.same), 'pair')} whose runs came to their end in both studies; the other {left:,} have no part "
            "in them, so that a change among those is not seen."
        )


def _of_times(found: Findings) -> str:
    rows = rows_of(found.times[found.times["point"] == ALL_POINTS])
    known = [row for row in rows if np.isfinite(row["low"])]
    if not known:
        return f"Times of {plural(len(found.same), 'pair')} are too few to compare: {FEWEST} are needed."
    told = [_time(row, found.margin) for row in known]
    single = found.changed_times[found.changed_times["point"] != ALL_POINTS]
    few = f" {_points_with_marks(found, single)}" if len(single) else ""
    return (
        f"{'; '.join(told)} (n = {int(known[0]['n_pairs']):,} pairs, {percent(found.level)} intervals).{few}"
    )


def _time(row: dict[str, Any], margin: float) -> str:
    name = "Set-up" if row["measure"] == "set-up time" else "the run"
    low, high = row["low"], row["high"]
    if low < 0 < high:
        span = f"{_length(low)} to {_length(high)}"
    else:
        near, far = sorted((abs(low), abs(high)))
        span = f"{_bare(near)} to {_share(far)}"
    if row["mark"] in ("faster", "slower"):
        verdict = str(row["mark"])
    elif -margin <= low and high <= margin:
        verdict = f"no change beyond {_share(margin)}"
    else:
        verdict = "no change can be told"
    return f"{name} takes {_length(row['change'])} ({span}: {verdict})"


def _length(change: float) -> str:
    return f"{_share(abs(change))} {'longer' if change >= 0 else 'less'}"


def _share(share: float) -> str:
    return f"{_bare(share)} %"


def _bare(share: float) -> str:
    digits = 0 if abs(share) >= 0.1 else 1
    return f"{100 * share:,.{digits}f}".removesuffix(".0")


def _points_with_marks(found: Findings, single: pd.DataFrame) -> str:
    by_point = found.times[found.times["point"] != ALL_POINTS]
    parts = []
    for (measure, mark), group in single.groupby(["measure", "mark"], sort=False):
        of_measure = by_point[by_point["measure"] == measure]
        marked = int((of_measure["mark"] == mark).sum())
        text = f"{measure} {mark} at {marked:,} of {plural(len(of_measure), 'point')}"
        if len(group) < marked:
            text += f", {len(group):,} of them beyond what chance gives among so many (Holm)"
        parts.append(text)
    return f"By point: {listing(parts)}."


def doubts(found: Findings) -> list[str]:
    """Return what a methodologist would object."""
    lines = list(found.pairs.unpaired())
    both_failed = int((~found.pairs.old_done & ~found.pairs.new_done).sum())
    if both_failed:
        lines.append(
            f"{plural(both_failed, 'pair')} failed or timed out in both studies and could not be compared."
        )
    lines += _only_in_one(found.pairs)
    for study, results in (("old", found.pairs.old), ("new", found.pairs.new)):
        confined = where_failed(results)
        if confined:
            lines.append(f"In the {study} study {confined[:1].lower()}{confined[1:]}")
    machine = found.changed_surroundings(MACHINE)
    if machine:
        told = listing(
            [f"{row['what']} {shorten(row['old'], 30)} and {shorten(row['new'], 30)}" for row in machine], 4
        )
        lines.append(
            f"The studies were run under other conditions ({told}): changes of time need not be the model's."
        )
    marked = found.times["mark"].isin(["faster", "slower"]) & (found.times["p_adjusted"] > CLEAR)
    if marked.any():
        lines.append(
            f"{plural(int(marked.sum()), 'row')} of {len(found.times)} about times {'is' if marked.sum() == 1 else 'are'} marked, but chance can "
            "explain that among so many (Holm): these have a “?” in the table, and do not count as a change."
        )
    if found.other_steps:
        lines.append(
            f"{plural(found.other_steps, 'pair')} took another number of steps, so that part of the change of run time is that of their length."
        )
    if str(found.pairs.old.experiment.model) != str(found.pairs.new.experiment.model):
        lines.append("The studies name their model differently; it is taken for the same.")
    return lines


def _only_in_one(pairs: Pairs) -> Iterator[str]:
    for study, one, other in (("old", pairs.old, pairs.new), ("new", pairs.new, pairs.old)):
        names = [label(str(name)) for name in one.outcomes if name not in other.outcomes]
        if names:
            yield f"{plural(len(names), 'outcome')} of the {study} study {'is' if len(names) == 1 else 'are'} not in the other: {listing(names, 6)}."


def unknown(found: Findings) -> list[str]:
    """Return what the data cannot say."""
    lines = [
        "Whether the machine was as free in both studies: what else it did meanwhile cannot be told from a change of the model.",
    ]
    if found.outcomes_changed and len(found.outcomes):
        names = [row["what"] for row in found.changed_surroundings(())]
        of_what = f" Between the studies changed: {listing(names, 6)}." if names else ""
        lines.append(f"Which change of the code, of Mesa or of the other packages it was.{of_what}")
    wide = found.times[(found.times["point"] == ALL_POINTS) & (found.times["mark"] == "same")]
    beyond = wide[(wide["high"] > found.margin) | (wide["low"] < -found.margin)]
    for row in rows_of(beyond):
        most = max(row["high"], -row["low"])
        lines.append(
            f"Whether {row['measure']} changed by less than {_share(most)}: its interval reaches beyond ±{_share(found.margin)}."
        )
    return lines


def further(found: Findings) -> str:
    """Say what would answer better."""
    of_all = found.times[found.times["point"] == ALL_POINTS]
    wide = of_all[
        (of_all["mark"] == "same") & ((of_all["high"] > found.margin) | (of_all["low"] < -found.margin))
    ]
    needed = 0
    for row in rows_of(wide):
        half = (row["high"] - row["low"]) / 2
        needed = max(needed, int(np.ceil(row["n_pairs"] * (half / found.margin) ** 2)))
    n = len(found.same)
    if needed > _TOO_MANY * n:
        return (
            f"Times scatter too much to tell changes of {_share(found.margin)} by more replications: run both studies on a quiet "
            "machine, with fewer worker processes than cores."
        )
    if needed > n:
        return (
            f"About {plural(needed - n, 'more pair')} of runs would tell changes of time of {_share(found.margin)} from chance: give "
            "both studies more replications."
        )
    return ""
