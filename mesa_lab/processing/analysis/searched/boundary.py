"""Where an outcome lies above or below a value, and how sure that is over the space: what a search for a boundary found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from mesa_lab.errors import ConclusionError
from mesa_lab.formatting import measure_label, number, plural
from mesa_lab.preparation.parameters.space import Choice, ParameterSpace, table
from mesa_lab.processing.analysis.conclusion import Conclusion
from mesa_lab.processing.analysis.observations import Observations, observe
from mesa_lab.processing.analysis.phrases import percent, quantity
from mesa_lab.processing.analysis.scatter_chart import cloud
from mesa_lab.processing.analysis.searched.further_runs import go_on
from mesa_lab.processing.analysis.smooth_surface import fit_landscape

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader
    from mesa_lab.processing.tables.search_record import SearchRecord

__all__ = ["conclude_boundary"]

_POOL: Final = 2048
_ROWS: Final = 100
_GROUPS: Final = ("above", "below", "cannot tell")


def conclude_boundary(
    results: Reader, record: SearchRecord, outcome: str, level: float, text: str
) -> Conclusion:
    """Say over which part of the space an outcome is above a value, below it, or not told; or how sure it is everywhere.

    Args:
        results: The results.
        record: The search.
        outcome: The outcome.
        level: Level of the intervals.
        text: The question.

    Raises:
        ConclusionError: If the points are too few for a surface.
    """
    from scipy.special import ndtri

    observed = observe(results, outcome)
    space: ParameterSpace = getattr(results.study, "described_experiment", results.experiment).space
    columns = {name: results.points[column].tolist() for name, column in results.columns.items()}
    fixed = results.experiment.space.fixed
    frame = table(
        {name: columns.get(name, [fixed.get(name)] * len(results.points)) for name in space.varied},
        len(results.points),
    )
    unit = np.clip(space.to_unit(frame), 0.0, 1.0)
    noise = (
        observed.within / np.maximum(observed.count, 1)
        if np.isfinite(observed.within)
        else np.full(len(unit), np.nan)
    )
    surface = fit_landscape(space, unit, observed.mean, noise, int(results.experiment.seed))
    if surface is None:
        raise ConclusionError(_no_surface(observed))
    places = np.random.default_rng(1).random((_POOL, len(space.varied)))
    if space.constraints:
        places = places[np.asarray(space.allowed(space.from_unit(places)))]
    mean, sd = surface.at(places)
    z = float(ndtri((1 + level) / 2))
    asked = record.settings.get("where")
    is_boundary = isinstance(asked, int | float) and not isinstance(asked, bool)
    where = float(asked) if is_boundary and asked is not None else 0.0
    values = space.from_unit(places)
    side = np.full(len(places), "known", dtype=object)
    runs = f"By {plural(observed.n_runs, 'run')} of {plural(int((observed.count > 0).sum()), 'setting')}"
    shares = {}
    if is_boundary:
        side = np.where(
            mean - z * sd > where, "above", np.where(mean + z * sd < where, "below", "cannot tell")
        )
        shares = {name: float((side == name).mean()) for name in _GROUPS}
        order = np.argsort(np.abs(mean - where), kind="stable")[:_ROWS]
        sentence = (
            f"{runs} {outcome} is above {number(where)} in {percent(shares['above'])} of the space and below it in {percent(shares['below'])}, "
            f"each with {number(100 * level)} % confidence; in {percent(shares['cannot tell'])} it cannot be told yet."
        )
    else:
        order = np.argsort(-sd, kind="stable")[:_ROWS]
        sentence = (
            f"{runs} {outcome} is known to ±{quantity(z * float(np.median(sd)))} in half of the space and to ±{quantity(z * float(sd.max()))} "
            f"where it is least sure ({number(100 * level)} % confidence)."
        )
    own = {"mean": mean[order], "low": (mean - z * sd)[order], "high": (mean + z * sd)[order]}
    rows = (
        values.iloc[order]
        .reset_index(drop=True)
        .rename(columns={name: f"{name} (parameter)" for name in own if name in values})
    )
    numeric = [name for name, each in space.varied.items() if not isinstance(each, Choice)]
    charts = []
    if numeric:
        across = numeric[0]
        up = numeric[1] if len(numeric) > 1 else None
        shown = pd.DataFrame(
            {
                "x": values[across].astype(float),
                "y": values[up].astype(float) if up else mean,
                "colour": side if is_boundary else mean,
                "mean": mean,
                "sd": sd,
            }
        )
        label = measure_label(outcome, results.outcomes)
        labels = {
            "x": across,
            "y": up or label,
            "colour": "side" if is_boundary else label,
            "mean": "predicted",
            "sd": "standard error",
        }
        said = ["Places drawn from the whole space, with what the surface predicts there."]
        if len(space.varied) > 2:
            said.append("Other parameters differ between them.")
        charts.append(cloud(shown, "boundary", "Where it lies", said, labels, _GROUPS if is_boundary else ()))
    return Conclusion(
        name="found",
        question=text,
        outcome=outcome,
        sentence=sentence,
        table=pd.DataFrame({**{str(name): rows[name] for name in rows}, **own}),
        charts=charts,
        warnings=(() if record.over is not None else ("The search has not ended: more will be known.",))
        + tuple(observed.left_out()),
        method="Gaussian process through the means of the points, with the variance between runs (Rasmussen & Williams 2006); points where it is least sure, "
        "or straddles the boundary (Bryan et al. 2005).",
        values={
            "above": shares.get("above", float("nan")),
            "below": shares.get("below", float("nan")),
            "open": shares.get("cannot tell", float("nan")),
            "usual_error": float(np.median(sd)),
            "largest_error": float(sd.max()),
            "n_points": int((observed.count > 0).sum()),
            "n_runs": observed.n_runs,
        },
        unknown=("Whether the outcome jumps between points: the surface is smooth.",),
        next_sentence=go_on(record.n_runs),
    )


def _no_surface(observed: Observations) -> str:
    """Say why there is no surface through the settings."""
    known = observed.values[np.isfinite(observed.values)]
    if len(known) > 1 and known.min() == known.max():
        return f"'{observed.outcome}' is {number(float(known[0]))} in all {plural(len(known), 'run')}: there is nothing to be surer of."
    count = int((observed.count > 0).sum())
    return f"{plural(count, 'setting')} {'was' if count == 1 else 'were'} measured: too few for a surface. Give the search a larger budget."
