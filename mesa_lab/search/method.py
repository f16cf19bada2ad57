"""What a method of searching is: asked again and again what to run next, from what is known.

A method is a frozen dataclass whose fields are its settings. It keeps nothing between two questions: all it needs is in the
`History`, which is made anew from the study, so that a search that was killed goes on as if it had not been.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mesa_lab.errors import ExperimentError, suggest
from mesa_lab.formatting import listing
from mesa_lab.search.sameness import all_the_same

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.search.history import History

__all__ = ["Answer", "Ask", "Done", "Method", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """Some runs of one point.

    Args:
        values: The values of the varied parameters, of the parameters' own types. A point that was asked for before gets
            further replications.
        point: The number of a point that was asked for before, in place of `values`.
        replications: How many runs.
        first: The number of the first replication; None for the next one that the point does not have.
    """

    values: Mapping[str, Any] | None = None
    point: int | None = None
    replications: int = 1
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A batch that a method asks for.

    Args:
        requests: What to run. None at all means to wait for the runs under way.
        why: What it wants to know, in words.
        notes: What it wants to remember about the batch, as plain data.
    """

    requests: Sequence[Request] = ()
    why: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """A method asks for nothing more.

    Args:
        reason: Why, as a sentence.
    """

    reason: str


type Answer = Ask | Done


class Method(ABC):
    """How a search decides what to run next.

    Attributes:
        name: What it is called in files, such as "until precise".
        needs_budget: Whether it does not end by itself.
        chooses_points: Whether it finds its points itself, in the ranges of the parameters; else those of the design are used.
        needs_later: Modules that it imports when the first results are there; they are imported while these come.
    """

    name: ClassVar[str]
    needs_budget: ClassVar[bool] = False
    chooses_points: ClassVar[bool] = True
    needs_later: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that it looks at."""

    @property
    def readings(self) -> Mapping[str, tuple[str, int]]:
        """What it looks at in the course of runs, by the name that it has in the history: an outcome, and after which step."""
        return {}

    @abstractmethod
    def ask(self, history: History) -> Answer:
        """Say what to run next. The same history always gives the same answer.

        Args:
            history: What was asked for, and what is known.
        """

    def check(self, experiment: Experiment) -> None:  # noqa: B027 - most have nothing to refuse
        """Refuse an experiment that it cannot search.

        Args:
            experiment: The experiment.

        Raises:
            MesaLabError: If it cannot; says why and what to do.
        """

    @property
    def described(self) -> str:
        """What it does, in a few words."""
        return self.name

    def to_plain(self) -> dict[str, Any]:
        """Return the settings that differ from their defaults, as plain data."""
        plain = {}
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            default = each.default if each.default_factory is MISSING else each.default_factory()
            if value is not None and (default is MISSING or value != default):
                plain[each.name] = _plain(value)
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Make the method from plain settings.

        Raises:
            ExperimentError: If a setting is unknown or missing.
        """
        known = {each.name: each for each in fields(cls)}  # type: ignore[arg-type]
        for name in plain:
            if name not in known:
                raise ExperimentError(
                    f"The method '{cls.name}' has no setting '{name}'.{suggest(name, known)} It has: {listing(list(known))}."
                )
        for name, each in known.items():
            if name not in plain and each.default is MISSING and each.default_factory is MISSING:
                raise ExperimentError(f"The method '{cls.name}' needs the setting '{name}'.")
        return cls(**plain)

    def require(self) -> None:  # noqa: B027 - most need nothing
        """See that what it needs is installed here; asked before anything runs.

        Raises:
            ExperimentError: If it is not; says what to install.
        """

    def sameness(self, history: History) -> str:
        """Say that what it looks at is the same in all runs, as a clause with what follows from it; empty while something differs.

        Such as "'loss' is 1 in all 60 runs of 20 settings: no setting is better than another". A method that chooses its points is asked no
        more once this is so for fifty settings.
        """
        return ""

    def beside_the_end(self, history: History) -> str:
        """Return a clause to be said beside why the search has ended: one of several outcomes that is the same in all runs; or nothing."""
        named = [name for name in (*self.outcomes, *self.readings) if name in history.values]
        return self.sameness(history) or next(
            filter(None, (all_the_same(history, [name]) for name in named)), ""
        )

    def headline(self, history: History) -> str:
        """What to show beside the progress, such as the best so far; empty for nothing."""
        return ""


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
