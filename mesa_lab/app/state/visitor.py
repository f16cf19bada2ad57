"""The browser that looks at a page: a name for it, and the studies that are its own."""

from __future__ import annotations

import hashlib
from typing import Final

import solara

from mesa_lab.errors import ModelError
from mesa_lab.workspace.access import access
from mesa_lab.workspace.workspace import Workspace

__all__ = ["browser_session", "visitor", "visitor_workspace"]

_NO_COOKIE: Final = "session-id-cookie-unavailable:"
"""How Solara begins the id of the session of a browser that sends no cookie: another one for each connection."""


def visitor() -> str:
    """Return a name for the browser that looks at this page: the same after a reload, another one in another browser.

    It is a digest of the browser's session. The session itself opens the door to all that is the visitor's, so it is
    written nowhere. In a class it is the student who has joined with this browser, and empty for the teacher.

    Raises:
        ModelError: If there is no session, in an app for others.
        StudyError: If nobody has joined the class with this browser.
    """
    if access().local:
        return ""
    member_of = access().member_of
    if member_of is not None:
        return member_of(browser_session())
    return hashlib.sha256(f"mesa-lab visitor {browser_session()}".encode()).hexdigest()[:32]


def browser_session() -> str:
    """Return the id of the session of the browser that looks at this page.

    Raises:
        ModelError: If there is none.
    """
    try:
        session = solara.get_session_id()
    except RuntimeError:
        session = None
    if not session or session.startswith(_NO_COOKIE):
        raise ModelError(
            "This browser has no session. Allow cookies for this site, then load the page again."
        )
    return session


def visitor_workspace() -> Workspace:
    """Return the workspace of the browser that looks at this page; call it where a page is drawn, not in a thread.

    Raises:
        ModelError: If the browser has no session, in an app for others.
    """
    granted = access()
    return Workspace(granted.folder(visitor()), granted.studies, local=granted.local)
