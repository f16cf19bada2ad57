"""What a component shows, without a browser: its widgets and, for a tree of HTML elements that is one widget, the elements.

- `shown(widget)`: the widget itself, or the root of its tree.
- `children(each)`: what is within it: texts, elements and widgets, as on the page.
- `walk(each)`: all elements and widgets below it.
"""

from collections.abc import Iterator
from typing import Any

from mesa_lab.app.components.html import HtmlTree


class Element:
    """An HTML element of a tree. Events reach the widget, as they do from the page."""

    def __init__(self, widget: HtmlTree, tree: list[Any]) -> None:
        self.widget, self._tree = widget, tree
        self.tag, self.class_, self.attributes, *self._children = tree

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Element) and self._tree is other._tree

    __hash__ = None

    @property
    def children(self) -> list[Any]:
        return [
            Element(self.widget, each)
            if isinstance(each, list)
            else shown(self.widget.children[each])
            if isinstance(each, int)
            else each
            for each in self._children
        ]

    def click(self) -> None:
        self.widget.click()

    def fire_event(self, name: str, data: Any) -> None:
        self.widget.fire_event(name, data)


def shown(widget: Any) -> Any:
    return Element(widget, widget.attributes["of"]) if isinstance(widget, HtmlTree) else widget


def children(each: Any) -> list[Any]:
    return [
        child if isinstance(child, str) else shown(child) for child in getattr(each, "children", None) or ()
    ]


def walk(each: Any) -> Iterator[Any]:
    for child in children(each):
        if not isinstance(child, str):
            yield child
            yield from walk(child)
