"""From a model and its parameters straight to a list of run configurations, one function for each design.

For those who want the first stage alone: the lists can go to `BatchRunner`, to `simulate`, or to any
other tool. Everything else is `Experiment`, of which these are short forms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.designs import (
    FullFactorial,
    Halton,
    LatinHypercube,
    MonteCarlo,
    OneAtATime,
    Sobol,
    SparseGrid,
    Table,
)
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.parameters.space import Levels
from mesa_lab.preparation.run_configuration import RunConfiguration

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__all__ = [
    "base_case",
    "full_factorial",
    "halton",
    "latin_hypercube",
    "manual",
    "monte_carlo",
    "sobol",
    "sparse_grid",
]

type Parameters = Mapping[str, Any]


def full_factorial(
    model: type | str,
    parameters: Parameters,
    *,
    levels: int | Mapping[str, int] | None = None,
    **settings: Any,
) -> list[RunConfiguration]:
    """Return configurations for all combinations of levels.

    Args:
        model: A Mesa model class, or the text that finds one.
        parameters: What varies (lists of levels, `Choice`, or ranges with `levels`) and what is held fixed.
        levels: How many levels to take from each range: one number for all, or one by name.
        **settings: Further fields of `Experiment`: replications, max_steps, seed, outcomes, constraints …

    Returns:
        One configuration for each run: all points once, then the next replication.

    Raises:
        ParameterError: If the model does not take a parameter, or a range is wrong.
        DesignError: If a range has no levels, or the design is too large.
        ExperimentError: If a setting is wrong.

    Example:
        >>> from mesa.examples import WolfSheep
        >>> len(full_factorial(WolfSheep, {"initial_sheep": [50, 100], "grass": [True, False]}, replications=5))
        20
    """
    return Experiment(model, parameters, FullFactorial(levels), **settings).configurations()


def base_case(
    model: type | str,
    parameters: Parameters,
    *,
    base: Parameters | None = None,
    levels: int | Mapping[str, int] | None = None,
    **settings: Any,
) -> list[RunConfiguration]:
    """Return configurations for a base case, then for each other level of one parameter at a time.

    Args:
        model: A Mesa model class, or the text that finds one.
        parameters: What varies and what is held fixed.
        base: The base case's values; the middle of its range for a parameter without one.
        levels: How many levels to take from each range.
        **settings: Further fields of `Experiment`.

    Raises:
        ParameterError: If the model does not take a parameter, or a range is wrong.
        DesignError: If the base lies outside of the space, or a range has no levels.
        ExperimentError: If a setting is wrong.

    Example:
        >>> from mesa.examples import Schelling
        >>> len(base_case(Schelling, {"density": [0.6, 0.7, 0.8], "radius": [1, 2]}, base={"density": 0.7, "radius": 1}))
        4
    """
    return Experiment(model, parameters, OneAtATime(levels=levels, base=base), **settings).configurations()


def sparse_grid(
    model: type | str, parameters: Parameters, *, level: int = 2, **settings: Any
) -> list[RunConfiguration]:
    """Return configurations on a Smolyak sparse grid: far fewer points than a full factorial of the same resolution.

    Args:
        model: A Mesa model class, or the text that finds one.
        parameters: What varies and what is held fixed.
        level: The grid's level, from 1; each one about doubles the points along an axis.
        **settings: Further fields of `Experiment`.

    Raises:
        ParameterError: If the model does not take a parameter, or a range is wrong.
        DesignError: If the design cannot be made.
        ExperimentError: If a setting is wrong.

    Example:
        >>> from mesa.examples import Schelling
        >>> from mesa_lab import Real
        >>> len(sparse_grid(Schelling, {"density": Real(0.5, 0.9), "homophily": Real(0.2, 0.6)}, level=1))
        5
    """
    return Experiment(model, parameters, SparseGrid(level), **settings).configurations()


def latin_hypercube(
    model: type | str, parameters: Parameters, size: int, **settings: Any
) -> list[RunConfiguration]:
    """Return configurations on a Latin hypercube of so many points.

    Args:
        model: A Mesa model class, or the text that finds one.
        parameters: What varies and what is held fixed.
        size: The number of points.
        **settings: Further fields of `Experiment`.

    Raises:
        ParameterError: If the model does not take a parameter, or a range is wrong.
        DesignError: If the design cannot be made.
        ExperimentError: If a setting is wrong.

    Example:
        >>> from mesa.examples import Schelling
        >>> from mesa_lab import Real
        >>> len(latin_hypercube(Schelling, {"density": Real(0.5, 0.9)}, 10, replications=3))
        30
    """
    return Experiment(model, parameters, LatinHypercube(size), **settings).configurations()


def sobol(model: type | str, parameters: Parameters, size: int, **settings: Any) -> list[RunConfiguration]:
    """Return configurations on a scrambled Sobol' sequence; a power of 2 keeps its balance.

    Arguments, errors and result are those of `latin_hypercube`.

    Example:
        >>> from mesa.examples import Schelling
        >>> from mesa_lab import Real
        >>> len(sobol(Schelling, {"density": Real(0.5, 0.9)}, 16))
        16
    """
    return Experiment(model, parameters, Sobol(size), **settings).configurations()


def halton(model: type | str, parameters: Parameters, size: int, **settings: Any) -> list[RunConfiguration]:
    """Return configurations on a scrambled Halton sequence of any length.

    Arguments, errors and result are those of `latin_hypercube`.

    Example:
        >>> from mesa.examples import Schelling
        >>> from mesa_lab import Real
        >>> len(halton(Schelling, {"density": Real(0.5, 0.9)}, 12))
        12
    """
    return Experiment(model, parameters, Halton(size), **settings).configurations()


def monte_carlo(
    model: type | str, parameters: Parameters, size: int, **settings: Any
) -> list[RunConfiguration]:
    """Return configurations at random points, drawn from the parameters' distributions.

    Arguments, errors and result are those of `latin_hypercube`.

    Example:
        >>> from mesa.examples import Schelling
        >>> from mesa_lab import Real
        >>> len(monte_carlo(Schelling, {"density": Real(0.5, 0.9)}, 10))
        10
    """
    return Experiment(model, parameters, MonteCarlo(size), **settings).configurations()


def manual(
    model: type | str,
    points: pd.DataFrame | Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]] | str | Path,
    *,
    fixed: Parameters | None = None,
    **settings: Any,
) -> list[RunConfiguration]:
    """Return configurations at points made by hand, or by any outside tool.

    Args:
        model: A Mesa model class, or the text that finds one.
        points: A DataFrame, a list of dicts, a dict of columns, or the path of a CSV file: one row per point, one
            column per parameter.
        fixed: Parameters held fixed at all points.
        **settings: Further fields of `Experiment`.

    Raises:
        ParameterError: If the model does not take a parameter.
        DesignError: If the table is empty, ragged or unreadable.
        ExperimentError: If a setting is wrong.

    Example:
        >>> from mesa.examples import Schelling
        >>> runs = manual(Schelling, [{"density": 0.6}, {"density": 0.9}], replications=2, max_steps=50, seed=42)
        >>> [(run.point, run.iteration, run.parameters["density"]) for run in runs]
        [(0, 0, 0.6), (1, 0, 0.9), (0, 1, 0.6), (1, 1, 0.9)]
    """
    table = Table(points)
    levels = {name: Levels(table.values(name)) for name in table.names}
    if fixed is not None and not isinstance(fixed, Mapping):
        raise ExperimentError(f"fixed is {fixed!r:.80}. Give values by name: fixed={{'name': value}}.")
    return Experiment(model, {**levels, **(fixed or {})}, table, **settings).configurations()
