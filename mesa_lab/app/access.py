"""Whom the app serves, and what it may therefore show and run.

Started for local use the app is one person's: it may open Python files and shows every study in its
folder. Started for others it offers the listed models only, and each browser sees its own studies.
The server decides once; pages ask `access()` and never look at hosts or settings themselves. In a
notebook nobody decides, and the default is right: the person at the keyboard runs code anyway.
"""

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Access", "access", "grant"]


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


_granted: Access | None = None


def access() -> Access:
    """Return what this process may show and run."""
    return _granted or Access()


def grant(granted: Access | None) -> None:
    """Decide what this process may show and run; None returns to the default."""
    global _granted
    _granted = granted
