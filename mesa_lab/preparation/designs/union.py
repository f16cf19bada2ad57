"""Designs made of designs: a part of the space, several parts together, and what can be taken for a design."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

import numpy as np

from mesa_lab.errors import DesignError, MesaLabError, suggest
from mesa_lab.preparation.designs.design import Design, check_memory
from mesa_lab.preparation.designs.duplicate_points import merged
from mesa_lab.preparation.designs.factorial import FullFactorial
from mesa_lab.preparation.designs.function import FunctionDesign
from mesa_lab.preparation.designs.names import EXAMPLES, meant
from mesa_lab.preparation.designs.table import Table
from mesa_lab.preparation.limits import DESIGN_DEPTH, shortened
from mesa_lab.preparation.parameters.space import Parameter, ParameterSpace, column, table
from mesa_lab.preparation.parameters.value_keys import frozen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Part", "Union", "as_design"]


@dataclass(frozen=True, eq=False)
class Part(Design):
    """A design on a part of the space, while the other parameters keep one value: a member of a Union.

    Args:
        design: The design for the parameters that vary here.
        fixed: Values by name that hold in this part; they can also replace values held fixed in the whole space.
        vary: The names of those that vary here; those left out stay at their middle value. None for all not in `fixed`.

    Raises:
        DesignError: If something else than a design is given.

    Example:
        >>> from mesa_lab import Choice, FullFactorial, ParameterSpace
        >>> space = ParameterSpace({"grass": Choice([True, False]), "sheep": [50, 100]})
        >>> Part(FullFactorial(), fixed={"grass": False}).points(space, seed=0).values.tolist()
        [[False, 50], [False, 100]]
    """

    design: Design = field(metadata={"help": "The design for the parameters that vary in this part."})
    fixed: Mapping[str, Any] = field(
        default_factory=dict, metadata={"help": "Values that hold in this part, by name."}
    )
    vary: Sequence[str] | None = field(
        default=None,
        metadata={"help": "The parameters that vary in this part; the others stay at their middle value."},
    )

    def __post_init__(self) -> None:
        settle = object.__setattr__
        settle(self, "design", as_design(self.design))
        settle(self, "_depth", _depth_with(self.design))
        if not isinstance(self.fixed, Mapping):
            raise DesignError(f"Part has fixed={self.fixed!r}. Give values by name: fixed={{'name': value}}.")
        settle(self, "fixed", frozen(self.fixed))
        for name, value in self.fixed.items():
            if isinstance(value, Parameter):
                raise DesignError(
                    f"Part holds '{name}' fixed at {value}, which is a range. Give one value, or restrict the parameter "
                    "in a union of its own."
                )
        if self.vary is not None:
            if not isinstance(self.vary, Iterable):
                raise DesignError(
                    f"Part has vary={shortened(self.vary)}. Name the parameters that vary: vary=['name']."
                )
            settle(self, "vary", (self.vary,) if isinstance(self.vary, str) else tuple(self.vary))

    @property
    @override
    def depth(self) -> int:
        return int(getattr(self, "_depth", 1))

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        check_memory(self, space)
        restricted, held = self._restrict(space)
        if self.design.in_blocks and space.constraints:
            restricted = ParameterSpace(
                restricted.parameters, space.constraints
            )  # which the design refuses, as it should
        inner = self.design.points(restricted, seed)
        columns = {
            name: column([held[name]] * len(inner))
            if name in held and name not in inner
            else inner[name].to_numpy()
            for name in _order(space, [*inner.columns, *held])
        }
        points = table(columns, len(inner))
        points.attrs.update(inner.attrs)
        return points

    @override
    def n_points(self, space: ParameterSpace) -> int | None:
        return self.design.n_points(self._restrict(space)[0])

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        return self.design.advice(self._restrict(space)[0])

    def _restrict(self, space: ParameterSpace) -> tuple[ParameterSpace, dict[str, Any]]:
        """The space in which the inner design works, and the values that this part adds as columns."""
        for name in (*self.fixed, *(self.vary or ())):
            if name not in space.parameters:
                raise DesignError(
                    f"A part of the design names '{name}', which is not among the parameters"
                    f" ({', '.join(space.names) or 'there are none'}).{suggest(str(name), space.names)}"
                )
        held = {name: _typed(space, name, value) for name, value in self.fixed.items()}
        if self.vary is not None:
            for name in self.vary:
                if name in held or name not in space.varied:
                    raise DesignError(
                        f"A part of the design is to vary '{name}', which is held fixed. Leave it out."
                    )
            held |= {
                name: value
                for name, value in space.base.items()
                if name not in held and name not in self.vary
            }
        return space.holding(held), held


@dataclass(frozen=True, eq=False)
class Union(Design):
    """Several designs one after the other: a factorial here, a closer look there, a base case for all.

    A point that several members hold is kept once, and the number of those left out is reported. Each member draws from
    a seed of its own, so adding a member at the end keeps the points of the others.

    Args:
        designs: The members; wrap one in `Part` to give it fixed values or fewer parameters of its own.

    Raises:
        DesignError: If there are none, or one is no design.

    Example:
        >>> from mesa_lab import Choice, FullFactorial, ParameterSpace
        >>> space = ParameterSpace({"grass": Choice([True, False]), "sheep": [50, 100, 200]})
        >>> both = Union([Part(FullFactorial(), fixed={"grass": True}), Part(FullFactorial(), fixed={"sheep": 50})])
        >>> len(both.points(space, seed=0))
        4
    """

    designs: Sequence[Design] = field(metadata={"help": "The designs to put together."})

    def __post_init__(self) -> None:
        if isinstance(self.designs, Design) or not isinstance(self.designs, Sequence):
            raise DesignError(f"Union is given {self.designs!r}. Give a list of designs.")
        if not self.designs:
            raise DesignError("Union has no designs. Give a list of at least one.")
        object.__setattr__(self, "designs", tuple(as_design(design) for design in self.designs))
        object.__setattr__(self, "_depth", _depth_with(*self.designs))

    @property
    @override
    def depth(self) -> int:
        return int(getattr(self, "_depth", 1))

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        check_memory(self, space)
        parts = []
        for place, design in enumerate(self.designs):
            own = (
                seed
                if place == 0
                else int(np.random.SeedSequence([seed, place]).generate_state(1, np.uint64)[0])
            )
            parts.append(design.points(space, own))
        names = _order(space, [name for part in parts for name in part.columns])
        columns = {name: _stacked(name, parts, space) for name in names}
        points = merged(table(columns, sum(len(part) for part in parts)))
        points.attrs["merged"] += sum(part.attrs.get("merged", 0) for part in parts)
        return points

    @override
    def n_points(self, space: ParameterSpace) -> int | None:
        sizes = [design.n_points(space) for design in self.designs]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @override
    def advice(self, space: ParameterSpace) -> tuple[str, ...]:
        return tuple(dict.fromkeys(sentence for design in self.designs for sentence in design.advice(space)))


def _depth_with(*designs: Any) -> int:
    """How deep a design is that holds these.

    Raises:
        DesignError: If that is too deep.
    """
    depth = 1 + max(getattr(design, "depth", 1) for design in designs)
    if depth > DESIGN_DEPTH:
        raise DesignError(f"More than {DESIGN_DEPTH} designs lie within each other. List them in one Union.")
    return depth


def _stacked(name: str, parts: list["pd.DataFrame"], space: ParameterSpace) -> Any:
    """One column over all members; a member that says nothing of a fixed parameter has its fixed value."""
    values: list[Any] = []
    for part in parts:
        if name in part:
            values += part[name].tolist()
        elif name in space.fixed:
            values += [space.fixed[name]] * len(part)
        else:
            raise DesignError(
                f"Some members of the union have a value for '{name}' and others have none. "
                f"Give '{name}' a value among the parameters, which holds where a member says nothing."
            )
    return column(values)


def _order(space: ParameterSpace, names: list[str]) -> list[str]:
    """The names that vary first, in the space's order, then any others as they come."""
    given = dict.fromkeys(names)
    return [
        *(name for name in space.varied if name in given),
        *(name for name in given if name not in space.varied),
    ]


def _typed(space: ParameterSpace, name: str, value: Any) -> Any:
    if name not in space.varied:
        return value
    try:
        return space.varied[name].parse(value)
    except MesaLabError as error:
        raise DesignError(f"A part of the design holds '{name}' at {value!r}: {error}.") from None


def as_design(source: Any) -> Design:
    """Return a design from whatever can be taken for one.

    Args:
        source: A design; None for a full factorial; a DataFrame, list of dicts, dict of columns or CSV path for a
            `Table`; a list of designs for a `Union`; a function of (space, seed).

    Raises:
        DesignError: If it is none of these.

    Example:
        >>> as_design([{"n": 1}, {"n": 2}]).names
        ('n',)
    """
    if source is None:
        return FullFactorial()
    if isinstance(source, type) and hasattr(source, "points"):
        raise DesignError(f"The design is the class {source.__name__}. Call it: {source.__name__}(...).")
    if isinstance(source, Design) or (hasattr(source, "points") and not isinstance(source, Mapping)):
        return source
    if isinstance(source, list | tuple) and source and all(isinstance(each, Design) for each in source):
        return Union(source)
    if callable(source):
        return FunctionDesign(source)
    if isinstance(source, str) and not _may_be_file(source):
        name = meant(source, _names(Design)) if source.strip() else "LatinHypercube"
        if name is None:
            raise DesignError(
                f"The design is the text {source!r}. Give a design, such as {', '.join(EXAMPLES.values())}, or the path "
                "of a table."
            )
        raise DesignError(
            f"The design is the text {source!r}. Make one: mesa_lab.{EXAMPLES.get(name, f'{name}(...)')}."
        )
    if isinstance(source, int | float) and not isinstance(source, bool):
        raise DesignError(
            f"The design is the number {source}. Say how that many points are chosen: LatinHypercube({source})."
        )
    return Table(source)


def _may_be_file(text: str) -> bool:
    """Whether a text may be the path of a table: it has an ending or a folder, or is there."""
    path = Path(text)
    return bool(text.strip()) and (bool(path.suffix) or len(path.parts) > 1 or path.exists())


def _names(kind: type) -> list[str]:
    """The names of all designs of a kind: those that are loaded, since the list of designs is made of these and knows them."""
    own = [] if inspect.isabstract(kind) else [kind.__name__]
    below: list[type] = kind.__subclasses__()
    return own + [name for each in below for name in _names(each)]
