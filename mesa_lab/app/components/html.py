"""HTML elements in few words: `tag("p", "ml-quiet", "text")`. What they hold is text or elements, never markup.

A page has hundreds of them, and a widget for each would have to be made, sent and drawn by itself. So elements
within one another are sent as one tree, which the Vue component in `assets/elements.js` draws. Places are left in
it for what has a life of its own: components, and elements that have a key or can be pressed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import ipyvuetify
import reacton.core
import solara
import traitlets

__all__ = ["HtmlRoot", "HtmlTree", "Style", "icon", "tag"]

_PRESSED: Final = ("a", "button")
"""Somebody waits for their events, so they are never part of another's tree."""


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
    return _Tag(name, classes, given, children)


def icon(name: str) -> solara.Element:
    """Make a Material Design icon; it says nothing to a screen reader."""
    return tag("i", f"mdi {name}", aria_hidden="true")


@solara.component_vue(esm_module="mesa-lab-elements")
def HtmlRoot(children: list[solara.Element] = []) -> None:  # noqa: B006  reacton hands in a new list
    """Around all elements of a page or of a notebook's cell, which are one element: it is shown once they can be drawn."""


@solara.component
def Style(sheet: Path) -> None:
    """Put a style sheet into the page while this is shown. Solara's own has the browser load a compiler for it.

    Args:
        sheet: A file of CSS.
    """
    tag("style", "", _content(sheet))


@functools.cache
def _content(sheet: Path) -> str:
    return sheet.read_text("utf-8")


class HtmlTree(ipyvuetify.Html):
    """Elements within one another: `attributes["of"]` is [name, classes, attributes, child, …].

    A child is a text, a tree, or the number of a widget in `children`.
    """

    holes: dict[str, Any] = traitlets.Dict()  # type: ignore[assignment]

    @traitlets.observe("holes")
    def _fill(self, change: Any) -> None:
        self.children = list(change["new"].values())


class _Kind(reacton.core.ComponentWidget):
    """Trees of one root: a paragraph that gives way to a section is another widget."""

    def __init__(self, name: str) -> None:
        super().__init__(HtmlTree)
        self.tag = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Kind) and other.tag == self.tag

    def __hash__(self) -> int:
        return hash(self.tag)


_kind = functools.cache(_Kind)


class _Tag(reacton.core.Element):
    """An HTML element that takes the trees of those within it into its own."""

    def __init__(
        self, name: str, classes: str, attributes: dict[str, str], children: Iterable[solara.Element | str]
    ) -> None:
        self.tree: list[Any] = [name, classes, attributes]
        self.holes: dict[str, solara.Element] = {}
        super().__init__(_kind(name), kwargs={"tag": "ml-tree"})
        self.add_children(children)

    def add_children(self, children: Iterable[solara.Element | str]) -> None:
        """Put texts and elements behind those that are there; a `with` block does it at its end."""
        for child in children:
            if isinstance(child, _Tag) and child.is_plain:
                self.tree.append(self._taken(child))
            elif isinstance(child, reacton.core.Element):
                self.tree.append(self._hole(str(len(self.tree)), child))
            else:
                self.tree.append(child)
        self.kwargs["attributes"] = {"of": self.tree}
        self.kwargs["holes"] = self.holes

    @property
    def is_plain(self) -> bool:
        """Whether it is nothing but what it shows."""
        return self.tree[0] not in _PRESSED and self._key is None and not self._meta and not self._shared

    def _hole(self, place: str, element: solara.Element) -> int:
        # The place within the tree, and not the order, says which one it is when it is drawn again.
        self.holes[place] = element
        return len(self.holes) - 1

    def _taken(self, child: _Tag) -> list[Any]:
        context = reacton.core.get_render_context(required=False)
        for adder in context.container_adders if context is not None else ():
            adder.created[:] = [each for each in adder.created if each is not child]
        place = f"{len(self.tree)}{child.tree[0]}"
        numbers = [self._hole(f"{place}.{within}", element) for within, element in child.holes.items()]

        def renumbered(tree: list[Any]) -> list[Any]:
            return [
                renumbered(each)
                if isinstance(each, list)
                else numbers[each]
                if isinstance(each, int)
                else each
                for each in tree
            ]

        return renumbered(child.tree)
