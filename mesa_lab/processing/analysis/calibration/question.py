"""The question which parameters fit observed data: asked of a search for them, or of any points that were run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mesa_lab.errors import ConclusionError, OutcomeError, suggest
from mesa_lab.formatting import listing, plural
from mesa_lab.processing.analysis.calibration import charts
from mesa_lab.processing.analysis.calibration.fit import read_fit
from mesa_lab.processing.analysis.calibration.posterior import IMPLAUSIBLE
from mesa_lab.processing.analysis.calibration.targets import (
    DISTANCES,
    components_of,
    plain_targets,
    read_targets,
)
from mesa_lab.processing.analysis.conclusion import Conclusion

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["TEXT", "conclude"]

type Floats = npt.NDArray[np.float64]

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
    if isinstance(targets, str | Path):
        targets = read_targets(targets)
    if distance not in DISTANCES:
        raise OutcomeError(
            f"distance is {distance!r}.{suggest(str(distance), DISTANCES)} There are: {listing(list(DISTANCES))}."
        )
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0.5 <= level < 1:
        raise OutcomeError(f"level is {level!r}. Give a probability such as 0.9.")
    fit = read_fit(results, components_of(plain_targets(targets)), distance, observed_runs, float(level))
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
        method="History matching with Gaussian processes (Andrianakis et al. 2015) and a Gaussian likelihood of the summaries (Wood 2010); the "
        "ranges count as equally likely beforehand. Accepted runs: rejection ABC (Pritchard et al. 1999).",
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
