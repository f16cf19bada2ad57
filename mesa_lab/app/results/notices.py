"""What the results page says above the results: that more runs are on their way, what is damaged, what is missing."""

from __future__ import annotations

from collections.abc import Callable

import solara

from mesa_lab.app.components.html import tag
from mesa_lab.app.hooks.use_background import use_fresh, use_reader
from mesa_lab.formatting import plural
from mesa_lab.workspace.shared_results import Opened

__all__ = ["Going", "News", "Remarks"]


@solara.component
def Going(finished: int, total: int) -> None:
    """Say that more runs are on their way, and how far they are."""
    share = 100 * finished / total if total else 0
    with tag("div", "ml-notice ml-going", role="status"):
        tag(
            "span",
            "",
            f"Running: {finished:,} of {plural(total, 'run')}. What stands below is renewed when they are done.",
        )
        with tag("div", "ml-bar", aria_hidden="true"):
            tag("div", "ml-bar-done", attributes={"style": f"width: {share:.1f}%"})


@solara.component
def News(opened: Opened, on_replaced: Callable[[], None]) -> None:
    """Say what of a study is damaged, as soon as a panel that reads comes upon it; and when its results are no longer those of before.

    Args:
        opened: The results.
        on_replaced: Called when results that are shown have been replaced in the file by others.
    """
    said, say = solara.use_state(opened.file.damage)

    def tell() -> None:
        say(opened.file.damage)
        if opened.file.is_replaced:
            on_replaced()

    # The thread that comes upon it holds the lock of the results, and drawing a page may wait for that: so another says it.
    poke = use_reader(tell, [opened])

    def listen() -> None:
        opened.file.on_news = poke
        poke()  # it may have become known just before

    solara.use_effect(listen, [opened])
    if not said:  # something out of sight: for nothing at all the page would leave a gap
        tag("div", "ml-hidden", attributes={"hidden": "hidden"})
    else:
        with tag("div", "ml-notice ml-damage", role="alert"), tag("div"):
            for line in said.splitlines():
                tag("div", "", line)


@solara.component
def Remarks(opened: Opened) -> None:
    """Say which outcomes have lost values and why, and that runs are of several versions of the model's code."""
    fresh = use_fresh(lambda: opened.remarks, 0, topic=("remarks", id(opened)))
    if not fresh.value:
        tag("div", "ml-hidden", attributes={"hidden": "hidden"})
    else:
        with tag("div", "ml-notice", role="note"), tag("div"):
            for line in fresh.value:
                tag("div", "", line)
