"""What was found of points that a design gave: how precise they are, which differ, which is the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mesa_lab.formatting import number, plural
from mesa_lab.processing.analysis.best import question as best
from mesa_lab.processing.analysis.best.elimination import kim_nelson
from mesa_lab.processing.analysis.comparison import question as comparison
from mesa_lab.processing.analysis.observations import observe
from mesa_lab.processing.analysis.phrases import percent
from mesa_lab.processing.analysis.point_names import name_of, numbers_of
from mesa_lab.processing.analysis.replications import question as replications

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["conclude_choice", "conclude_precision", "conclude_verdicts"]


def _settings(record: SearchRecord, *names: str) -> dict[str, float]:
    """Those of some settings that are numbers: files may come from anyone."""
    found = {name: record.settings.get(name) for name in names}
    return {
        name: float(value)
        for name, value in found.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    }


def conclude_precision(
    results: Reader, record: SearchRecord, outcome: str, level: float, text: str
) -> Conclusion:
    """Say how many points are precise enough, and what a fixed number of runs would have taken."""
    asked = _settings(record, "relative", "half_width", "level")
    relative, within = asked.get("relative"), asked.get("half_width")
    if relative is None and within is None:
        relative = 0.05
    answer = replications.conclude(
        results, outcome, precision=relative or 0.05, within=within, level=asked.get("level", level)
    )
    table = answer.table
    precise = table["half_width"] <= table["wanted"] * (1 + 1e-9)
    runs, most = int(table["n"].sum()), int(table["n"].max())
    fixed = most * len(table)
    aim = f"±{number(within)}" if within is not None else f"±{percent(relative or 0.05)}"
    saved = (
        f" As many runs at every point as the worst needs would be {fixed:,}: the search took {percent(runs / fixed)} of that."
        if fixed > runs
        else ""
    )
    sentence = f"{int(precise.sum()):,} of {plural(len(table), 'point')} are known to {aim} after {plural(runs, 'run')}.{saved}"
    return _named(
        answer,
        record,
        text,
        sentence,
        {"n_precise": int(precise.sum()), "n_points": len(table), "n_runs": runs, "n_fixed": fixed},
    )


def conclude_verdicts(
    results: Reader, record: SearchRecord, outcome: str, level: float, text: str
) -> Conclusion:
    """Say which points differ from the base."""
    asked = _settings(record, "margin", "level")
    base: Any = record.settings.get("base", 0)
    if not isinstance(base, Mapping) and type(base) is not int:
        base = 0
    if (
        type(base) is int and len(results.parameters) == 1
    ):  # where one parameter varies a number would name its level
        column = next(iter(results.columns.values()))
        base = {next(iter(results.columns)): results.points[column].iloc[base]}
    answer = comparison.conclude(
        results, outcome, base=base, margin=asked.get("margin"), level=asked.get("level", level)
    )
    table = answer.table
    still = int((table["verdict"] == "cannot tell yet").sum())
    runs = int(results.done.sum())
    counts = results.base["point"].value_counts()
    fixed = int(counts.max()) * len(counts)
    saved = (
        f" As many runs of every point would be {fixed:,}: the search took {percent(runs / fixed)} of that."
        if fixed > runs
        else ""
    )
    sentence = (
        f"After {plural(runs, 'run')} {len(table) - still:,} of {plural(len(table), 'verdict')} {'is' if len(table) == 1 else 'are'} settled, "
        f"and hold at every look. {answer.sentence}{saved}"
    )
    return _named(
        answer,
        record,
        text,
        sentence,
        {"n_settled": len(table) - still, "n_open": still, "n_runs": runs, "n_fixed": fixed},
    )


def conclude_choice(
    results: Reader, record: SearchRecord, outcome: str, level: float, text: str
) -> Conclusion:
    """Say which point is the best, and whether that was promised."""
    goal = record.goals.get(outcome, "min")
    asked = _settings(record, "indifference", "level", "at_least")
    answer = best.conclude(
        results, outcome, goal="max" if goal == "max" else "min", level=asked.get("level", level)
    )
    zone, level = asked.get("indifference"), asked.get("level", 0.95)
    kept: list[int] = []
    observed = observe(results, outcome)
    if zone is not None:
        sign = 1.0 if goal == "max" else -1.0
        rows = np.flatnonzero(observed.count > 0)
        at_least = max(int(asked.get("at_least", 10)), 3)
        kept = [
            int(rows[each]) for each in kim_nelson(sign * observed.values[rows], zone, level, at_least)[0]
        ]
    runs = observed.n_runs
    if len(kept) == 1:
        name = name_of(observed, kept[0], numbers_of(observed, results)[kept[0]])
        said = (
            f"After {plural(runs, 'run')} {name} is left. It is the best with a probability of {percent(level)} if it is better than the "
            f"others by {number(zone or 0.0)} or more."
        )
    elif kept:
        said = f"After {plural(runs, 'run')} {len(kept):,} points may still be the best: nothing is promised yet."
    else:
        said = f"After {plural(runs, 'run')}, spent where they tell the best from its rivals; nothing is promised without an indifference zone."
    return _named(
        answer,
        record,
        text,
        f"{said} {answer.sentence}",
        {**answer.values, "n_left": len(kept), "guaranteed": len(kept) == 1, "n_runs": runs},
    )


def _named(
    answer: Conclusion, record: SearchRecord, text: str, sentence: str, values: Mapping[str, Any]
) -> Conclusion:
    warnings = answer.warnings
    if record.over is None:
        warnings = ("The search has not ended: this may change.", *warnings)
    return replace(answer, name="found", question=text, sentence=sentence, values=values, warnings=warnings)
