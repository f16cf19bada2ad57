"""Sessions of exploring that pages of this process show: one for each study, shared by the pages that show it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mesa_lab.errors import RunError

if TYPE_CHECKING:
    from mesa_lab.exploring.session import Session

__all__ = ["give_back", "take"]

MOST: Final = 40
"""Sessions that are open at a time: each may have a worker process."""

_open: dict[Path, tuple[Session, int]] = {}
_opening = threading.Lock()


def take(path: Path, make: Callable[[], Session]) -> Session:
    """Return the session of a study; `give_back` ends its use.

    Args:
        path: Where its study is, or will be.
        make: Opens it, if no page has it open.

    Raises:
        RunError: If there are too many.
    """
    with _opening:
        known = _open.get(path)
        if known is None:
            if len(_open) >= MOST:
                raise RunError(
                    f"{len(_open)} models are being explored here already. Open this page again when others are through."
                )
            known = make(), 0
            path = known[0].path
            known = _open.get(path, known)
        session, users = known
        _open[path] = session, users + 1
        return session


def give_back(session: Session) -> None:
    """Stop using a session; it ends with its last user."""
    with _opening:
        _, users = _open.get(session.path, (session, 1))
        if users > 1:
            _open[session.path] = session, users - 1
            return
        _open.pop(session.path, None)
    # In a thread of its own: a run that is under way has a moment to end.
    threading.Thread(target=session.close, name="mesa-lab-explore-end", daemon=True).start()
