"""Whom the app serves, and what it may therefore show and run.

Started for local use the app is one person's: it may open Python files and shows every study in its
folder. Started for others it offers the listed models only, and each browser sees its own studies.
The server decides once; pages ask `access()` and never look at hosts or settings themselves. In a
notebook nobody decides, and the default is right: the person at the keyboard runs code anyway.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ModelError

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["Access", "access", "check", "code_of", "grant", "visitor"]


@dataclass(frozen=True)
class Access:
    """What this process may show and run.

    Attributes:
        local: Whether the app is one person's, on the machine it runs on.
        studies: The folder that holds the studies.
        models: References of models to offer beside the bundled ones (local) or instead of them.
    """

    local: bool = True
    studies: Path = field(default_factory=Path.cwd)
    models: tuple[str, ...] = ()

    def folder(self, visitor: str) -> Path:
        """Return the folder with the studies of one visitor; in a local app everything is one person's."""
        return self.studies if self.local else self.studies / "visitors" / visitor


_granted: Access | None = None


def access() -> Access:
    """Return what this process may show and run."""
    return _granted or Access()


def grant(granted: Access | None) -> None:
    """Decide what this process may show and run; None returns to the default."""
    global _granted
    _granted = granted


def visitor() -> str:
    """Return a name for whoever looks at this page: the same after a reload, another one in another browser.

    It is a digest of the browser's session. The session itself opens the door to all that is the visitor's, so it is
    written nowhere.

    Raises:
        ModelError: If there is no session, in an app for others.
    """
    if access().local:
        return ""
    import solara

    try:
        session = solara.get_session_id()
    except RuntimeError:
        session = None
    if not session:
        raise ModelError(
            "This browser has no session. Allow cookies for this site, then load the page again."
        )
    return hashlib.sha256(f"mesa-lab visitor {session}".encode()).hexdigest()[:32]


def check(experiment: Experiment) -> None:
    """Refuse an experiment that would run code which this app does not offer.

    This is the last gate: nothing runs that has not passed it, whatever pages let through.

    Raises:
        ModelError: In an app for others, if the experiment names another model than the listed ones, or a function.
    """
    granted = access()
    if granted.local:
        return
    for reference in code_of(experiment):
        if reference not in granted.models:
            listed = ", ".join(granted.models) or "none"
            raise ModelError(f"'{reference}' is not offered here. These models are: {listed}.")


def code_of(experiment: Experiment) -> list[str]:
    """Return what an experiment would load and run: its model first, then any functions that it names.

    Example:
        >>> import mesa_lab as ml
        >>> code_of(ml.Experiment("mesa.examples:Schelling", {"density": 0.8}, outcomes=["happy", "os:getcwd"]))
        ['mesa.examples:Schelling', 'os:getcwd']
    """
    from mesa_lab.preparation.models import reference_of
    from mesa_lab.preparation.outcomes import Outcome

    functions = [
        outcome for outcome in experiment.protocol.outcomes or () if not isinstance(outcome.source, str)
    ]
    functions += [outcome for outcome in experiment.protocol.outcomes or () if outcome.is_reference]
    stop_when = experiment.stop_when
    if (
        stop_when is not None
        and (rule := Outcome("stop_when", stop_when))
        and (callable(stop_when) or rule.is_reference)
    ):
        functions.append(rule)
    texts = [outcome.text for outcome in functions] + [
        _text(found) for found in _functions(experiment.design)
    ]
    return list(dict.fromkeys([reference_of(experiment.model), *texts]))


def _functions(design: Any) -> Iterator[Any]:
    """Every function that a design, or a design within it, would call."""
    inner = getattr(design, "function", None)
    if inner is not None:
        yield inner
    for part in getattr(design, "designs", ()):
        yield from _functions(getattr(part, "design", part))


def _text(function: Any) -> str:
    return function if isinstance(function, str) else f"{function.__module__}:{function.__qualname__}"
