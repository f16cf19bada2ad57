"""The best setting that a search found: its value with fresh seeds, and how much the runs flattered it that made it win."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import measure_label, number, plural
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.next_runs import fresh_runs
from mesa_lab.processing.analysis.phrases import agree, and_list, figures, outcome_phrase, percent, quantity
from mesa_lab.processing.analysis.point_names import names_of, parameter_columns
from mesa_lab.processing.analysis.searched.charts import course, settings_in_order
from mesa_lab.processing.analysis.searched.standing import Standing, in_words

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["conclude_best"]

_FEW: Final = 5
_FRESH: Final = 30
"""Fresh runs of each of the last few settings that are proposed."""


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
        unknown=(
            "Whether a setting that was not tried is better: ask whether the search would find more (convergence).",
        ),
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
        values = [size * each for each in (float(before["mean"]), *standing.before_it_is_confirmed())]
        mean, low, high = figures(*values)
        n = plural(int(before["n"]), "run")
        said = f"{start}: {subject} {verb} {mean}{unit} there"
        if len(standing.before) == 1:
            interval = f"{low} to {high}{unit}, {n}" if np.isfinite(values[1]) else n
            return f"{said} ({interval}), and nothing to compare it with."
        if not np.isfinite(values[1]):
            return f"{said} ({n}), which is too good to be true: these runs made it win."
        return f"{said} by the {n} that made it win, which flatter it: {low} to {high}{unit} allows for that."
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
