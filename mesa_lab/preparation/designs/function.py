"""Designs made by a function."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

from mesa_lab.errors import DesignError, MesaLabError, suggest
from mesa_lab.preparation.code_permission import CodeReference, parse_reference
from mesa_lab.preparation.designs.design import Design, check_memory
from mesa_lab.preparation.designs.table import Table, fit
from mesa_lab.preparation.parameters.space import ParameterSpace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FunctionDesign"]


@dataclass(frozen=True, eq=False)
class FunctionDesign(Design):
    """Points from a function of your own: for a design that is not in the list.

    The function takes the parameter space and a seed, and returns points as `Table` takes them: a DataFrame, a list of
    dicts or a dict of columns. `space.from_unit` turns points of the unit cube into such a DataFrame.

    Args:
        function: The function, or where to find it: `"package.module:function"` or `"path/file.py:function"`. It is
            looked up when the points are asked for, not before.

    Raises:
        DesignError: If it is neither.

    Example:
        >>> import numpy as np
        >>> from mesa_lab import Integer, ParameterSpace
        >>> def corners(space, seed):
        ...     return space.from_unit(np.array([[0.0], [1.0]]))
        >>> FunctionDesign(corners).points(ParameterSpace({"n": Integer(1, 9)}), seed=0)["n"].tolist()
        [1, 9]
    """

    function: Callable[..., Any] | str = field(
        metadata={"help": "Where to find the function: package.module:function or path/file.py:function."}
    )

    def __post_init__(self) -> None:
        if isinstance(self.function, str):
            named = parse_reference(self.function, "function")
            if not (named.place and named.name):
                raise DesignError(
                    f"FunctionDesign is given {self.function!r}. Write 'package.module:function' or 'path/file.py:function'."
                )
        elif not callable(self.function):
            raise DesignError(f"FunctionDesign is given {self.function!r}. Give a function of (space, seed).")

    @property
    @override
    def named_code(self) -> tuple[CodeReference, ...]:
        return (parse_reference(self.function, "function"),) if isinstance(self.function, str) else ()

    @override
    def points(self, space: ParameterSpace, seed: int) -> "pd.DataFrame":
        function = _find(self.function) if isinstance(self.function, str) else self.function
        name = getattr(function, "__name__", type(function).__name__)
        try:
            returned = function(space, seed)
        except MesaLabError:
            raise
        except Exception as error:
            raise DesignError(
                f"The design function '{name}' raised {type(error).__name__}: {error}. It is called as {name}(space, seed)."
            ) from error
        if returned is None or isinstance(returned, str | Path):
            raise DesignError(
                f"The design function '{name}' returned {returned!r}. Return a DataFrame with one row per point."
            )
        try:
            points = Table(returned)
            check_memory(self, space, points.n_points(space))
            return fit(points.data, space, "The table")
        except DesignError as error:
            raise DesignError(
                f"The design function '{name}' returned something else than points. {error}"
            ) from None

    @override
    def n_points(self, space: ParameterSpace) -> int | None:
        return None


def _find(reference: str) -> Callable[..., Any]:
    from mesa_lab.preparation.models import import_code

    named = parse_reference(reference, "function")
    try:
        module = import_code(named)
    except MesaLabError:
        raise
    except FileNotFoundError:
        raise DesignError(f"There is no file '{named.place}' for the design function.") from None
    except Exception as error:
        raise DesignError(
            f"The design function '{reference}' cannot be found: {type(error).__name__}: {error}."
        ) from error
    function = getattr(module, named.name, None)
    if not callable(function):
        known = [each for each, value in vars(module).items() if callable(value) and not each.startswith("_")]
        raise DesignError(
            f"'{named.place}' has no function '{named.name}' for the design.{suggest(named.name, known)}"
        )
    return function  # type: ignore[no-any-return]
