"""The way through an experiment, and how far one is: model, design, run, results.

`states_of` says it as data; `Steps` shows it in the header, as links that anybody can follow at any
time. A step is "stale" when what it shows belongs to an earlier design.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import solara

from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.links import PageLink

__all__ = ["STEPS", "Step", "Steps", "states_of"]


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        path: Its page's address.
        name: What it is called.
        purpose: What is done there, in a few words.
    """

    path: str
    name: str
    purpose: str


STEPS: Final = (
    Step("/", "Model", "Choose a model and see what it does"),
    Step("/design", "Design", "Say what varies, how often, how long"),
    Step("/run", "Run", "Start the runs and watch them"),
    Step("/results", "Results", "See what came out"),
)
STATES: Final = {"done": "done", "open": "not yet done", "stale": "made from an earlier design"}
_ICONS: Final = {"done": "mdi-check", "stale": "mdi-history"}


def states_of(*, model: bool, design: bool, study: str, stale: bool) -> dict[str, str]:
    """Say which steps are done.

    Args:
        model: Whether a model is chosen.
        design: Whether the design is complete and right.
        study: The state of the study at hand ("new", "running", "finished" …), empty when there is none.
        stale: Whether the study was made from another design.

    Returns:
        "done", "open" or "stale" by the step's name.
    """
    ran = study in ("finished", "stopped", "interrupted", "paused", "running")
    run = "stale" if study and stale else ("done" if study == "finished" else "open")
    results = "stale" if ran and stale else ("done" if study == "finished" else "open")
    return {
        "Model": "done" if model else "open",
        "Design": "done" if model and design else "open",
        "Run": run,
        "Results": results,
    }


@solara.component
def Steps(current: str, states: Mapping[str, str], steps: Sequence[Step] = STEPS) -> None:
    """Show the steps as a row of links.

    Args:
        current: The path of the page that is shown.
        states: "done", "open" or "stale" by step.
        steps: The steps.
    """
    with tag("nav", "ml-steps", aria_label="Steps of an experiment"), tag("ol"):
        for number, step in enumerate(steps, start=1):
            state = states.get(step.name, "open")
            here = step.path == current
            mark = _ICONS.get(state) if not here or state == "stale" else None
            attributes = {"title": step.purpose, **({"aria-current": "step"} if here else {})}
            item = tag("li", f"ml-step ml-step-{state}" + (" ml-step-here" if here else ""))
            with item, PageLink(step.path, classes=["ml-step-link"], attributes=attributes):
                with tag("span", "ml-step-mark", aria_hidden="true"):
                    if mark:
                        icon(mark)
                    else:
                        tag("span", "", str(number))
                tag("span", "ml-step-name", step.name)
                tag("span", "ml-spoken", f" ({STATES[state]})")
