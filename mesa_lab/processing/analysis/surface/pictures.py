"""The charts of a surface conclusion: what each shows of an emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.analysis.surface import charts
from mesa_lab.processing.analysis.surface.emulator import Emulator
from mesa_lab.processing.analysis.surface.gaussian_process import GaussianProcess
from mesa_lab.processing.wording import measure_label, plural, shorten

if TYPE_CHECKING:
    from mesa_lab.processing.reading import Reader

__all__ = ["surface_charts"]

type Floats = npt.NDArray[np.float64]

_GRID: Final = 24
_MOST_DOTS: Final = 1000


def surface_charts(
    results: Reader, emulator: Emulator, curves: pd.DataFrame, place: Floats
) -> list[ConclusionChart]:
    """Return the profile through a place, the map of the two parameters that do most, and the points that were left out."""
    label = measure_label(emulator.outcome, results.outcomes)
    observed = emulator.observed
    runs = f"{plural(observed.n_points, 'point')}, {plural(observed.n_runs, 'run')}."
    found = [
        charts.profile(
            curves,
            emulator.setting(place),
            label,
            f"{label} along each parameter",
            [
                f"Predicted mean with 95 % interval, the others held where the dashed lines stand; {runs}",
                *observed.left_out(),
            ],
            emulator.is_share,
        )
    ]
    numbers = [number for number, axis in enumerate(emulator.axes) if axis.is_number and len(axis.levels) > 2]
    if len(numbers) > 1:
        spans = curves.groupby("parameter")["mean"].agg(lambda means: means.max() - means.min())
        top = sorted(numbers, key=lambda number: -float(spans.get(emulator.axes[number].name, 0.0)))[:2]
        found.append(_map(emulator, place, (top[0], top[1]), label, runs))
    if isinstance(emulator.surface, GaussianProcess) and emulator.n_left:
        surface = emulator.surface
        measured = observed.mean[surface.left_at]
        rows = pd.DataFrame({"predicted": measured - surface.left, "measured": measured})
        rows["low"], rows["high"] = (
            rows["predicted"] - 1.96 * surface.left_sd,
            rows["predicted"] + 1.96 * surface.left_sd,
        )
        rows = rows.head(_MOST_DOTS)
        found.append(
            charts.left_out(
                rows,
                label,
                f"{label}: predicted and measured",
                [f"Each dot is a point that was left out; {runs}"],
            )
        )
    return found


def _map(emulator: Emulator, place: Floats, pair: tuple[int, int], label: str, runs: str) -> ConclusionChart:
    one, other = (emulator.axes[number] for number in pair)
    edges = np.linspace(-1, 1, _GRID + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    across, up = np.meshgrid(middles, middles)
    places = np.repeat(place[None, :], across.size, axis=0)
    places[:, pair[0]], places[:, pair[1]] = across.ravel(), up.ravel()
    keep = emulator.allowed(places)
    x, y = (np.array([float(value) for value in _edge_values(axis, edges)]) for axis in (one, other))
    column, row = np.meshgrid(np.arange(_GRID), np.arange(_GRID))
    rows = pd.DataFrame(
        {
            "x": x[column.ravel()],
            "x2": x[column.ravel() + 1],
            "y": y[row.ravel()],
            "y2": y[row.ravel() + 1],
            "mean": np.clip(emulator.surface.predict_mean(emulator.columns(places)), *emulator.bounds),
        }
    )[keep].reset_index(drop=True)
    names = (shorten(one.name), shorten(other.name))
    return charts.over_two(
        rows,
        (*names, label),
        f"{label} over {names[0]} and {names[1]}",
        [f"Predicted mean, other parameters in the middle or as chosen; {runs}"],
        emulator.is_share,
    )


def _edge_values(axis: Any, edges: Floats) -> Floats:
    low, high = axis.units[0], axis.units[-1]
    return np.asarray(axis._value(low + (edges + 1) / 2 * (high - low)))
