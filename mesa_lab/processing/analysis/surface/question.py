"""The question how an outcome responds: a surface with its error, its highest and lowest places, and curves through one setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import ConclusionError, MesaLabError, OutcomeError, ParameterError
from mesa_lab.formatting import measure_label, plural, shorten
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.processing.analysis.conclusion import Conclusion, ConclusionChart
from mesa_lab.processing.analysis.effects.tables import effects_table
from mesa_lab.processing.analysis.next_runs import NextRuns, larger_design, space_filling
from mesa_lab.processing.analysis.observations import reason_against, reason_against_unit
from mesa_lab.processing.analysis.phrases import outcome_phrase
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.analysis.repeats import observe_once
from mesa_lab.processing.analysis.smooth_surface import one_thread
from mesa_lab.processing.analysis.surface import charts, sentences
from mesa_lab.processing.analysis.surface.axes import place_columns
from mesa_lab.processing.analysis.surface.emulator import Emulator, Kind, fit_emulator
from mesa_lab.processing.analysis.surface.gaussian_process import GaussianProcess
from mesa_lab.processing.analysis.surface.quadratic import Canonical, Quadratic, canonical
from mesa_lab.processing.statistics.summary import checked_level
from mesa_lab.processing.tables.search_record import goal_of

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "SurfaceConclusion", "conclude"]

type Floats = npt.NDArray[np.float64]

TEXT: Final = "How does the outcome respond?"
FEWEST_POINTS: Final = 8
GOOD: Final = 0.8
"""The share of the differences between left-out points that a surface must explain to be built on."""
_GRID: Final = 24
_CONFIRM: Final = 20
_MOST_DOTS: Final = 1000


@dataclass(frozen=True, eq=False, repr=False)
class SurfaceConclusion(Conclusion):
    """A conclusion that can predict.

    Attributes:
        emulator: The surface.
    """

    emulator: Emulator | None = field(default=None)

    def predict(self, points: pd.DataFrame | Mapping[str, Any], level: float = 0.95) -> pd.DataFrame:
        """Predict the outcome at settings within what was tried; see `Emulator.predict`."""
        assert self.emulator is not None
        return self.emulator.predict(points, level)


def conclude(
    results: Reader,
    outcome: str,
    at: Mapping[str, Any] | None = None,
    kind: Kind = "auto",
    goal: Literal["max", "min"] | None = None,
    level: float = 0.95,
) -> Conclusion:
    """Say how an outcome responds to the parameters.

    Args:
        results: The results.
        outcome: The outcome.
        at: The setting that the curves of the profile go through: values by name, the others in the middle of their range; None
            takes the middle of all.
        kind: "quadratic", "gaussian process", or "auto".
        goal: Which prediction is to be confirmed next, the highest ("max") or the lowest ("min"); None for what the search that the
            results come from went for, else the highest.
        level: Level of the intervals.

    Raises:
        ParameterError: If `at` lies outside of what was tried.
        OutcomeError: If the kind or the goal is unknown.
        ConclusionError: If a quadratic surface is asked for and the points do not allow it.
    """
    level = checked_level(level)
    if kind not in ("auto", "quadratic", "gaussian process"):
        raise OutcomeError(f'kind is {kind!r}. Give "auto", "quadratic" or "gaussian process".')
    with one_thread():
        return _answer(results, outcome, at, kind, goal_of(results.searched, outcome, goal), level)


def _answer(
    results: Reader, outcome: str, at: Mapping[str, Any] | None, kind: Kind, goal: str, level: float
) -> Conclusion:
    emulator = fit_emulator(results, outcome, kind)
    place = _place(emulator, at)
    subject = outcome_phrase(results, outcome)
    settings, highest, lowest = _settings(emulator, level)
    shape = canonical(emulator.surface, level=level) if isinstance(emulator.surface, Quadratic) else None
    curves = emulator.profile(place, level)
    tables = {"settings": settings, "profile": curves.drop(columns="place")}
    if shape is not None:
        tables["canonical"] = _canonical_table(emulator, shape)
    return SurfaceConclusion(
        name="surface",
        question=TEXT,
        outcome=outcome,
        sentence=sentences.sentence(subject, emulator, settings, shape, level),
        table=_table(emulator, curves, place, level),
        tables=tables,
        charts=_charts(results, emulator, curves, place),
        warnings=sentences.warnings(emulator, shape),
        method=sentences.method(emulator),
        values={
            "explained": emulator.explained,
            "error": emulator.error,
            "covered": emulator.covered,
            "n_left_out": emulator.n_left,
            "kind": emulator.kind,
            "lack_of_fit_p": emulator.surface.fit.lack_of_fit[3]
            if isinstance(emulator.surface, Quadratic)
            else np.nan,
            "stationary": shape.kind if shape else "",
            "stationary_inside": shape.inside if shape else np.nan,
            "stationary_response": shape.response if shape else np.nan,
            "n_points": emulator.observed.n_points,
            "n_runs": emulator.observed.n_runs,
        },
        unknown=sentences.unknown(emulator, settings),
        emulator=emulator,
        **_next(results, emulator, lowest if goal == "min" else highest, goal),
    )


def _place(emulator: Emulator, at: Mapping[str, Any] | None) -> Floats:
    place = emulator.middle()
    if at is None:
        return place
    if not isinstance(at, Mapping):
        raise ParameterError(f"at is {at!r}. Give values by name, such as {emulator.setting(place)}.")
    return np.asarray(place_columns(emulator.axes, {**emulator.setting(place), **at})[0])


def _settings(emulator: Emulator, level: float) -> tuple[pd.DataFrame, Floats, Floats]:
    """Return the settings with the highest and the lowest prediction and the middle, and the places of the first two."""
    places = emulator.candidates()
    if not len(places):
        raise ConclusionError("The constraints leave no setting within what was tried.")
    means = emulator.surface.predict_mean(emulator.columns(places))
    best, worst = places[int(means.argmax())], places[int(means.argmin())]
    chosen = np.vstack([best, worst, emulator.middle()])
    table = emulator.at(chosen, level)[["mean", "low", "high"]]
    own = {
        name: f"{name} (parameter)" for name in ("setting", *table.columns)
    }  # a model's parameters may be called so
    table = pd.concat([emulator.points(chosen).rename(columns=own), table], axis=1)
    table.insert(0, "setting", ["highest", "lowest", "middle"])
    return table[emulator.allowed(chosen)].reset_index(drop=True), best, worst


def _table(emulator: Emulator, curves: pd.DataFrame, place: Floats, level: float) -> pd.DataFrame:
    """One row per term of a quadratic surface; else one per parameter, with what its whole range does from one setting."""
    if isinstance(emulator.surface, Quadratic):
        surface = emulator.surface
        return effects_table(emulator.observed.factors, surface.model, surface.fit, level).drop(
            columns="aliased_with"
        )
    rows = []
    for at, axis in enumerate(emulator.axes):
        mine = curves[curves["parameter"] == axis.name]
        ends = np.repeat(place[None, :], 2, axis=0)
        top, bottom = (
            mine["place"].iloc[int(getattr(mine["mean"].to_numpy(), pick)())] for pick in ("argmax", "argmin")
        )
        ends[:, at] = [top, bottom]
        moved = emulator.difference(ends[[0]], ends[[1]], level).iloc[0]
        high_at, low_at = axis.values(np.array([top, bottom]))
        rows.append(
            (
                axis.name,
                moved["difference"],
                moved["low"],
                moved["high"],
                high_at,
                low_at,
                _length(emulator, at),
            )
        )
    table = pd.DataFrame(
        rows, columns=["parameter", "range", "range_low", "range_high", "highest_at", "lowest_at", "length"]
    )
    return table.sort_values("range", ascending=False, kind="stable", ignore_index=True)


def _length(emulator: Emulator, at: int) -> float:
    """Over which share of a parameter's range the surface changes; of a choice the shortest of its levels."""
    surface = emulator.surface
    assert isinstance(surface, GaussianProcess)
    start = sum(len(axis.levels) if axis.categorical else 1 for axis in emulator.axes[:at])
    width = len(emulator.axes[at].levels) if emulator.axes[at].categorical else 1
    return float(surface.lengths[start : start + width].min()) / 2


def _canonical_table(emulator: Emulator, shape: Canonical) -> pd.DataFrame:
    """One row per parameter: the stationary point with its interval, and one per axis of the surface."""
    inside = np.clip(shape.places, -1, 1)
    values = emulator.points(inside[None, :]).iloc[0]
    rows = [
        (
            "stationary point",
            axis.name,
            shape.places[at],
            shape.low[at],
            shape.high[at],
            values.iloc[at] if abs(shape.places[at]) <= 1 else None,
        )
        for at, axis in enumerate(emulator.axes)
    ]
    rows += [
        (f"eigenvalue {number}", "", value, np.nan, np.nan, None)
        for number, value in enumerate(shape.eigenvalues, 1)
    ]
    return pd.DataFrame(rows, columns=["what", "parameter", "coded", "low", "high", "value"])


def _charts(
    results: Reader, emulator: Emulator, curves: pd.DataFrame, place: Floats
) -> list[ConclusionChart]:
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
        found.append(_over_two(emulator, place, (top[0], top[1]), label, runs))
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


def _over_two(
    emulator: Emulator, place: Floats, pair: tuple[int, int], label: str, runs: str
) -> ConclusionChart:
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


def _next(results: Reader, emulator: Emulator, best: Floats, goal: str) -> dict[str, Any]:
    good = emulator.explained == emulator.explained and emulator.explained >= GOOD
    if not good:
        grown = larger_design(results, 2)
        if grown.experiment is None:
            other = space_filling(results, emulator.observed)
            return other.fields(
                f"A space-filling design of its own ({plural(other.runs, 'run')}): the surface misses too much of what lies between "
                "these points."
            )
        return grown.fields(
            f"Twice as many points ({plural(grown.runs, 'more run')}): the surface misses too much of what lies between these."
        )
    confirm = _confirmation(results, emulator, best)
    which, side = ("lowest", "low") if goal == "min" else ("highest", "high")
    return confirm.fields(
        f"{_CONFIRM} runs at the setting with the {which} prediction, with fresh seeds, tell what it really gives: a {which} "
        f"prediction is picked, and so on the {side} side."
    )


def _confirmation(results: Reader, emulator: Emulator, best: Floats) -> NextRuns:
    """Return the experiment that runs the one setting again and again, with seeds of its own."""
    experiment: Any = results.experiment
    if not isinstance(experiment, Experiment):
        return NextRuns()
    setting = emulator.setting(best)
    held = {name: setting.get(name, value) for name, value in experiment.parameters.items()}
    if set(setting) != set(experiment.space.varied):  # a parameter that took one value only
        return NextRuns()
    try:
        again = experiment.replace(
            parameters={name: _plain(value) for name, value in held.items()},
            design=None,
            replications=_CONFIRM,
            seeds=None,
            common_random_numbers=False,
            seed=experiment.seed + 1,
        )
        return NextRuns(again, again.n_runs, grows=False)
    except MesaLabError:
        return NextRuns()


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value


def fits(results: Reader, outcome: str) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    reason = reason_against(results, outcome, points=FEWEST_POINTS)
    if reason is not None:
        return reason
    observed = observe_once(results, outcome)
    if (reason := reason_against_unit(observed)) is not None:
        return reason
    if not any(factor.is_number and len(factor.levels) > 2 for factor in observed.factors):
        return "No parameter is a number with more than two values: there is no curve to draw. Ask for effects instead."
    if observed.n_points < 2 * len(observed.factors):
        return (
            f"{plural(observed.n_points, 'point')} are too few for a surface over {plural(len(observed.factors), 'parameter')}: at "
            f"least {2 * len(observed.factors)} are needed, ten for each parameter are usual."
        )
    return None


def merit(results: Reader, outcome: str) -> float:
    """Say how well these results suit the question: best where the design was made for it."""
    design = getattr(results.experiment, "design", None)
    if type(design).__name__ in ("CentralComposite", "BoxBehnken"):
        return 1.0
    return 0.7 if getattr(design, "space_filling", False) else 0.42


QUESTION: Final = Question(
    "surface",
    TEXT,
    "Ask it when numbers vary over a range, to see the curve of an outcome along each and to predict it anywhere inside.",
    fits,
    conclude,
    merit,
    about_points=True,
)
