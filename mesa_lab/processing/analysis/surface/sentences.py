"""Sentences about a surface: where the outcome is highest and lowest, what shape it has, and how far it can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mesa_lab.formatting import number, plural, shorten, show
from mesa_lab.processing.analysis.phrases import and_list, figures, p_value, percent, quantity
from mesa_lab.processing.analysis.surface.quadratic import Canonical, Quadratic

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.surface.emulator import Emulator

__all__ = ["method", "sentence", "unknown", "warnings"]

_NAMED: Final = 5
_POOR: Final = 0.5


def sentence(
    subject: str, emulator: Emulator, settings: pd.DataFrame, shape: Canonical | None, level: float
) -> str:
    """Say how the outcome responds."""
    if emulator.explained == emulator.explained and emulator.explained < 0.1:
        return (
            f"No surface over these points predicts {subject}: at left-out points it explains {percent(max(emulator.explained, 0.0))} "
            f"of the differences ({_counts(emulator)})."
        )
    highest, lowest = (settings[settings["setting"] == which].iloc[0] for which in ("highest", "lowest"))
    parts = [
        f"{subject} is predicted to be highest, {_estimate(highest, emulator, level, first=True)}, where {_setting(highest, emulator)}; "
        f"lowest, {_estimate(lowest, emulator, level)}, where {_setting(lowest, emulator)}."
    ]
    if shape is not None:
        parts.append(_shape(emulator, shape))
    parts.append(_trust(emulator))
    return " ".join(parts)


def _estimate(row: Any, emulator: Emulator, level: float, first: bool = False) -> str:
    mean, low, high = float(row["mean"]), float(row["low"]), float(row["high"])
    what = f"{percent(level)} interval " if first else ""
    if emulator.is_share:
        return f"{percent(mean)} ({what}{percent(low)} to {percent(high)})"
    value, least, most = figures(mean, low, high)
    return f"{value} ({what}{least} to {most})" if np.isfinite(low) and low < high else value


def _setting(row: Any, emulator: Emulator) -> str:
    shown = []
    for axis in emulator.axes[:_NAMED]:
        marked = f"{axis.name} (parameter)"  # where the table has a column of that name itself
        value = row[marked if marked in row.index else axis.name]
        shown.append(
            f"{shorten(axis.name)} = {number(float(value), 3) if axis.is_number else shorten(show(value), 24)}"
        )
    if len(emulator.axes) > _NAMED:
        shown.append(f"{len(emulator.axes) - _NAMED} more as the table of settings says")
    return and_list(shown)


def _shape(emulator: Emulator, shape: Canonical) -> str:
    place = "inside" if shape.inside else "outside"
    if shape.kind == "ridge":
        return "The surface is flat along a direction: many settings do as well as each other."
    sure = (
        f" ({percent(shape.sure)} of surfaces as uncertain as this one are alike)"
        if np.isfinite(shape.sure)
        else ""
    )
    what = {"maximum": "a peak", "minimum": "a valley", "saddle": "a saddle"}[shape.kind]
    if not shape.inside:
        return f"Its shape is that of {what} whose middle lies {place} what was tried{sure}: within, the ends of the ranges decide."
    where = emulator.points(shape.places[None, :]).iloc[0]
    setting = and_list(
        [f"{shorten(axis.name)} = {number(float(where[axis.name]), 3)}" for axis in emulator.axes[:_NAMED]]
    )
    return f"Its shape is that of {what} with its middle at {setting}{sure}."


def _trust(emulator: Emulator) -> str:
    counts = _counts(emulator)
    if not np.isfinite(emulator.explained):
        return f"How well it predicts other points cannot be said from these ({counts})."
    if not emulator.error and emulator.explained >= _POOR:
        return f"At points that were left out it misses what was measured by no more than the chance in it ({counts})."
    error = percent(emulator.error) if emulator.is_share else quantity(emulator.error)
    text = f"At points that were left out it is off by {error} and explains {percent(max(emulator.explained, 0.0))} of the differences ({counts})."
    return text if emulator.explained >= _POOR else f"{text} That is too little to rely on."


def _counts(emulator: Emulator) -> str:
    observed = emulator.observed
    return f"{plural(observed.n_points, 'point')}, {plural(observed.n_runs, 'run')}"


def warnings(emulator: Emulator, shape: Canonical | None) -> list[str]:
    """Say what a methodologist would object to."""
    observed = emulator.observed
    said = observed.left_out()
    surface = emulator.surface
    if isinstance(surface, Quadratic):
        ratio, _, _, p = surface.fit.lack_of_fit
        if p < 0.05:
            said.append(
                f"The points differ from a quadratic surface by more than chance (lack of fit: F = {quantity(ratio)}, {p_value(p)}): "
                'kind="gaussian process" bends further.'
            )
        if shape is not None and shape.inside and shape.sure_inside < 0.9:
            said.append(
                f"Where the middle of the {'peak' if shape.kind == 'maximum' else shape.kind} lies is uncertain: in "
                f"{percent(1 - shape.sure_inside)} of surfaces as uncertain as this one it is outside of what was tried."
            )
    if not observed.replicated:
        said.append(
            "Each point was run once: noise is estimated from how rough the surface would have to be."
        )
    if np.isfinite(emulator.covered) and emulator.covered < 0.85:
        said.append(
            f"Only {percent(emulator.covered)} of left-out means lie within their 95 % interval: intervals are too narrow, as for an outcome "
            "that jumps."
        )
    if observed.n_points < 10 * len(emulator.axes) and emulator.kind != "quadratic":
        said.append(
            f"{plural(observed.n_points, 'point')} are few for {plural(len(emulator.axes), 'parameter')}: ten for each are usual."
        )
    if observed.common:
        said.append(
            "All points have the same seeds: differences between settings are better known than the level of all."
        )
    return said


def unknown(emulator: Emulator, settings: pd.DataFrame) -> list[str]:
    """Say what the data cannot say, given the settings with the highest and the lowest prediction."""
    said = ["Anything beyond the values that were tried: predictions there are refused."]
    if not emulator.is_share:
        said += _ends(emulator, settings)
    if not np.isfinite(emulator.within):
        said.append("How far single runs lie from the mean: that takes two runs of a point at least.")
    return said


def _ends(emulator: Emulator, settings: pd.DataFrame) -> list[str]:
    """Say where predictions stop though the surface goes on."""
    values = emulator.observed.values[np.isfinite(emulator.observed.values)]
    said = []
    for end, side, reached in zip(
        emulator.bounds, ("below", "above"), (values.min(), values.max()), strict=True
    ):
        if reached == end:
            said.append(
                f"Whether the outcome can go {side} {quantity(end)}: runs got so far and none beyond, so predictions stop there."
            )
        elif (settings["mean"] == end).any():
            said.append(
                f"Whether the outcome can go {side} 0: none of {plural(len(values), 'run')} did, so predictions stop there, though the "
                "surface goes on."
            )
    return said


def method(emulator: Emulator) -> str:
    """Name the method."""
    if emulator.kind == "quadratic":
        return (
            "Full quadratic response surface on levels coded -1 to 1 (Box and Wilson, 1951) with canonical analysis; the stationary point's "
            "interval from 2,000 drawn sets of coefficients; error from points left out one by one."
        )
    how = (
        "left out one by one"
        if emulator.n_left == emulator.observed.n_points
        else "that it is not drawn through"
    )
    return (
        "Gaussian process with the Matern 5/2 kernel and a length for each parameter (scikit-learn), the noise of each mean from the "
        f"replications; error from points {how}."
    )
