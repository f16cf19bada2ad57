"""The controls that all forms are made of: text, choice, switch and button, each looking and behaving one way.

Each takes a value and gives a new one; a mistake stands right under the field, in the place of its
hint, so that nothing moves when it comes and goes.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import ipyvuetify
import reacton.core
import solara
import traitlets

from mesa_lab.app.components.html import icon as symbol
from mesa_lab.app.components.html import tag

__all__ = ["Action", "Choose", "TextInput", "Toggle"]

_LOOK = {"density": "compact", "variant": "outlined", "color": "primary"}


_LATE: Final = 5.0
"""Seconds for which the latest text that was typed is held against those before it."""
_SETTLED: Final = 0.3
"""Seconds without a further letter after which a text is complete once Enter was pressed."""


class _AsTyped:
    """What a field has in addition so that pages which are drawn late take no letter back.

    Drawing a page takes a while, and somebody types on meanwhile: the page, which holds the text of before, would put it into the
    field again, and into the browser's. What comes from the browser is noted the moment it arrives, and the earlier of it refused
    until a page holds the latest.
    """

    def __init__(self, **traits: Any) -> None:
        self._typed: deque[tuple[float, Any]] = deque(maxlen=100)
        self._is_new = False
        super().__init__(**traits)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        if "v_model" in sync_data:
            self._typed.append((time.monotonic(), sync_data["v_model"]))
            self._is_new = True
        super().set_state(sync_data)  # type: ignore[misc]

    @traitlets.validate("v_model")
    def _keep_what_was_typed(self, proposal: Any) -> Any:
        *earlier, (at, latest) = list(self._typed) or [(0.0, proposal.value)]
        if proposal.value == latest:
            if not self._is_new:  # it comes from a page, which holds all that was typed
                self._typed.clear()
                self._typed.append((at, latest))
            self._is_new = False
            return proposal.value
        # How long ago the earlier text was typed says nothing: a page may have held it for an hour.
        is_late = at > time.monotonic() - _LATE and any(text == proposal.value for _, text in earlier)
        return latest if is_late else proposal.value

    def settled(self) -> str:
        """Return the text once no further letter comes.

        The browser holds letters back while it waits for an answer to those before, but not that Enter was pressed.
        """
        pressed = time.monotonic()
        while self._typed and self._typed[-1][0] > pressed - 1:
            if time.monotonic() > max(pressed, self._typed[-1][0]) + _SETTLED:
                break
            time.sleep(_SETTLED / 10)
        return str(self.v_model or "")  # type: ignore[attr-defined]


class _TextField(_AsTyped, ipyvuetify.TextField):  # type: ignore[misc]
    """One line."""


class _Textarea(_AsTyped, ipyvuetify.Textarea):  # type: ignore[misc]
    """Several lines."""


_LINE: Final = reacton.core.ComponentWidget(_TextField)
_LINES: Final = reacton.core.ComponentWidget(_Textarea)


@solara.component
def Action(
    label: str,
    on_click: Callable[[], None],
    *,
    icon: str = "",
    kind: str = "",
    disabled: bool = False,
    spoken: str = "",
    title: str = "",
) -> solara.Element:
    """A button.

    Args:
        label: What it says; empty for an icon alone, which then needs `spoken`.
        on_click: Called when it is pressed.
        icon: A Material Design icon, such as "mdi-play".
        kind: "primary" for the one thing to do here, "tonal" for what stands out, else quiet.
        disabled: Whether it cannot be pressed.
        spoken: What a screen reader says instead of the label.
        title: A longer explanation.
    """
    children = []
    if icon:
        children.append(symbol(icon))
    if label:
        children.append(tag("span", "", label))
    attributes = {"type": "button"}
    attributes |= {"disabled": "disabled"} if disabled else {}
    attributes |= {"aria-label": spoken} if spoken else {}
    attributes |= {"title": title or spoken} if title or spoken else {}
    classes = "ml-button" + (f" ml-button-{kind}" if kind else "") + ("" if label else " ml-button-icon")
    button = tag("button", classes, *children, attributes=attributes)
    solara.v.use_event(button, "click", lambda *_: None if disabled else on_click())
    return button


@solara.component
def TextInput(
    label: str,
    value: str,
    on_value: Callable[[str], None],
    *,
    hint: str | None = None,
    error: str = "",
    lines: int = 1,
    placeholder: str = "",
    suffix: str = "",
    spoken: str = "",
    described_by: str = "",
    disabled: bool = False,
    classes: str = "",
    icon: str = "",
    clearable: bool = False,
    on_enter: Callable[[str], None] | None = None,
) -> solara.Element:
    """A text field that tells each change as it is typed.

    Args:
        label: What it holds.
        value: The text.
        on_value: Called with the new text.
        hint: Stands below; None leaves no room there, an empty text keeps it.
        error: What is wrong, in the place of the hint. Without room below, the field only turns red.
        lines: More than one makes it an area.
        placeholder: Shown while it is empty.
        suffix: Shown at its end, such as a unit.
        spoken: What a screen reader says instead of the label.
        described_by: The id of the element that says what is wrong, where there is no room below.
        disabled: Whether it cannot be changed.
        classes: CSS classes.
        icon: An icon at its start.
        clearable: Whether it offers to be emptied.
        on_enter: Called with the text when Enter is pressed in it, which may be before the page has taken in the last letter.
    """
    room = hint is not None
    newest = solara.use_ref(on_enter)
    newest.current = on_enter

    def enter(field: _AsTyped, *_: object) -> None:
        def settle() -> None:
            text = field.settled()
            if newest.current is not None:
                newest.current(text)

        if on_enter is not None:
            threading.Thread(target=settle, name="mesa-lab-enter", daemon=True).start()

    words: dict[str, Any] = {
        **_LOOK,
        "label": label,
        "v_model": value,
        "on_v_model": lambda text: on_value(text or ""),
        "error": bool(error),
        "error_messages": [error] if error and room else [],
        "hint": hint or "",
        "persistent_hint": room,
        "hide_details": not room,
        "placeholder": placeholder,
        "persistent_placeholder": bool(placeholder),
        "disabled": disabled,
        "clearable": clearable,
        "class_": f"ml-field {classes}",
        "attributes": {
            "autocomplete": "off",
            "spellcheck": "false",
            **_spoken(spoken),
            **_described(described_by, error),
        },
    }
    if icon:
        words["prepend_inner_icon"] = icon
    if lines > 1:
        field = solara.v.Textarea(rows=lines, auto_grow=True, max_rows=12, **words)
        field.component = _LINES
    else:
        field = solara.v.TextField(suffix=suffix, **words)
        field.component = _LINE
    solara.v.use_event(field, "keydown.enter", enter)
    return field


@solara.component
def Choose(
    label: str,
    value: Any,
    on_value: Callable[[Any], None],
    items: Sequence[tuple[Any, str]],
    *,
    notes: Sequence[str] = (),
    hint: str | None = None,
    error: str = "",
    spoken: str = "",
    classes: str = "",
) -> solara.Element:
    """One of several.

    Args:
        label: What it is.
        value: The chosen one's value.
        on_value: Called with another one's.
        items: Values with the words to show for them.
        notes: A sentence on each, shown in the list.
        hint: Stands below; None leaves no room there.
        error: What is wrong, in the place of the hint.
        spoken: What a screen reader says instead of the label.
        classes: CSS classes.
    """
    # Vuetify compares values as JSON; numbers stand for them, so that any value can be an item.
    places = [str(place) for place in range(len(items))]
    chosen = next(
        (
            place
            for place, (item, _) in zip(places, items, strict=True)
            if item == value and type(item) is type(value)
        ),
        None,
    )
    return solara.v.Select(
        **_LOOK,
        label=label,
        v_model=chosen,
        on_v_model=lambda place: on_value(items[int(place)][0]),
        items=[
            {"title": text, "value": place, "props": {"subtitle": note} if note else {}}
            for place, (_, text), note in zip(places, items, notes or [""] * len(items), strict=True)
        ],
        item_title="title",
        item_value="value",
        hint=hint or "",
        persistent_hint=hint is not None,
        hide_details=hint is None,
        error=bool(error),
        error_messages=[error] if error and hint is not None else [],
        class_=f"ml-field {classes}",
        attributes=_spoken(spoken),
    )


def _spoken(text: str) -> dict[str, str]:
    """A name for screen readers; the field's own label would go before it."""
    return {"aria-label": text, "aria-labelledby": ""} if text else {}


def _described(by: str, error: str) -> dict[str, str]:
    return {"aria-describedby": by, "aria-invalid": "true" if error else "false"} if by else {}


@solara.component
def Toggle(label: str, value: bool, on_value: Callable[[bool], None], *, hint: str | None = None) -> None:
    """A switch.

    Args:
        label: What is on or off.
        value: Whether it is on.
        on_value: Called with the other.
        hint: Stands below.
    """
    with tag("div", "ml-toggle"):
        solara.v.Switch(
            label=label,
            v_model=value,
            on_v_model=on_value,
            color="primary",
            density="compact",
            hide_details=True,
        )
        if hint is not None:
            tag("p", "ml-hint", hint)
