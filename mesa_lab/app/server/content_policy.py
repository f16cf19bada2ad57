"""The content security policy: what a browser may load, run and send while it shows a page of the app.

Solara's page has some scripts written into it. Each is marked, as the page leaves, with a word that is drawn anew for every
page; a script that comes to stand in the page later, by whatever mistake, lacks it and is not run. What the policy cannot
forbid, and why, stands in docs/security.md.

This module knows HTML and headers; it must not know Solara.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

__all__ = ["marked", "policy"]

_SCRIPT: Final = re.compile(rb"<script(?=[\s>])", re.IGNORECASE)
_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        # 'unsafe-eval': Vue compiles the templates of components, and Vega its expressions, in the browser.
        # blob: ipyvue hands a component's code to the browser as a module of its own.
        "script-src 'self' 'unsafe-eval' blob:{scripts}",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws://{host} wss://{host} blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
    )
)


def policy(host: str, word: str = "") -> str:
    """Return the policy of an answer.

    Args:
        host: The host that was asked, which websockets are allowed to.
        word: What the scripts of a page are marked with; empty for an answer that is no page.

    Example:
        >>> "'nonce-x'" in policy("localhost", "x"), "nonce" in policy("localhost")
        (True, False)
    """
    return _POLICY.format(host=host, scripts=f" 'nonce-{word}'" if word else "")


def marked(page: bytes) -> tuple[bytes, str]:
    """Mark the scripts of a page.

    Args:
        page: A page as the server wrote it. It must hold nothing that a user wrote.

    Returns:
        The page, and the word that marks them.
    """
    word = secrets.token_urlsafe(16)
    return _SCRIPT.sub(f'<script nonce="{word}"'.encode(), page), word
