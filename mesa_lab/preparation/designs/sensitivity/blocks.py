"""What designs in blocks have in common: all points of a block are needed, and parameters are drawn independently."""

from typing import Any

from mesa_lab.errors import DesignError
from mesa_lab.preparation.designs.design import Design
from mesa_lab.preparation.parameters.space import ParameterSpace

__all__ = ["check_space", "problem"]


def check_space(design: Design, space: ParameterSpace) -> None:
    """Refuse a space on which the points of a design do not keep together.

    Raises:
        DesignError: If nothing varies, or there are constraints or correlations.
    """
    name = type(design).__name__
    if not space.varied:
        raise DesignError(
            f"{name} has nothing to vary: all parameters are held fixed. "
            "Give at least one a range, or use FullFactorial() for the one point there is."
        )
    if space.constraints:
        raise DesignError(
            f"{name} needs all points of a block, but the constraint '{space.constraints[0]}' would drop some. Use Sobol(256), "
            "from whose points sensitivities can be estimated too, or make what is constrained a parameter of its own, such as "
            "the ratio of the two."
        )


def problem(dimensions: int) -> dict[str, Any]:
    """Return the unit cube as SALib describes it; parameter names never reach it."""
    names = [f"x{place}" for place in range(dimensions)]
    return {"num_vars": dimensions, "names": names, "bounds": [[0.0, 1.0]] * dimensions}
