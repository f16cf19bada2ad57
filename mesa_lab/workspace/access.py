"""Whom the app serves, and what it may therefore show, load and run.

Started for local use the app is one person's: it may open Python files and shows every study in its folder. Code that a
link, a file or a study names is loaded once that person has agreed to it. Started for others it offers the listed models
only, and each browser sees its own studies. The server decides once, and from then on the whole process loads nothing
else (`preparation.code_permission`); pages ask here and never look at hosts or settings themselves. In a notebook
`grant` is not called, and the default is right: its code runs as its user anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ModelError
from mesa_lab.preparation.code_permission import (
    EVERYTHING,
    CodeReference,
    Permission,
    elsewhere_of,
    parse_reference,
    set_default,
)

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelEntry

__all__ = [
    "AGREED",
    "Access",
    "access",
    "agree",
    "check",
    "code_of",
    "grant",
    "installed",
    "is_allowed",
]


@dataclass(frozen=True)
class Access:
    """What this process may show and run.

    Attributes:
        local: Whether the app is one person's, on the machine it runs on.
        studies: The folder that holds the studies.
        models: References of the models to offer, and no others; empty in a local app for all that are installed.
        uses_own: In a class whose students may bring code of their own, returns whether the one at hand may use some of it; it
            runs in confined processes alone.
        member_of: In a class, returns whose a browser's session is: the name of a student's folder, "" for the teacher, who
            has the studies in the folder itself. Elsewhere each session is a visitor of its own.
    """

    local: bool = True
    studies: Path = field(default_factory=Path.cwd)
    models: tuple[str, ...] = ()
    member_of: Callable[[str], str] | None = None
    uses_own: Callable[[CodeReference], bool] | None = None

    @property
    def opens_code(self) -> bool:
        """Whether the user may agree to load other code than what is offered: on their own machine, where no models are listed."""
        return self.local and not self.models

    def folder(self, visitor: str) -> Path:
        """Return the folder with the studies of one visitor; in a local app everything is one person's."""
        return self.studies if self.local or not visitor else self.studies / "visitors" / visitor


_granted: Access | None = None
_agreed: set[tuple[str, str]] = set()
"""Identities of the code that the user of a local app agreed to load; gone when the app ends."""


def access() -> Access:
    """Return what this process may show and run."""
    return _granted or Access()


def grant(granted: Access | None) -> None:
    """Decide what this process may show, load and run; None returns to the default, which permits everything."""
    global _granted
    _granted = granted
    set_default(EVERYTHING if granted is None else AGREED)


# ---------------------------------------------------------------- code


@cache
def installed() -> tuple[ModelEntry, ...]:
    """Return the models of Mesa's examples and of other installed packages, looked up once."""
    from mesa_lab.preparation.models import installed_models

    return tuple(installed_models())


def is_allowed(reference: CodeReference) -> bool:
    """Tell whether some code may be loaded without a question."""
    granted = access()
    if not granted.local:
        # No file unless the operator listed it, letter by letter; no function, whatever it is called.
        if reference.role == "model" and elsewhere_of(reference.text) is not None:
            return granted.uses_own is not None and granted.uses_own(reference)
        return reference.role == "model" and reference.text in granted.models
    place, _ = identity = reference.identity
    if granted.opens_code and (identity in _agreed or (place, "") in _agreed):
        return True
    offered = granted.models or [entry.reference for entry in installed()]
    return reference.role == "model" and any(
        identity == parse_reference(each).identity for each in offered if _may_be(each, reference)
    )


def _may_be(offered: str, reference: CodeReference) -> bool:
    """Spare the file system a look where names differ anyway."""
    return offered.rpartition(":")[2] == reference.name or not reference.name


def agree(reference: CodeReference) -> None:
    """Note that the user of a local app agreed to load some code. In an app for others, or for listed models, nobody can agree."""
    if access().opens_code:
        _agreed.add(reference.identity)


def _why_not_code(reference: CodeReference) -> str:
    if is_allowed(reference):
        return ""
    granted = access()
    if granted.opens_code:
        return f"'{reference.text}' is Python code that you have not agreed to run yet. Open it on the page that names it."
    return f"'{reference.text}' is not offered here. These models are: {', '.join(granted.models) or 'none'}."


def _why_not_file(path: Path) -> str:
    return f"'{path}' is a file on the machine of the app, which is not read here. Upload its points as a table instead."


AGREED: Final = Permission(code=_why_not_code, file=_why_not_file)
"""What the pages load: offered models, and what the user of a local app agreed to. No files by their paths."""


def check(experiment: Experiment) -> None:
    """Let an experiment run, as its user asked for by starting it, or refuse what this app does not offer.

    In a local app the start is the agreement to all code that the experiment names.

    Raises:
        ModelError: In an app for others, or for listed models, if the experiment names another model than the listed ones, or a function.
    """
    granted = access()
    if granted.opens_code:
        for code in experiment.named_code:
            agree(code)
        return
    refused = [code.text for code in experiment.named_code if not is_allowed(code)]
    for text in (*refused, *_held_functions(experiment)):
        listed = ", ".join(granted.models) or "none"
        raise ModelError(f"'{text}' is not offered here. These models are: {listed}.")


def code_of(experiment: Experiment) -> list[str]:
    """Return what an experiment would load and run: its model first, then any functions that it names or holds.

    Example:
        >>> import mesa_lab as ml
        >>> code_of(ml.Experiment("mesa.examples:Schelling", {"density": 0.8}, outcomes=["happy", "os:getcwd"]))
        ['mesa.examples:Schelling', 'os:getcwd']
    """
    from mesa_lab.preparation.models import reference_of

    named = [code.text for code in experiment.named_code]
    return list(dict.fromkeys([reference_of(experiment.model), *named, *_held_functions(experiment)]))


def _held_functions(experiment: Experiment) -> Iterator[str]:
    """Where the functions come from that an experiment holds itself, as one made in Python may."""
    held = [*(outcome.source for outcome in experiment.protocol.outcomes or ()), experiment.stop_when]
    held += _functions_in(experiment.design)
    for function in held:
        if callable(function):
            yield f"{function.__module__}:{getattr(function, '__qualname__', type(function).__qualname__)}"


def _functions_in(design: Any) -> Iterator[Any]:
    """The functions that a design and the designs within it hold."""
    yield getattr(design, "function", None)
    for part in (*getattr(design, "designs", ()), getattr(design, "design", None)):
        if part is not None:
            yield from _functions_in(part)
