"""Parameters and the space they span: which values each may take, and how a design reaches them.

A parameter answers two questions. `from_unit` turns numbers in [0, 1] into its values, for designs
that fill the unit cube; `levels` lists values, for designs that combine levels. Designs know nothing
else about types, logarithms or distributions, and nothing here knows a model or a design.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mesa_lab.errors import ExperimentError, ParameterError, suggest
from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.limits import NAME_CHARACTERS, shortened
from mesa_lab.preparation.parameters import Choice, Integer, Levels, Parameter, Real, from_distribution
from mesa_lab.preparation.parameters.correlations import correlated, independent, read_correlations
from mesa_lab.preparation.parameters.value_keys import ByValue, FrozenDict

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Choice",
    "Integer",
    "Levels",
    "Parameter",
    "ParameterSpace",
    "Real",
    "column",
    "from_distribution",
    "listed",
    "table",
]


@dataclass(frozen=True, eq=False)
class ParameterSpace(ByValue):
    """All parameters of an experiment: those that vary, those held fixed, and what must hold between them.

    Args:
        parameters: By name: a `Real`, `Integer`, `Choice` or `Levels` varies; a list, range or array means `Levels`;
            a frozen distribution of scipy.stats is drawn from; any other value is held fixed.
        constraints: Expressions between parameters (`"initial_wolves < initial_sheep"`).
        correlations: Rank correlations (Spearman's) between parameters, `{("sheep", "wolves"): 0.6}` or
            `{"sheep": {"wolves": 0.6}}`; None for none.

    Raises:
        ParameterError: If a name or a value is wrong, or the correlations contradict each other.
        ExperimentError: If a constraint does not parse, or names no parameter.

    Example:
        >>> space = ParameterSpace({"n": Integer(1, 3), "torus": True}, ["n != 2"])
        >>> list(space.varied), space.fixed
        (['n'], {'torus': True})
    """

    parameters: Mapping[str, Any] = field(metadata={"help": "What varies and what is held fixed, by name."})
    constraints: Sequence[str] = field(default=(), metadata={"help": "What must hold between parameters."})
    correlations: Mapping[Any, Any] | None = field(
        default=None, metadata={"help": "Rank correlations between parameters, by pair."}
    )

    def __post_init__(self) -> None:
        if not isinstance(self.parameters, Mapping):
            raise ParameterError(
                f"parameters is {self.parameters!r}. Give a mapping from name to range or value."
            )
        read = {name: _read(name, value) for name, value in self.parameters.items()}
        constraints = listed(self.constraints)
        object.__setattr__(self, "parameters", FrozenDict(read))
        object.__setattr__(self, "constraints", constraints)
        for text in constraints:
            for name in compile_expression(text).names:
                if name not in read:
                    raise ExperimentError(
                        f"The constraint '{text}' speaks of '{name}', which is not among the parameters"
                        f" ({', '.join(read) or 'there are none'}).{suggest(name, read)}"
                        " To use a value that is not varied, hold it fixed: give it a plain value."
                    )

        object.__setattr__(self, "correlations", read_correlations(self.correlations, self.varied, read))

    @cached_property
    def varied(self) -> dict[str, Parameter]:
        """The parameters that vary, by name."""
        return FrozenDict(
            {name: value for name, value in self.parameters.items() if isinstance(value, Parameter)}
        )

    @cached_property
    def fixed(self) -> dict[str, Any]:
        """The values held fixed, by name."""
        return FrozenDict(
            {name: value for name, value in self.parameters.items() if not isinstance(value, Parameter)}
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all parameters, in order."""
        return tuple(self.parameters)

    @property
    def base(self) -> dict[str, Any]:
        """The middle value of each parameter that varies: the base case where none is given."""
        return {name: parameter.base for name, parameter in self.varied.items()}

    def holding(self, values: Mapping[str, Any]) -> "ParameterSpace":
        """Return this space with some parameters held at the given values, and without its constraints."""
        assert self.correlations is not None
        kept = {pair: value for pair, value in self.correlations.items() if not {*pair} & {*values}}
        return ParameterSpace({**self.parameters, **values}, correlations=kept)

    def from_unit(self, unit: Any) -> "pd.DataFrame":
        """Turn points of the unit cube into design points.

        Args:
            unit: An array of shape (points, varied parameters) with numbers in [0, 1].

        Returns:
            One row per point and one column per varied parameter, of the parameter's own type.
        """
        cube = np.asarray(unit, dtype=float)
        varied = self.varied
        if cube.ndim != 2 or cube.shape[1] != len(varied):
            raise ParameterError(
                f"The unit cube has the shape {cube.shape}, but {len(varied)} parameters vary: "
                "give one row per point and one column per varied parameter."
            )
        if self.correlations:
            cube = correlated(cube, tuple(varied), self.correlations)
        columns = {
            name: parameter.from_unit(cube[:, i]) for i, (name, parameter) in enumerate(varied.items())
        }
        return table(columns, len(cube))

    def to_unit(self, points: "pd.DataFrame") -> np.ndarray[Any, np.dtype[np.float64]]:
        """Turn design points into points of the unit cube: the way back from `from_unit`, for measuring a design.

        Returns:
            An array of shape (points, varied parameters); values outside of a range lie on its edge.
        """
        varied = self.varied
        cube = np.empty((len(points), len(varied)))
        for i, (name, parameter) in enumerate(varied.items()):
            cube[:, i] = parameter.to_unit(points[name])
        return independent(cube, tuple(varied), self.correlations) if self.correlations else cube

    def allowed(self, points: "pd.DataFrame") -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Say which design points keep all constraints.

        Raises:
            ExperimentError: If a constraint cannot be evaluated, or is neither true nor false.
        """
        keep = np.ones(len(points), dtype=bool)
        for text in self.constraints:
            expression = compile_expression(text)
            values: dict[str, Any] = {}
            for name in expression.names:
                values[name] = points[name].to_numpy() if name in points else self.fixed[name]
            holds = expression.evaluate(values)
            if not isinstance(holds, bool | np.bool_) and getattr(holds, "dtype", None) != np.bool_:
                example = holds[0] if isinstance(holds, np.ndarray) and len(holds) else holds
                raise ExperimentError(
                    f"The constraint '{text}' gives {shortened(example)}, which is neither true nor false. "
                    "Compare it with something, as in 'a + b <= 1'."
                )
            keep &= holds
        return keep


def listed(constraints: Any) -> tuple[str, ...]:
    """Return constraints, given as one text or several, as a tuple.

    Raises:
        ExperimentError: If they are neither.
    """
    if constraints is None:
        return ()
    if isinstance(constraints, str):
        return (constraints,)
    if isinstance(constraints, Iterable) and not isinstance(constraints, Mapping):
        return tuple(constraints)
    raise ExperimentError(
        f"constraints is {constraints!r:.80}. Give expressions between parameters, such as ['wolves < sheep']."
    )


def table(columns: Mapping[str, Any], rows: int) -> "pd.DataFrame":
    """Return columns as a table that keeps the types of their values.

    Args:
        columns: Values by name, as many as there are rows.
        rows: How many rows there are, also when there are no columns.
    """
    import pandas as pd

    index = pd.RangeIndex(rows)
    return pd.DataFrame(
        # Without the dtype pandas would make text of a column of text and None, and NaN of None.
        {
            name: pd.Series(kept := column(values), index, dtype=kept.dtype)
            for name, values in columns.items()
        },
        index=index,
    )


def column(values: Any) -> Any:
    """Return values as a column that keeps their types: no 1 becomes 1.0, no None becomes NaN.

    Returns:
        A numpy array of int64, float64 or bool, or of objects where that would change a value.
    """
    if isinstance(values, np.ndarray):
        return values
    listed = list(values)
    kinds = {type(value) for value in listed}
    if len(kinds) == 1 and (kind := kinds.pop()) in (bool, int, float):
        try:
            return np.array(listed, dtype={bool: np.bool_, int: np.int64, float: np.float64}[kind])
        except OverflowError:
            pass
    objects = np.empty(len(listed), dtype=object)
    for i, value in enumerate(listed):
        objects[i] = value
    return objects


def _read(name: Any, value: Any) -> Any:
    if not isinstance(name, str) or not name.strip():
        raise ParameterError(
            f"A parameter is called {shortened(name)}. Give the name of a parameter of the model, as text."
        )
    if len(name) > NAME_CHARACTERS:
        raise ParameterError(
            f"The parameter {shortened(name)} has a name of {len(name):,} characters; at most {NAME_CHARACTERS:,} are read."
        )
    if isinstance(value, type) and issubclass(value, Parameter):
        raise ParameterError(
            f"Parameter '{name}' is the class {value.__name__}. Give its range: {value.example}."
        )
    if isinstance(value, Iterator):
        raise ParameterError(
            f"Parameter '{name}' is {value!r:.60}, which gives its values only once. Make a list of it: list(...)."
        )
    try:
        if isinstance(value, list | range) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1):
            return Levels(value)
        if type(value).__module__.startswith("scipy.stats"):
            return from_distribution(value)
    except ParameterError as error:
        raise ParameterError(f"Parameter '{name}': {error}") from None
    return value
