"""The session of a browser: an id that the server made, in a cookie that it signed.

Solara takes any id that a browser sends for the id of a session, and keeps its cookie until 2038. Here the server alone makes
ids. A cookie holds one with its signature; what is not signed counts as no session, so that no client can choose the id of
another's session, or guess one. Scripts cannot read the cookie, and requests from other sites do not carry it.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Final

from mesa_lab.errors import MesaLabError

__all__ = ["DAYS", "SessionCookie", "kept_key"]

DAYS: Final = 30
_FILE: Final = ".mesa-lab.key"
_KEY_BYTES: Final = 32
_VALUE: Final = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")


class SessionCookie:
    """Reads and writes the cookie of a session.

    Args:
        key: What ids are signed with; None makes one that ends with this process.
        days: For how long a browser keeps the cookie after its last visit; 0 for as long as the browser is open.
    """

    def __init__(self, key: bytes | None = None, days: int = 0) -> None:
        self._key = key or secrets.token_bytes(_KEY_BYTES)
        self._days = days

    def read(self, header: str, host: str) -> str | None:
        """Return the id of the session that a request belongs to, None when it belongs to none.

        Args:
            header: The request's cookies.
            host: The host that it was sent to.
        """
        wanted = _name(host)
        for cookie in header.split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == wanted and (match := _VALUE.fullmatch(value)):
                session, signature = match.groups()
                if hmac.compare_digest(signature, self._signature(session)):
                    return session
        return None

    def make(self) -> str:
        """Return the id of a new session."""
        return secrets.token_hex(16)

    def write(self, session: str, host: str, *, secure: bool) -> str:
        """Return the header that has a browser keep a session.

        Args:
            session: Its id.
            host: The host that the browser asked.
            secure: Whether it asked over https.
        """
        parts = [f"{_name(host)}={session}.{self._signature(session)}", "Path=/", "HttpOnly", "SameSite=Lax"]
        if self._days:
            parts.append(f"Max-Age={self._days * 24 * 60 * 60}")
        if secure:
            parts.append("Secure")
        return "; ".join(parts)

    def _signature(self, session: str) -> str:
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()


def _name(host: str) -> str:
    """The cookie's name; servers on other ports of a machine share its cookies, and must not take each other's."""
    port = re.search(r":(\d+)$", host)
    return f"mesa-lab-{port[1]}" if port else "mesa-lab"


def kept_key(folder: Path) -> bytes:
    """Return the key of a server for others, which its visitors need to find their studies after a restart.

    Args:
        folder: The folder of its studies, in which a new key is kept for its owner alone to read.

    Raises:
        MesaLabError: If it cannot be read or kept.
    """
    path = folder / _FILE
    try:
        with contextlib.suppress(FileExistsError):
            made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(made, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise MesaLabError(f"The key of the sessions, '{path}', cannot be kept: {error.strerror}.") from None
    if len(key) != _KEY_BYTES:
        raise MesaLabError(
            f"'{path}' is no key of sessions. Delete it; visitors then begin anew, and their studies stay in the folder."
        )
    return key
