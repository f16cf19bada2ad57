"""The question which parameters fit observed data: asked of a search for them, or of any points that were run.

Only `results.calibrate` and the terminal read a file of observed values: what claims or studies ask may come from anyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.errors import ConclusionError, OutcomeError, suggest
from mesa_lab.formatting import listing, plural
from mesa_lab.processing.analysis.calibration import charts
from mesa_lab.processing.analysis.calibration.fit import read_fit
from mesa_lab.processing.analysis.calibration.nearest import METHOD, nearest_fit
from mesa_lab.processing.analysis.calibration.posterior import IMPLAUSIBLE
from mesa_lab.processing.analysis.calibration.targets import (
    DISTANCES,
    components_of,
    plain_targets,
)
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.question import Question

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "TEXT", "conclude", "searched_targets"]

_METHOD: Final = (
    "History matching with Gaussian processes (Andrianakis et al. 2015) and a Gaussian likelihood of the summaries (Wood 2010); the "
    "ranges count as equally likely beforehand. Accepted runs: rejection ABC (Pritchard et al. 1999)."
)

TEXT: Final = "Which parameters fit the data?"


def conclude(
    results: Reader,
    targets: Any,
    *,
    distance: str = "standardised",
    observed_runs: int | None = 1,
    level: float = 0.9,
    name: str = "calibrate",
    text: str = TEXT,
) -> Conclusion:
    """Say which parameters fit observed data, and which the data cannot tell apart.

    Args:
        results: The results; no run is added.
        targets: What was observed: see `Calibrate`.
        distance: How misses are made comparable: "standardised", "relative" or "absolute".
        observed_runs: Of how many runs the data are the mean; None where they hold no chance.
        level: Probability of the region and of the intervals.
        name: What the conclusion is called.
        text: The question.

    Raises:
        ConclusionError: If the points are too few, or none gave a number to compare.
        ExperimentError: If a target makes no sense.
        OutcomeError: If an outcome is unknown.
    """
    if distance not in DISTANCES:
        raise OutcomeError(
            f"distance is {distance!r}.{suggest(str(distance), DISTANCES)} There are: {listing(list(DISTANCES))}."
        )
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0.5 <= level < 1:
        raise OutcomeError(f"level is {level!r}. Give a probability such as 0.9.")
    plain = plain_targets(targets)
    fit = read_fit(results, components_of(plain), distance, observed_runs, float(level))
    record = results.searched
    method = _METHOD
    if (
        record is not None
        and record.settings.get("engine") == "abc"
        and plain == record.settings.get("targets")
    ):
        closest = nearest_fit(fit, record)
        fit, method = (fit, method) if closest is None else (closest, METHOD)
    posterior = fit.posterior
    if posterior is None:
        need = max(6, len(fit.space.varied) + 2)
        raise ConclusionError(
            f"{plural(len(np.unique(fit.point)), 'point')} gave all that is compared with the data; it takes {need} at least. Add points."
        )
    again = fit.again()
    shown = (
        ""
        if again.experiment is None
        else (
            f"{plural(again.experiment.n_points, 'setting')} that fit, {plural(again.experiment.replications, 'run')} of each "
            f"({plural(again.runs, 'run')} in all): do their runs look like the data?"
        )
    )
    return Conclusion(
        name=name,
        question=text,
        outcome=fit.components[0].outcome,
        sentence=fit.sentence(),
        table=fit.table,
        charts=charts.charts_of(fit),
        warnings=fit.warnings(),
        method=method,
        values={
            "share_left": posterior.share_left,
            "nearest": posterior.nearest,
            "fits": posterior.nearest <= IMPLAUSIBLE,
            "n_points": len(np.unique(fit.point)),
            "n_runs": len(fit.vectors),
            "n_ridges": len(fit.ridges),
        },
        unknown=fit.unknown(),
        tables={"settings": fit.settings, "accepted": fit.accepted, "pairs": fit.pairs, "fit": fit.compared},
        **again.fields(shown),
    )


def searched_targets(results: Reader) -> Any:
    """Return the data that the results were searched for to fit; None where they come from no such search."""
    record = results.searched
    return record.settings.get("targets") if record is not None and record.method == "calibrate" else None


def _conclude(
    results: Reader,
    outcome: str,
    *,
    targets: Any = None,
    distance: str | None = None,
    observed_runs: int | None = None,
    level: float = 0.9,
) -> Conclusion:
    """Answer the question as it is asked by its name.

    Args:
        results: The results.
        outcome: What `targets` are about where they are a number or a series.
        targets: What was observed; None for the data of the search that the results come from.
        distance: How misses are made comparable; None as in the search, else "standardised".
        observed_runs: Of how many runs the data are the mean, 0 where they hold no chance; None as in the search, else 1.
        level: Probability of the region and of the intervals.
    """
    record = results.searched
    of_search = record.settings if targets is None and record is not None else {}
    if distance is None:
        distance = str(of_search.get("distance", "standardised"))
    if observed_runs is None:
        given = of_search.get("observed_runs", 1)
        observed_runs = given if type(given) is int else 1
    if type(observed_runs) is not int or observed_runs < 0:
        raise OutcomeError(
            f"observed_runs is {observed_runs!r}. Give the number of runs that the data are the mean of, or 0 where they hold no chance."
        )
    found = searched_targets(results) if targets is None else targets
    return conclude(
        results,
        found if isinstance(found, Mapping) else {outcome: found},
        distance=distance,
        observed_runs=observed_runs or None,
        level=level,
    )


def _fits(results: Reader, outcome: str, targets: Any = None) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    if targets is None and searched_targets(results) is None:
        return (
            "Say what was observed: results.calibrate({'Wolves': 20}), or mesa-lab conclude … --question calibrate --with targets=data.csv; "
            "no run is added."
        )
    if not results.done.any():
        return "No run has come to its end: there is nothing to compare with the data."
    return None


def _merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question: a search was made for it."""
    return 1.0


QUESTION: Final = Question(
    "calibrate",
    TEXT,
    "Ask it when something was observed: which parameters fit it, and which the data cannot tell apart.",
    _fits,
    _conclude,
    _merit,
    within="found",
)
