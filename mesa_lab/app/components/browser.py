"""The few things that only the browser can do: its address, its clipboard, its files.

Small Vue components with values in and events out. What they are given is text to them, never HTML.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any

import solara
import solara.lab

__all__ = ["Address", "CopyButton", "Measured", "PickFile", "ProjectorButton", "SaveButton", "ThemeButton"]


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="Address")
def Address(name: str, value: str) -> None:
    """Write a value into the page's address, in place."""


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="ThemeButton")
def _ThemeButton(
    event_mode_changed: Callable[[bool | None], None], event_system_changed: Callable[[bool], None]
) -> None:
    pass


@solara.component
def ThemeButton() -> None:
    """Choose light, dark, or the colours of the system."""

    def take(dark: bool | None) -> None:
        if solara.lab.theme.dark != dark:
            solara.lab.theme.dark = dark

    def follow(dark: bool) -> None:
        # What charts look at; the browser says it at the start only.
        solara.lab.theme.dark_effective = bool(dark)

    _ThemeButton(event_mode_changed=take, event_system_changed=follow)


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="ProjectorButton")
def _ProjectorButton(event_turned: Callable[[bool], None]) -> None:
    pass


@solara.component
def ProjectorButton(on_turned: Callable[[bool], None] = lambda on: None) -> None:
    """Show the element of class `ml-projectable` around it alone and large; Esc leaves, and on a page the key P does the same.

    Args:
        on_turned: Called with whether it is shown so.
    """
    _ProjectorButton(event_turned=lambda on: on_turned(bool(on)))


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="CopyButton")
def CopyButton(
    label: str, text: str, icon: str = "mdi-content-copy", done: str = "Copied", disabled: bool = False
) -> None:
    """Put a text on the clipboard; an empty text stands for the page's address."""


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="SaveButton")
def SaveButton(
    label: str, text: str, filename: str, icon: str = "mdi-download", disabled: bool = False
) -> None:
    """Save a text as a file."""


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="Measured")
def Measured(event_measured: Callable[[int], None], step: int = 20) -> None:
    """Tell the width of the place where this stands, in pixels, rounded down to a step."""


@solara.component_vue(esm_module="mesa-lab-browser", esm_export="PickFile")
def _PickFile(
    label: str,
    accept: str,
    limit: int,
    event_picked: Callable[[dict[str, Any]], None],
    icon: str = "mdi-upload",
    disabled: bool = False,
) -> None:
    pass


@solara.component
def PickFile(
    label: str,
    on_file: Callable[[str, bytes | None], None],
    *,
    accept: str = "",
    limit: int = 5_000_000,
    icon: str = "mdi-upload",
) -> None:
    """Let the user pick a file of their computer.

    Args:
        label: What the button says.
        on_file: Called with the file's name and its bytes, None when it is larger than the limit.
        accept: Endings to offer first, such as ".csv".
        limit: Bytes that are taken at most.
        icon: The button's icon.
    """

    def picked(event: dict[str, Any]) -> None:
        # The browser checks the size too, but a request may come from any program.
        data = str(event.get("data", ""))
        too_large = event.get("size", 0) > limit or len(data) > limit * 4 // 3 + 4
        try:
            on_file(str(event.get("name", "")), None if too_large else base64.b64decode(data, validate=True))
        except binascii.Error:
            on_file(str(event.get("name", "")), b"")

    _PickFile(label=label, accept=accept, limit=limit, icon=icon, event_picked=picked)
