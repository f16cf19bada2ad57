"""Whether a search for what fits, for a front, or for where the surface is least sure would find more: half of its runs beside all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import plural
from mesa_lab.processing.analysis.calibration.fit import Fit, read_fit
from mesa_lab.processing.analysis.calibration.posterior import IMPLAUSIBLE
from mesa_lab.processing.analysis.calibration.targets import components_of, plain_targets
from mesa_lab.processing.analysis.conclusion import Conclusion, ConclusionChart
from mesa_lab.processing.analysis.phrases import and_list, percent
from mesa_lab.processing.analysis.scatter_chart import cloud
from mesa_lab.processing.analysis.searched.outcome_space import nondominated
from mesa_lab.processing.analysis.searched.standing import Standing

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["go_on", "of_fit", "of_front"]

type Floats = npt.NDArray[np.float64]

_PARTS: Final = (0.25, 0.5, 0.75, 1.0)
"""Of the runs, at which a search is looked at."""
_AT_REST: Final = 0.9
"""What is now as a share of what it was at half of the runs, above which the second half added little."""
_PLACES: Final = 8192


def _known_by(results: Reader, record: SearchRecord, part: float) -> npt.NDArray[np.bool_]:
    """Tell which runs were among the first ones that the search asked for."""
    last, count = part * record.n_runs, 0
    asked: dict[int, list[tuple[int, int]]] = {}
    for batch in record.batches:
        for point, first, stop in batch.runs:
            if count < last:
                asked.setdefault(point, []).append((first, stop))
            count += stop - first
    rows = zip(results.base["point"].tolist(), results.base["replication"].tolist(), strict=True)
    return np.array(
        [any(first <= each < stop for first, stop in asked.get(point, ())) for point, each in rows], np.bool_
    )


def of_fit(results: Reader, record: SearchRecord, outcome: str, text: str) -> Conclusion:
    """Say whether more runs would tell more about the parameters that fit.

    Args:
        results: The results.
        record: The search.
        outcome: One of its targets.
        text: The question.

    Raises:
        ConclusionError: If half of the runs are too few to say anything.
    """
    runs = record.settings.get("observed_runs", 1)
    whole = read_fit(
        results,
        components_of(plain_targets(record.settings.get("targets"))),
        str(record.settings.get("distance", "standardised")),
        runs if type(runs) is int and runs > 0 else None,
        0.9,
    )
    rows: list[dict[str, Any]] = []
    fits: dict[float, Fit] = {}
    for part in _PARTS:
        chosen = _known_by(results, record, part)[whole.runs]
        fit = replace(whole, vectors=whole.vectors[chosen], point=whole.point[chosen])
        if not chosen.any() or fit.posterior is None:
            continue
        fits[part] = fit
        rows += [
            {
                "runs": int(chosen.sum()),
                "parameter": name,
                "share_of_range": width,
                "not_ruled_out": fit.found.share_left,
            }
            for name, width in zip(
                fit.table["parameter"], fit.table["share_of_range"].to_numpy(float).tolist(), strict=True
            )
        ]
    if 1.0 not in fits or 0.5 not in fits:
        raise ConclusionError(
            "Half of the runs were too few for a surface, so that it cannot be seen what the others added. Give the search a larger budget."
        )
    table = pd.DataFrame(rows)
    half, end = fits[0.5], fits[1.0]
    before, now = half.table["share_of_range"].to_numpy(float), end.table["share_of_range"].to_numpy(float)
    closer = [
        f"{name} from {percent(old)} to {percent(new)} of its range"
        for name, old, new in zip(end.table["parameter"], before, now, strict=True)
    ]
    at_rest = bool((now >= _AT_REST * before).all())
    total = record.n_runs
    sentence = (
        f"From half of the runs to all {total:,} the 90 % intervals went: {and_list(closer)}. "
        f"{'The second half told little more: the search has come to rest.' if at_rest else 'Further runs will tell more.'}"
    )
    near = np.flatnonzero(
        end.found.model.implausibility(*end.found.model.at(end.unit[np.unique(end.point)])) <= IMPLAUSIBLE
    )
    left = end.found.share_left
    fixed = round(len(near) / left) if left > 0 else 0
    tried = len(np.unique(end.point))
    if fixed > 1.2 * tried:
        sentence += (
            f" {len(near):,} of {plural(tried, 'setting')} lie where the data do not rule them out, {percent(left)} of the space: points spread "
            f"evenly would have to be {fixed:,} for that."
        )
    shown = pd.DataFrame(
        {"x": table["runs"], "y": 100 * table["share_of_range"], "colour": table["parameter"].astype(str)}
    )
    names = list(dict.fromkeys(shown["colour"]))
    charts: list[ConclusionChart] = []
    if len(names) <= 6:
        labels = {"x": "runs", "y": "90 % interval, % of the range", "colour": "parameter"}
        words = [
            "How wide the interval of each parameter was after a quarter, half, three quarters and all of the runs."
        ]
        charts = [cloud(shown, "course", "What is known after so many runs", words, labels, names)]
    return Conclusion(
        name="convergence",
        question=text,
        outcome=outcome,
        sentence=sentence,
        table=table,
        charts=charts,
        warnings=("The search has not ended.",) if record.over is None else (),
        method="The same surfaces and likelihood from the first part of the runs.",
        values={
            "at_rest": at_rest,
            "not_ruled_out": left,
            "n_near": len(near),
            "n_points": tried,
            "n_fixed": fixed,
            "n_runs": total,
        },
        unknown=("Whether data of another kind would tell more: that is not a matter of runs.",),
        next_sentence="" if at_rest else go_on(total),
    )


def of_front(results: Reader, record: SearchRecord, outcome: str, text: str) -> Conclusion:
    """Say how much of the front the second half of the runs added.

    Args:
        results: The results.
        record: The search.
        outcome: One of the goals.
        text: The question.
    """
    standings = [Standing(results, record, name) for name in record.goals]
    first = standings[0]
    losses = np.column_stack([each.sign * each.observed.mean for each in standings])
    asked = record.first_runs()
    at = np.array([asked.get(number, 0) for number in first.numbers])
    known = np.isfinite(losses).all(axis=1) & first.keeps
    if not known.any():
        raise ConclusionError("No setting has a value of every goal.")
    low, high = losses[known].min(axis=0), losses[known].max(axis=0)
    scaled = (losses - low) / np.where(high > low, high - low, 1.0)
    places = np.random.default_rng(1).random((_PLACES, len(standings)))
    total = record.n_runs
    rows = []
    for step in range(1, 21):
        there = np.flatnonzero(known & (at < step / 20 * total))
        on = there[nondominated(scaled[there])]
        reached = np.zeros(_PLACES, np.bool_)
        for point in scaled[on]:
            reached |= (places >= point).all(axis=1)
        rows.append({"run": round(step / 20 * total), "n_front": len(on), "reached": float(reached.mean())})
    table = pd.DataFrame(rows)
    end, half = table.iloc[-1], table.iloc[9]
    share = float(half["reached"] / end["reached"]) if end["reached"] > 0 else 1.0
    at_rest = share >= 0.98
    n_max, tried = int(first.observed.count.max()), int(known.sum())
    fixed = n_max * tried
    sentence = (
        f"What the settings of the first half of the runs reach is {percent(share)} of what the front of all {total:,} runs reaches"
        f"{': the search has come to rest' if at_rest else ': further runs will find more'}. To run all {plural(tried, 'setting')} as often as the "
        f"most often run ({plural(n_max, 'time')}) would have taken {plural(fixed, 'run')}: the search took {percent(total / fixed)} of that."
    )
    shown = pd.DataFrame({"x": table["run"], "y": 100 * table["reached"], "colour": table["n_front"]})
    labels = {"x": "runs", "y": "part of the plane behind the front, %", "colour": "settings on it"}
    words = [
        "How much of the space of the goals, between the best and the worst of each, the front so far betters."
    ]
    return Conclusion(
        name="convergence",
        question=text,
        outcome=outcome,
        sentence=sentence,
        table=table,
        charts=[cloud(shown, "course", "The front so far", words, labels)],
        warnings=("The search has not ended.",) if record.over is None else (),
        method="Hypervolume of the front (Zitzler & Thiele 1999) by means of all runs of each setting, from places drawn at random.",
        values={
            "at_rest": at_rest,
            "share_at_half": share,
            "n_runs": total,
            "n_fixed": fixed,
            "n_points": tried,
        },
        unknown=(
            "How much of it is luck: the means of few runs make the front look further out than it is. Ask what the search found.",
        ),
        next_sentence="" if at_rest else go_on(total),
    )


def go_on(total: int) -> str:
    """Propose twice the budget, and say where it is given.

    Args:
        total: How many runs there are.
    """
    return (
        f"Go on: a budget of {2 * total:,} keeps all runs. It is raised on Design in the app, with mesa-lab run … --budget {2 * total} in the "
        f"terminal, and as budget={2 * total} in Python."
    )
