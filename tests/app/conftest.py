"""Components without a browser: shown, read as text, and used as a person would.

- `show(Component(...))`: a `View` of it, closed at the end of the test.
- `view.text`: all that can be read; `view.until(text)` waits for something to be there.
- `view.button(name)`, `view.field(label)`: what can be pressed or filled in; `view.press(name)`.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import ipyvue
import ipyvuetify
import pytest
import solara

from tests.app.elements import Element, children, walk

PATIENCE = 60


class View:
    """A component that is shown."""

    def __init__(self, element: Any) -> None:
        self.box, self.context = solara.render(element, handle_error=False)

    def settle(self) -> None:
        """Wait for a thread that renders: what was changed here meanwhile is rendered by it too, a little later."""
        deadline = time.monotonic() + PATIENCE
        while self.context.thread_lock.locked() or self.context._rerender_needed:
            assert time.monotonic() < deadline, "It does not stop rendering."
            time.sleep(0.002)

    def widgets(self, kind: Any = (ipyvue.VueWidget, Element)) -> list[Any]:
        """Return all widgets of a kind, and HTML elements if none is given, in their order on the page."""
        self.settle()
        return [each for each in walk(self.box) if isinstance(each, kind)]

    @property
    def text(self) -> str:
        """What can be read, one piece of text on a line; what stands around fields too."""
        self.settle()
        lines: list[str] = []

        def read(each: Any) -> None:
            if isinstance(each, str):
                lines.append(each)
                return
            for name in ("label", "hint"):
                lines.extend([str(getattr(each, name))] if getattr(each, name, None) else [])
            lines.extend(getattr(each, "error_messages", None) or [])
            for child in children(each):
                read(child)

        read(self.box)
        return "\n".join(lines)

    def tags(self, name: str, classes: str = "") -> list[Any]:
        """Return the HTML elements of a name, those with a class if one is given."""
        return [
            widget
            for widget in self.widgets(Element)
            if widget.tag == name and (not classes or classes in (widget.class_ or "").split())
        ]

    def button(self, name: str) -> Any:
        """Return the button that says this, or is read aloud as this."""
        for button in self.tags("button"):
            said = "".join(
                text
                for child in button.children
                for text in ([child] if isinstance(child, str) else child.children)
                if isinstance(text, str)
            )
            if name in (said, (button.attributes or {}).get("aria-label")):
                return button
        raise AssertionError(f"There is no button '{name}' in:\n{self.text}")

    def press(self, name: str) -> None:
        """Press a button that can be pressed."""
        button = self.button(name)
        assert "disabled" not in (button.attributes or {}), f"'{name}' cannot be pressed."
        button.fire_event("click", {})

    def field(self, label: str) -> Any:
        """Return the field of this label; waits for it, as what is read in the background may bring it."""
        kinds = (ipyvuetify.TextField, ipyvuetify.Textarea, ipyvuetify.Select, ipyvuetify.Switch)
        found: list[Any] = []
        self.until(
            lambda: found.extend(field for field in self.widgets(kinds) if field.label == label) or found
        )
        return found[0]

    def until(self, text: str | Callable[[], Any]) -> None:
        """Wait until something can be read, or holds."""
        deadline = time.monotonic() + PATIENCE
        while not (text() if callable(text) else text in self.text):
            assert time.monotonic() < deadline, f"No '{text}' in:\n{self.text}"
            time.sleep(0.02)


@pytest.fixture
def show() -> Iterator[Callable[[Any], View]]:
    """A function that shows a component."""
    views: list[View] = []

    def render(element: Any) -> View:
        views.append(View(element))
        return views[-1]

    yield render
    for view in views:
        view.context.close()
