"""The HTML of a page before anything runs in it: its language, what a browser may enlarge, and something to look at.

Solara's template says no language, forbids to zoom, and shows nothing until its scripts have come. What is added here is
the same for every page and holds nothing that a user wrote; `assets/custom.js` takes it away once the page is there.
"""

from __future__ import annotations

from html import escape
from typing import Final

__all__ = ["completed", "no_such_page"]

_STEPS: Final = ("Model", "Design", "Run", "Results")
_SKELETON: Final = (
    '<a class="ml-skip" href="#ml-main">Skip to the content</a>'
    '<div id="ml-skeleton" role="status" aria-label="Mesa Lab is loading">'
    '<div class="ml-skeleton-head">'
    '<img src="/static/assets/favicon.svg" alt="" width="24" height="24"><strong>Mesa Lab</strong>'
    + "".join(f"<span>{name}</span>" for name in _STEPS)
    + '</div><div class="ml-skeleton-body" aria-hidden="true">'
    '<div class="ml-skeleton-side"></div><div class="ml-skeleton-main"></div></div></div>'
    '<div id="ml-connection" role="alert" hidden></div>'
)
_CHANGES: Final = (
    (b"<html>", b'<html lang="en">'),
    (
        b"width=device-width, initial-scale=1, maximum-scale=1, user-scalable=no, minimal-ui",
        b"width=device-width, initial-scale=1",
    ),
    # Solara's bars have no names for those who hear them: at the top while the server is at work, and while a page loads.
    (b"<v-progress-linear :style", b'<v-progress-linear aria-label="The server is at work" :style'),
    (b"<v-progress-linear :indeterminate", b'<v-progress-linear aria-label="Loading" :indeterminate'),
)


def completed(page: bytes) -> bytes:
    r"""Return a page with its language, room to zoom, and a first picture of itself.

    Args:
        page: A page as Solara wrote it. One that is none of its app's pages comes back with its language alone.

    Example:
        >>> completed(b"<html>\n<head></head><body><div id='app'></div></body></html>")[:16]
        b'<html lang="en">'
    """
    for old, new in _CHANGES:
        page = page.replace(old, new, 1)
    start = page.find(b"<body data-base-url")
    if start < 0:
        return page
    end = page.index(b">", start) + 1
    return page[:end] + _SKELETON.encode() + page[end:]


def no_such_page(path: str) -> bytes:
    """Return the page that stands at an address that has none.

    Args:
        path: The address, as it was asked for.
    """
    shown = escape(path if len(path) <= 80 else path[:80] + "…")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>No such page – Mesa Lab</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><style>body { font: 16px/1.5 Roboto, '
        "system-ui, sans-serif; max-width: 40em; margin: 15vh auto; padding: 0 24px; } "
        ":root { color-scheme: light dark; background: Canvas; color: CanvasText; }"
        f"</style></head><body><main><h1>There is no such page</h1><p>Mesa Lab has no page “{shown}”.</p>"
        '<p><a href="/">To the start</a> · <a href="/studies">All studies</a></p></main></body></html>'
    ).encode()
