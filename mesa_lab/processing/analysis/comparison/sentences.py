"""Sentences about differences: which scenario is higher, by how much, how sure that is, and what would tell more."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import listing, number, plural, shorten
from mesa_lab.processing.analysis.comparison.differences import PAIRS, POINT_PAIRS, Difference
from mesa_lab.processing.analysis.comparison.doubts import doubts
from mesa_lab.processing.analysis.comparison.scenarios import Scenario, Scenarios
from mesa_lab.processing.analysis.comparison.verdicts import CANNOT_TELL, HIGHER, LOWER, NO_LARGER
from mesa_lab.processing.analysis.next_runs import NextRuns, in_total
from mesa_lab.processing.analysis.phrases import (
    agree,
    and_list,
    count_word,
    figures,
    outcome_phrase,
    percent,
    quantity,
)

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["Talk"]

_NAMED = 3


@dataclass(frozen=True, eq=False)
class Talk:
    """What is known of some differences, and how it is said.

    Attributes:
        results: The results.
        outcome: The outcome.
        found: The scenarios.
        table: One row for each difference.
        compared: The differences.
        is_share: Whether they are differences between shares.
        common: Whether scenarios share their seeds.
        margin: A difference up to this size does not matter.
        level: Level of the intervals.
        looks: How often results are looked at; None for any number of times.
        adjust: How several comparisons are held together.
    """

    results: Reader
    outcome: str
    found: Scenarios
    table: pd.DataFrame
    compared: list[Difference]
    is_share: bool
    common: bool
    margin: float | None
    level: float
    looks: int | None
    adjust: str = "holm"

    @cached_property
    def subject(self) -> str:
        """The outcome, as a sentence speaks of it."""
        phrase = outcome_phrase(self.results, self.outcome)
        return f"the share of {phrase}" if self.is_share else phrase

    def sentence(self) -> str:
        """Answer the question."""
        rows = self._rows()
        told = [row for row in rows if not row["changed"]]
        parts = [] if not told else [self._one(told[0])] if len(rows) == 1 else self._several(told)
        parts += self._untold([row for row in rows if row["changed"]])
        saved = self._saved() if told else ""
        return " ".join([*parts, *([saved] if saved else [])])

    def _rows(self) -> list[dict[Any, Any]]:
        """The rows of the table, with what a sentence says of their runs, and what else changes with the scenario."""
        parts = zip(
            self.table.to_dict("records"),
            self.found.others,
            self.found.bases,
            self.compared,
            self.found.changed,
            strict=True,
        )
        return [
            {**row, "runs": _runs(one, base, each, row), "changed": changed}
            for row, one, base, each, changed in parts
        ]

    def _untold(self, rows: list[dict[Any, Any]]) -> list[str]:
        """Say of which scenarios nothing can be said, since something else changes with them."""
        if not rows:
            return []
        names = list(dict.fromkeys(name for row in rows for name in row["changed"]))
        others = listing([shorten(name) for name in names], 4)
        verb = "changes" if len(names) == 1 else "change"
        row = max(rows, key=lambda row: abs(row["difference"]) if np.isfinite(row["difference"]) else -1)
        parameter = shorten(str(self.found.parameter))
        seen = ""
        if np.isfinite(row["low"]):
            seen = (
                f" With {self._named(row)} {self.subject} {self._is} {self._amount(row)} than with {self._base} "
                f"({self._interval(row)}; {row['runs']}), whichever of them makes the difference."
            )
        if len(rows) == len(self.table):
            return [
                f"What {parameter} does to {self.subject} cannot be told from what {others} {'does' if len(names) == 1 else 'do'}: in these "
                f"points {others} {verb} with it.{seen}"
            ]
        named = and_list([self._named(row) for row in rows[:_NAMED]])
        which = named if len(rows) <= _NAMED else f"{count_word(len(rows))} scenarios"
        return [
            f"Nothing can be said of {which}: {others} {verb} with {parameter} there, so that a difference may be theirs."
            if len(names) > 1
            else f"Nothing can be said of {which}: {others} changes with {parameter} there, so that a difference may be its doing."
        ]

    def _one(self, row: dict[Any, Any]) -> str:
        if not np.isfinite(row["low"]):
            return (
                f"With {self._named(row)} {self.subject} {self._is} {self._amount(row)} than with {self._base}, in one pair "
                "of runs: that cannot be told from chance."
            )
        verdict = row["verdict"]
        what = f"({self._interval(row)}; {row['runs']})"
        if row["low"] == row["high"]:
            what = f"({row['runs']}, all alike)"
        if verdict in (HIGHER, LOWER):
            return f"With {self._named(row)} {self.subject} {self._is} {self._amount(row)} than with {self._base} {what}."
        if verdict == NO_LARGER:
            return (
                f"With {self._named(row)} {self.subject} {self._does} not differ by more than {self._size(self.margin or 0)} "
                f"from that with {self._base}: the difference is {self._signed(row)} {what}."
            )
        if row["difference"] == 0 and row["low"] == row["high"]:
            return (
                f"It cannot be told yet whether {self.subject} {self._differs}: with {self._named(row)} and {self._base} all "
                f"runs were alike ({row['runs']})."
            )
        if row["low"] > 0 or row["high"] < 0:
            return (
                f"With {self._named(row)} {self.subject} {self._is} {self._amount(row)} than with {self._base} {what}, but that "
                f"is not settled yet: {self._bar}."
            )
        return (
            f"It cannot be told yet whether {self.subject} {self._differs} between {self._named(row)} and {self._base}: the "
            f"interval, {self._interval(row)}, holds both directions ({row['runs']})."
        )

    def _several(self, rows: list[dict[Any, Any]]) -> list[str]:
        parts: list[str] = []
        for word in (HIGHER, LOWER):
            there = [row for row in rows if row["verdict"] == word]
            there.sort(key=lambda row: -abs(row["difference"]))
            if there:
                first = there[0]
                named = (
                    f"{self._named(first)} by {self._bare(first)} ({self._interval(first)}; {first['runs']})"
                )
                rest = [f"{self._named(row)} by {self._bare(row)}" for row in there[1:_NAMED]]
                more = len(there) - 1 - len(rest)
                rest += [f"{count_word(more)} more"] if more else []
                every = "both" if len(rows) == 2 else f"all {count_word(len(rows))}"
                of = (
                    every
                    if len(there) == len(rows)
                    else f"{count_word(len(there))} of {count_word(len(rows))}"
                )
                many = f"{of} scenarios: " if rest else ""
                parts.append(f"{word} with {many}{and_list([named, *rest])}")
        start = f"Compared with {self._base}, {self.subject} {self._is} "
        said = [f"{start}{'; '.join(parts)}."] if parts else []
        alike = [row for row in rows if row["verdict"] == NO_LARGER]
        if alike:
            said.append(
                f"No difference from {self._base} larger than {self._size(self.margin or 0)}: with {self._count(alike)}."
            )
        open_ = [row for row in rows if row["verdict"] == CANNOT_TELL]
        if open_ and len(open_) == len(rows):
            widest = max(
                open_, key=lambda row: abs(row["difference"]) if np.isfinite(row["difference"]) else -1
            )
            none = "Neither of two" if len(rows) == 2 else f"None of {count_word(len(rows))}"
            said.append(
                f"{none} scenarios can be told from {self._base} in {self.subject} yet; the largest difference is "
                f"{self._signed(widest)} with {self._named(widest)} ({self._interval(widest)}; {widest['runs']})"
                + (f", and not settled: {self._bar}." if widest["low"] > 0 or widest["high"] < 0 else ".")
            )
        elif open_:
            said.append(f"Not told from {self._base} yet: {self._count(open_)}.")
        return said

    def _count(self, rows: list[Any]) -> str:
        # Names of parameters stay as they are written: none stands where a capital letter would.
        if len(rows) <= _NAMED:
            return and_list([self._named(row) for row in rows])
        return f"{count_word(len(rows))} scenarios"

    def _saved(self) -> str:
        """What common random numbers did for the comparison."""
        if not self.common:
            return ""
        saved = self.table["variance_saved"].median()
        lows = [each.correlation_low for each in self.compared if np.isfinite(each.correlation_low)]
        if not np.isfinite(saved) or not lows:
            return ""
        if float(np.median(lows)) > 0 and saved > 0.05:
            return f"Common random numbers saved {percent(float(saved))} of the runs."
        rho = float(self.table["correlation"].median())
        if saved > 0.05:
            return (
                f"Whether common random numbers save runs here cannot be told yet (correlation {quantity(round(rho, 2))}, from "
                f"{plural(int(self.table['n_pairs'].median()), 'pair')})."
            )
        return f"Common random numbers did not help here (correlation {quantity(round(rho, 2))})."

    def warnings(self) -> tuple[str, ...]:
        """What a methodologist would object to."""
        return tuple(doubts(self.results, self.found, self.table))

    def unknown(self) -> tuple[str, ...]:
        """What the data cannot say."""
        said = []
        if any(self.found.changed):
            said.append(f"What a change of {shorten(str(self.found.parameter))} alone does.")
        told = np.array([not changed for changed in self.found.changed])
        open_ = self.table[(self.table["verdict"] == CANNOT_TELL) & told]
        seeming = open_[(open_["low"] > 0) | (open_["high"] < 0)]
        if len(seeming):
            which = self._count(seeming.to_dict("records"))
            said.append(
                f"Whether there is a difference with {which}, although the interval leaves out 0: {self._bar}. More runs settle it."
                + (_DECIDED_BEFORE if self.looks is None else "")
            )
        if self.margin is None and self.table["verdict"].isin([HIGHER, LOWER]).any():
            said.append("Whether a difference matters: give a margin, the largest difference that does not.")
        return tuple(said)

    def next_sentence(self, grown: NextRuns) -> str:
        """Say what more runs would show."""
        if all(self.found.changed):
            parameter = shorten(str(self.found.parameter))
            runs = f" ({plural(grown.runs, 'run')})" if grown.runs else ""
            return (
                f"A design of all combinations of levels{runs} moves {parameter} without the others, and tells."
                if grown.experiment is not None
                else f"Points that differ in {parameter} alone would tell."
            )
        rows = self.table.to_dict("records")
        all_open = [row for row in rows if row["verdict"] == CANNOT_TELL]
        open_ = [row for row in all_open if not pd.isna(row["n_more"])]
        if not open_:
            sizes = [float(row["to_show"]) for row in all_open if np.isfinite(row["to_show"])]
            return (
                f"No number of runs within reason shows a difference of {self._size(min(sizes))}."
                if sizes
                else ""
            )
        row = min(open_, key=lambda row: int(row["n_more"]))
        count = int(row["n_more"])
        one, many = {
            "pair of runs": ("pair", "pairs"),
            "replication": ("replication", "replications"),
            "point": ("point of each scenario", "points of each scenario"),
            "pair of points": ("pair of points", "pairs of points"),
            "point and replication": ("point and replication", "points and replications"),
        }.get(str(row["unit"]), ("run of each scenario", "runs of each scenario"))
        more = f"One more {one}" if count == 1 else f"About {count:,} more {many}"
        shown = row["to_show"]
        target = (
            f"would show a difference of {self._size(float(shown))}" if np.isfinite(shown) else "would tell"
        )
        vain = count > _MOST_TIMES * max(int(row["n"]), 1) and grown.experiment is None
        return f"{more} {target}.{in_total(self.results, grown)}{_VAIN if vain else ''}"

    def method(self) -> str:
        """Name the method and its source."""
        units = set(self.table["unit"])
        how = []
        if "pair of runs" in units or "replication" in units:
            how.append("differences between runs of one seed (paired t)")
        if units & {"run", "point"}:
            how.append("difference of independent means (Welch 1947)")
        if "pair of points" in units:
            how.append("differences between points that are otherwise alike (paired t)")
        if "point and replication" in units:
            how.append("points and seeds as crossed samples")
        if self.is_share:
            how.append("intervals of shares after Newcombe (1998)")
        tests = (
            "verdicts hold however often runs are added (Robbins 1970; Wang & Ramdas 2025)"
            if self.looks is None
            else f"verdicts for {plural(self.looks, 'look')} (Bonferroni)"
        )
        how_several = "Dunnett (1955)" if self.adjust == "dunnett" else "Holm (1979)"
        several = f"; {how_several} over all comparisons" if len(self.table) > 1 else ""
        text = f"{'; '.join(how)}; {tests}{several}; A after Vargha & Delaney (2000)."
        return text[:1].upper() + text[1:]

    @property
    def _bar(self) -> str:
        """Why an interval that leaves out 0 is not enough."""
        why = []
        if self.looks is None:
            why.append(
                "runs may still be added after a look, and who looks again and again sooner or later finds a difference by luck"
            )
        elif self.looks > 1:
            why.append(
                f"results are looked at {self.looks:,} times, and one look may find a difference by luck"
            )
        if len(self.table) > 1:
            why.append(f"of {count_word(len(self.table))} comparisons one may seem clear by luck")
        return f"the interval leaves out 0, but not by enough, since {and_list(why)}"

    @property
    def _is(self) -> str:
        return "are" if not self.is_share and agree(self.subject, "lie") == "lie" else "is"

    @property
    def _does(self) -> str:
        return "do" if self._is == "are" else "does"

    @property
    def _differs(self) -> str:
        return "differ" if self._is == "are" else "differs"

    @property
    def _base(self) -> str:
        return self.found.base.name

    def _named(self, row: dict[Any, Any]) -> str:
        text = str(row["scenario"])
        if self.found.parameter is not None:
            text = f"{shorten(self.found.parameter)} {text}"
        return text

    def _amount(self, row: dict[Any, Any]) -> str:
        return f"{self._bare(row)} {'higher' if row['difference'] >= 0 else 'lower'}"

    def _bare(self, row: dict[Any, Any]) -> str:
        """The size of a difference, with its unit where it is one of shares."""
        text = self._figures(row)[0].lstrip("−")
        return f"{text} percentage points" if self.is_share else text

    def _signed(self, row: dict[Any, Any]) -> str:
        text = self._figures(row)[0]
        return f"{text} percentage points" if self.is_share else text

    def _interval(self, row: dict[Any, Any]) -> str:
        """Its interval; of a lower scenario that of how much it is lower."""
        _, low, high = self._figures(row)
        if row["difference"] < 0 and row["verdict"] != CANNOT_TELL and row["high"] < 0:
            return f"{high.lstrip('−')} to {low.lstrip('−')}"
        return f"{low} to {high}"

    def _figures(self, row: dict[Any, Any]) -> list[str]:
        size = 100 if self.is_share else 1
        return figures(*(float(row[name]) * size for name in ("difference", "low", "high")))

    def _size(self, value: float) -> str:
        return f"{number(100 * value, 3)} percentage points" if self.is_share else quantity(value)


_MOST_TIMES: Final = 10
_VAIN: Final = (
    " That is out of proportion: what takes so many to see is below what a study of this kind can tell."
)
_DECIDED_BEFORE: Final = (
    " If the number of runs was decided before the first look, the usual test is enough: compare(…, looks=1) in Python, "
    "--question compare --with looks=1 in the terminal."
)


def _runs(one: Scenario, base: Scenario, each: Difference, row: dict[Any, Any]) -> str:
    """How many independent things a difference rests on."""
    if each.unit == PAIRS:
        return f"{plural(each.n_pairs, 'pair')} of runs"
    if each.unit == POINT_PAIRS:
        return f"{plural(each.n_pairs, 'pair')} of points"
    points = [int(np.isfinite(side.values).any(axis=1).sum()) for side in (one, base)]
    seeds = min(int(np.isfinite(side.values).any(axis=0).sum()) for side in (one, base))
    of_points = f"{plural(points[0], 'point')} each"
    if points[0] != points[1]:
        of_points = f"{points[0]:,} and {plural(points[1], 'point')}"
    if each.unit == "replication":
        return f"{plural(seeds, 'replication')} at {of_points}"
    if each.unit == "point and replication":
        return f"{of_points}, {plural(seeds, 'replication')}"
    if each.unit == "point":
        return of_points
    if row["n"] == row["n_base"]:
        return f"{plural(int(row['n']), 'run')} each"
    return f"{int(row['n']):,} and {plural(int(row['n_base']), 'run')}"
