"""Optuna as a source of points: its study is made anew from ours before each batch, in memory, and forgotten.

Its own storage, `optimize` and `n_jobs` are never used: their sequence depends on the moment at which results come, and a sampler that
goes on after an interruption starts its chance anew.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mesa_lab.preparation.encoding import canonical
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, Parameter, Real, table
from mesa_lab.search.engines.engine import Trials, missing_library
from mesa_lab.search.new_points import fresh, taken_by, uniform

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

__all__ = ["IMPORTED", "propose_with"]

IMPORTED: Final = ("optuna.study", "optuna.samplers", "optuna.storages", "optuna.pruners")
"""Parts of Optuna that it imports itself when they are first used."""

_TRIES: Final = 20
"""How often a point that is not allowed, or was tried before, is asked for again, for each that is wanted."""


def propose_with(
    trials: Trials,
    n: int,
    rng: np.random.Generator,
    engine: str,
    make_sampler: Callable[[int], BaseSampler],
    attributes: Callable[[int], Mapping[str, Any]] = lambda place: {},
) -> Sequence[Mapping[str, Any]]:
    """Ask a sampler of Optuna for points.

    Args:
        trials: What is known.
        n: How many points.
        rng: The source of chance.
        engine: What the engine is called, for messages.
        make_sampler: Makes the sampler from a seed.
        attributes: What Optuna notes of a trial, by its place among the trials.

    Raises:
        ExperimentError: If Optuna is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise missing_library("Optuna", engine, error) from error

    space = trials.history.space
    axes = {name: _Axis(parameter) for name, parameter in space.varied.items()}
    distributions = {name: axis.distribution for name, axis in axes.items()}
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice to Optuna's users, and what is marked experimental
            sampler = make_sampler(int(rng.integers(2**31)))
            study = optuna.create_study(directions=["minimize"] * trials.n_goals, sampler=sampler)
            study.add_trials(_told(trials, axes, distributions, attributes))
            taken = taken_by(trials.history)
            found: list[Mapping[str, Any]] = []
            for _ in range(_TRIES * n):
                trial = study.ask(distributions)
                values = {name: axes[name].value(trial.params[name]) for name in axes}
                frame = table({name: [value] for name, value in values.items()}, 1)
                if bool(space.allowed(frame)[0]) and canonical(values) not in taken:
                    found += fresh([values], taken)
                    if len(found) == n:
                        break
                else:  # it is not to be asked for again
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    finally:
        optuna.logging.set_verbosity(level)
    return [*found, *uniform(trials.history, n - len(found), rng, taken)] if len(found) < n else found


def _told(
    trials: Trials,
    axes: Mapping[str, _Axis],
    distributions: Mapping[str, BaseDistribution],
    attributes: Callable[[int], Mapping[str, Any]],
) -> list[Any]:
    from optuna.trial import FrozenTrial, TrialState

    now = datetime.now()
    told: list[Any] = []
    rows = [trials.history.points[point] for point in trials.points.tolist()]
    columns = [axis.coordinates([row[name] for row in rows]) for name, axis in axes.items()]
    worst = np.nanmax(trials.losses, axis=0) if np.isfinite(trials.losses).any() else np.zeros(trials.n_goals)
    for place, coordinates in enumerate(zip(*columns, strict=True)):
        known = bool(trials.known[place])
        losses, violation = trials.losses[place], float(trials.violation[place])
        if not np.isfinite(losses).all():  # every run failed: no place to be
            losses, violation = worst, max(violation if np.isfinite(violation) else 0.0, 1.0)
        # optuna.trial.create_trial checks what add_trials checks again, and asks each distribution of each trial whether it is of an old kind.
        trial = FrozenTrial(
            number=-1,
            trial_id=-1,
            state=TrialState.COMPLETE if known else TrialState.RUNNING,
            value=None,
            values=losses.tolist() if known else None,
            datetime_start=now,
            datetime_complete=now if known else None,
            params=dict(zip(axes, coordinates, strict=True)),
            distributions=dict(distributions),
            user_attrs={},
            system_attrs=dict(attributes(place)),
            intermediate_values={},
        )
        if known:
            trial.set_constraint("outcomes", violation if np.isfinite(violation) else 0.0)
        told.append(_uncopied(trial))
    return told


def _uncopied(shared: Any) -> Any:
    """Have Optuna take something as it is. It copies all that it is told, which takes as long as everything else; nobody else has it."""
    shared.__deepcopy__ = lambda memo: shared
    return shared


class _Axis:
    """One parameter as Optuna sees it."""

    def __init__(self, parameter: Parameter) -> None:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        self.parameter = parameter
        self.distribution: BaseDistribution
        self._kind = "unit"
        match parameter:
            case Real(distribution=None):
                self._kind = "number"
                self.distribution = FloatDistribution(
                    float(parameter.low or 0.0), float(parameter.high or 0.0), log=parameter.log
                )
            case Integer(distribution=None) if (parameter.count or 0) < 2**53:
                self._kind = "whole"
                self.distribution = IntDistribution(0, (parameter.count or 1) - 1)
            case Choice():
                self._kind = "place"
                self.distribution = CategoricalDistribution([*range(len(parameter.values))])
            case Levels():
                self._kind = "place"
                self.distribution = IntDistribution(0, len(parameter.values) - 1)
            case _:
                self.distribution = FloatDistribution(0.0, 1.0)
        _uncopied(self.distribution)

    def value(self, coordinate: Any) -> Any:
        """Return the parameter's value."""
        parameter = self.parameter
        if self._kind == "number":
            return float(coordinate)
        if self._kind == "whole":
            assert isinstance(parameter, Integer)
            return int(parameter.levels(1)[0] * 0 + (parameter.low or 0) + parameter.step * int(coordinate))
        if self._kind == "place":
            return parameter.levels()[int(coordinate)]
        value = parameter.from_unit(np.array([float(coordinate)]))[0]
        return value.item() if hasattr(value, "item") else value

    def coordinates(self, values: Sequence[Any]) -> list[Any]:
        """Return where values lie."""
        parameter = self.parameter
        if self._kind == "number":
            return [float(value) for value in values]
        if self._kind == "whole":
            assert isinstance(parameter, Integer)
            low, step = parameter.low or 0, parameter.step
            return [(int(value) - low) // step for value in values]
        unit: list[float] = np.asarray(parameter.to_unit(list(values)), np.float64).tolist()
        if self._kind == "place":
            count = parameter.count or 1
            return [min(int(each * count), count - 1) for each in unit]
        return unit
