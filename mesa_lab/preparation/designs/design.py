"""What a design is, and what designs share: their size, and the way through the unit cube.

A design knows the parameter space and a seed, and nothing of models, runs or files.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from mesa_lab.errors import DesignError, ParameterError, suggest
from mesa_lab.preparation.code_permission import CodeReference
from mesa_lab.preparation.limits import SIZE, shortened
from mesa_lab.preparation.parameters.space import Choice, Levels, ParameterSpace
from mesa_lab.preparation.parameters.value_keys import ByValue, counted, is_finite

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Design",
    "UnitDesign",
    "check_flag",
    "check_memory",
    "levels_of",
    "power_of_2",
    "refuse_correlations",
    "usual_size",
    "whole",
]

MANY_LEVELS = 100
BYTES_PER_CELL = 200
"""A cell of the matrix as a Python value in a run configuration, with its share of the rest."""


@dataclass(frozen=True, eq=False)
class Design(ByValue, ABC):
    """How points are chosen from a parameter space.

    A design is a frozen dataclass (with `eq=False`, as equality is by value here) whose fields are its settings: each
    with a type hint and a line of help in its metadata, from which forms and files are made.

    Attributes:
        extensible: Whether a larger size keeps the points of a smaller one, in their places.
        grows_by: The field that is this size.
        space_filling: Whether it spreads points through the unit cube, rather than combining levels.
        in_blocks: Whether its points belong together in blocks, of which none may be dropped and none made one.
    """

    extensible: ClassVar[bool] = False
    grows_by: ClassVar[str] = "size"
    space_filling: ClassVar[bool] = False
    in_blocks: ClassVar[bool] = False

    @abstractmethod
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        """Return the design points, before constraints.

        Args:
            space: The parameter space.
            seed: The same seed gives the same points; designs without chance ignore it.

        Returns:
            One row per point and one column per varied parameter, in the space's order. Its `attrs["merged"]` says how
            many identical points were made one, where a design does so.

        Raises:
            DesignError: If the design cannot be made from this space, or is larger than memory.
        """

    @abstractmethod
    def n_points(self, space: ParameterSpace) -> int | None:
        """Return how many points the design asks for, before merging and constraints; None if it must be made to know.

        Raises:
            DesignError: If the design cannot be made from this space.
        """

    @property
    def depth(self) -> int:
        """How many designs lie within each other, this one counted."""
        return 1

    @property
    def named_code(self) -> tuple[CodeReference, ...]:
        """The code that is loaded by name to make its points: that of the designs within it, at any depth.

        A design with a function of its own that is given as text adds that, and loads it with `models.import_code`.
        """
        return tuple(dict.fromkeys(_named_code(getattr(self, each.name, None) for each in fields(self))))

    @property
    def runs_code(self) -> bool:
        """Whether code is loaded by name to make its points, which a reader of a study must not do."""
        return bool(self.named_code)

    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        """Return what a methodologist would say about this design on this space, one sentence or two each."""
        return ()


@dataclass(frozen=True, eq=False)
class UnitDesign(Design):
    """A design that spreads points through the unit cube and leaves all else to the parameter space."""

    space_filling: ClassVar[bool] = True

    @abstractmethod
    def unit(self, dimensions: int, rng: np.random.Generator) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return points of the unit cube, an array of shape (points, dimensions) with numbers in [0, 1].

        Args:
            dimensions: How many parameters vary, at least one.
            rng: The only source of chance.
        """

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        dimensions = len(space.varied)
        if not dimensions:
            raise DesignError(
                f"{type(self).__name__} has nothing to vary: all parameters are held fixed. "
                "Give at least one a range, or use FullFactorial() for the one point there is."
            )
        check_memory(self, space)
        return space.from_unit(self.unit(dimensions, np.random.default_rng(seed)))


def _named_code(values: Iterable[Any]) -> Iterator[CodeReference]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _named_code(value.values())
        elif isinstance(value, list | tuple):
            yield from _named_code(value)
        elif not isinstance(value, type):
            yield from getattr(value, "named_code", ())


def usual_size(dimensions: int) -> int:
    """Return the usual first number of points of a space-filling design: ten for each parameter.

    Loeppky, Sacks & Welch (2009), Technometrics 51: 366-376.
    """
    return 10 * max(dimensions, 1)


def power_of_2(least: int) -> int:
    """Return the smallest power of 2 that is not below a number.

    Example:
        >>> power_of_2(20)
        32
    """
    return 1 << (least - 1).bit_length()


def whole(design: str, name: str, value: Any, least: int = 1) -> int:
    """Check a setting that is a whole number.

    Raises:
        DesignError: If it is not, or is too small.
    """
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        value = value.item()
    if not is_finite(value) or value % 1 or value < least:
        raise DesignError(f"{design} has {name}={_said(value)}. Give a whole number from {least}.")
    if value > SIZE:
        raise DesignError(f"{design} has {name}={_said(value)}. Give a whole number up to {SIZE:,}.")
    return int(value)


def check_flag(design: Design, name: str) -> None:
    """Check a setting that is True or False.

    Raises:
        DesignError: If it is neither.
    """
    value = getattr(design, name)
    if value is not True and value is not False:
        raise DesignError(f"{type(design).__name__} has {name}={shortened(value)}. Give True or False.")


def _said(value: Any) -> str:
    """A number as people write it: 3 for 3.0."""
    return shortened(int(value) if isinstance(value, float) and is_finite(value) and not value % 1 else value)


def check_memory(design: Design, space: ParameterSpace, size: int | None = None) -> None:
    """Refuse a design that memory cannot hold, before anything is allocated.

    Raises:
        DesignError: If it is too large; says how many points it has and how to have fewer.
    """
    import psutil

    count = design.n_points(space) if size is None else size
    if count is None:
        return
    if count > SIZE:
        raise DesignError(
            f"{type(design).__name__} has more than {SIZE:,} points. Ask for fewer levels or points, hold some parameters "
            "fixed, or use a space-filling design such as Sobol(1024)."
        )
    needed = count * max(len(space.names), 1) * BYTES_PER_CELL
    available = int(psutil.virtual_memory().available)
    if needed > available:
        most = available // (max(len(space.names), 1) * BYTES_PER_CELL)
        raise DesignError(
            f"{type(design).__name__} has {counted(count, 'point')} of {counted(len(space.names), 'parameter')}, which "
            f"needs about {needed / 2**30:,.1f} GiB; {available / 2**30:,.1f} GiB are free. Ask for fewer levels or points "
            f"(at most about {most:,}), hold some parameters fixed, or use a space-filling design such as "
            f"Sobol({power_of_2(usual_size(len(space.varied)))})."
        )


def refuse_correlations(design: Design, space: ParameterSpace) -> None:
    """Refuse correlations for a design that combines its own values.

    Raises:
        DesignError: If the space has some.
    """
    if space.correlations:
        one, other = next(iter(space.correlations))
        raise DesignError(
            f"{type(design).__name__} does not draw parameters together, so '{one}' and '{other}' cannot be correlated. Use "
            "LatinHypercube, Sobol, Halton or MonteCarlo, or leave the correlations out."
        )


def levels_of(
    design: Design, space: ParameterSpace, levels: int | Mapping[str, int] | None, *, count_only: bool = False
) -> dict[str, Any]:
    """Return the levels of each varied parameter, or their number.

    Args:
        design: The design that asks, for messages.
        space: The parameter space.
        levels: How many to take from each range: one number for all, or one by name. What is written out (`Levels`,
            `Choice`) keeps all its values.
        count_only: Return how many there are instead, without making them.

    Raises:
        DesignError: If a range has no finite number of levels and none is asked for, or a name is unknown.
    """
    name_of_design = type(design).__name__
    refuse_correlations(design, space)
    varied = space.varied
    if isinstance(levels, Mapping):
        for name in levels:
            if name not in varied:
                raise DesignError(
                    f"{name_of_design} asks for levels of '{name}', which does not vary."
                    f"{suggest(str(name), varied)} These vary: {', '.join(varied) or 'none'}."
                )
    taken: dict[str, Any] = {}
    for name, parameter in varied.items():
        asked = levels.get(name) if isinstance(levels, Mapping) else levels
        if asked is None and parameter.count is None:
            raise DesignError(
                f"{name_of_design} needs to know how many levels to take of '{name}', which is {parameter}. "
                f"Say it for all, {name_of_design}(levels=5), or for this one, {name_of_design}(levels={{'{name}': 5}}), "
                f"or list the values: '{name}': [...]. In an experiment file: levels = 5 below [design]."
            )
        listed = isinstance(parameter, Choice | Levels)
        if isinstance(levels, Mapping) and listed and asked is not None and asked < (parameter.count or 0):
            raise DesignError(
                f"{name_of_design} asks for {asked} levels of '{name}', which has {parameter.count} values written out. "
                "Write out those you want."
            )
        try:
            if count_only and (asked is None or listed):
                taken[name] = parameter.count
            elif (
                count_only and asked is not None and asked > MANY_LEVELS
            ):  # a bound is enough, and listing them would take memory
                taken[name] = asked if parameter.count is None else min(asked, parameter.count)
            else:
                taken[name] = len(parameter.levels(asked)) if count_only else parameter.levels(asked)
        except ParameterError as error:
            raise DesignError(f"{name_of_design}: '{name}': {error}") from None
    return taken
