"""The content security policy: what a browser may load, run and send while it shows a page of the app.

Solara's page has a few scripts written into it. They are allowed one by one, by their digests, so that no other script
that may come to stand in the page is run. What the policy cannot forbid, and why, stands in docs/security.md.

This module knows HTML and headers; it must not know Solara.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from typing import Final

__all__ = ["policy"]

_SCRIPT: Final = re.compile(
    rb"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL | re.IGNORECASE
)
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


def policy(host: str, page: bytes = b"") -> str:
    """Return the policy of an answer.

    Args:
        host: The host that was asked, which websockets are allowed to.
        page: The answer, if it is a page: the scripts that are written into it are allowed.

    Example:
        >>> "'sha256-" in policy("localhost"), "'sha256-" in policy("localhost", b"<script>let a</script>")
        (False, True)
    """
    return _POLICY.format(host=host, scripts="".join(f" '{digest}'" for digest in _digests(page)))


@lru_cache(maxsize=16)  # the pages of an app differ in nothing
def _digests(page: bytes) -> tuple[str, ...]:
    found = [
        base64.b64encode(hashlib.sha256(script["text"]).digest()).decode()
        for script in _SCRIPT.finditer(page)
        if b"src=" not in script["attributes"]
    ]
    return tuple(f"sha256-{digest}" for digest in dict.fromkeys(found))
