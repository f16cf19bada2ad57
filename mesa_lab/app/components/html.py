"""HTML elements in few words: `tag("p", "ml-quiet", "text")`. What they hold is text or elements, never markup."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import ipyvuetify
import reacton.core
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
    element = solara.v.Html(tag=name, class_=classes, **words)
    element.component = _kind(name)
    return element


class _Kind(reacton.core.ComponentWidget):
    """Elements of one tag: a paragraph that gives way to a section is another widget, since no browser can turn one into the other."""

    def __init__(self, name: str) -> None:
        super().__init__(ipyvuetify.Html)
        self.tag = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kind) and other.tag == self.tag

    def __hash__(self) -> int:
        return hash(self.tag)


_kind = functools.cache(_Kind)


def icon(name: str) -> solara.Element:
    """Make a Material Design icon; it says nothing to a screen reader."""
    return tag("i", f"mdi {name}", aria_hidden="true")
