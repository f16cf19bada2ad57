"""What an engine is: asked for new points, given what is known of the old ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ExperimentError

if TYPE_CHECKING:
    import numpy.typing as npt

    from mesa_lab.preparation.parameters.space import ParameterSpace
    from mesa_lab.search.history import Floats, History

__all__ = ["Engine", "Trials", "missing_library"]


@dataclass(frozen=True, eq=False)
class Trials:
    """What is known of the points of an optimisation, in the order in which they were asked for.

    Attributes:
        history: The search.
        points: The numbers of the points, those under way included.
        losses: For each of them and each goal what is to be small; NaN where nothing is known yet, or every run failed.
        noise: The variance of each loss; NaN where it is not known.
        known: Which of them have ended: a point that is known and has no loss failed.
        violation: By how much each misses the conditions on outcomes; 0 where it keeps them, NaN where nothing is known.
    """

    history: History
    points: npt.NDArray[Any]
    losses: Floats
    noise: Floats
    known: npt.NDArray[Any]
    violation: Floats

    @property
    def n_goals(self) -> int:
        """How many outcomes are optimised."""
        return int(self.losses.shape[1])


@dataclass(frozen=True)
class Engine:
    """Where new points come from.

    Attributes:
        name: What it is called in files.
        propose: `propose(trials, n, rng)` returns up to n new points as rows of values; none twice, none that breaks a constraint.
        several: Whether it takes several goals at once.
        check: Refuses a space that it cannot search, with a sentence that says what can.
        source: The paper or manual.
        needs: The module that it imports, and what its library is called; None for none.
        imports: What is imported when it is first asked.
    """

    name: str
    propose: Callable[[Trials, int, Any], Sequence[Mapping[str, Any]]]
    several: bool = True
    check: Callable[[ParameterSpace], None] = lambda space: None
    source: str = ""
    needs: tuple[str, str] | None = None
    imports: tuple[str, ...] = ()


def missing_library(library: str, engine: str, error: Exception | None = None) -> ExperimentError:
    """Return the error for an engine whose library is not installed."""
    why = "" if error is None else f" ({error})"
    return ExperimentError(
        f"The engine '{engine}' needs {library}, which is not installed{why}. Install it: pip install 'mesa-lab[search]'. "
        "Or use engine='random', which needs nothing."
    )
