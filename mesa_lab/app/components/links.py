"""Links between the app's pages: real links, followed without loading the page anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import reacton.ipyvue
import solara

from mesa_lab.app.components.html import icon, tag
from mesa_lab.viewing.spare_process import prepare_process

__all__ = ["PageLink", "SkipLink", "WatchLink"]


@solara.component
def PageLink(
    path: str,
    children: list[solara.Element] = [],  # noqa: B006  reacton hands in a new list
    classes: Sequence[str] = (),
    attributes: Mapping[str, str] | None = None,
    on_follow: Callable[[], None] | None = None,
) -> solara.Element:
    """Link to a page of the app.

    Args:
        path: The page's address, such as "/design" or "/run?study=wolves".
        children: What the link shows.
        classes: CSS classes.
        attributes: Further attributes, such as "aria-current".
        on_follow: Called before the page changes.
    """
    link = tag("a", " ".join(classes), *children, attributes={"href": path, **(attributes or {})})
    location = solara.use_context(solara.routing._location_context)

    def go(*_: object) -> None:
        if on_follow is not None:
            on_follow()
        location.pathname = path

    reacton.ipyvue.use_event(link, "click.exact.prevent.stop", go)
    return link


@solara.component
def WatchLink(there: str, text: str = "Watch it") -> None:
    """Lead to where a run is watched. The process that will draw it starts already, as it takes some seconds to be ready.

    Args:
        there: The address, from "/watch" on.
        text: What the link says.
    """
    solara.use_effect(prepare_process, [])
    with PageLink(there, classes=["ml-button", "ml-button-tonal"]):
        icon("mdi-eye-outline")
        tag("span", "", text)


@solara.component
def SkipLink(text: str, target: str) -> solara.Element:
    """Lead the keyboard past a long form or list; seen only while it has the focus. `assets/custom.js` follows it.

    Args:
        text: What it leads to.
        target: The id of that element, which needs a tabindex.
    """
    return tag("a", "ml-skip", text, attributes={"href": f"#{target}"})
