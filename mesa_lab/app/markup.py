"""HTML elements in few words: `tag("p", "ml-quiet", "text")`. What they hold is text or elements, never markup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import solara

__all__ = ["icon", "tag"]


def tag(
    name: str,
    classes: str = "",
    *children: solara.Element | str,
    attributes: Mapping[str, str] | None = None,
    **more: str,
) -> solara.Element:
    """Make an HTML element.

    Args:
        name: "div", "p", "table" …
        classes: CSS classes.
        *children: Texts and elements within; or use it as a context manager.
        attributes: Attributes by their names.
        **more: Further ones, with underscores for dashes.
    """
    given = {**(attributes or {}), **{key.strip("_").replace("_", "-"): value for key, value in more.items()}}
    words: dict[str, Any] = {"attributes": given} if given else {}
    words |= {"children": list(children)} if children else {}
    return solara.v.Html(tag=name, class_=classes, **words)


def icon(name: str) -> solara.Element:
    """Make a Material Design icon; it says nothing to a screen reader."""
    return tag("i", f"mdi {name}", aria_hidden="true")
