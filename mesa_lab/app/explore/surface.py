"""A surface over two parameters; a click goes there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import solara

from mesa_lab.app.components.controls import Choose
from mesa_lab.app.components.html import tag
from mesa_lab.formatting import label, number

if TYPE_CHECKING:
    from mesa_lab.exploring.profiles import Surface
    from mesa_lab.exploring.session import Session

__all__ = ["SurfacePanel"]


@solara.component_vue(esm_module="mesa-lab-explore", esm_export="Surface")
def _Map(
    cells: Sequence[Mapping[str, Any]],
    points: Sequence[Mapping[str, float]],
    now: Mapping[str, float],
    words: str,
    event_picked: Callable[[Mapping[str, float]], None],
) -> None:
    pass


@solara.component
def SurfacePanel(
    session: Session, outcomes: Sequence[str], on_move: Callable[[Mapping[str, Any]], None], version: int
) -> None:
    """Show an outcome over two parameters.

    Args:
        session: The session, with two parameters at least.
        outcomes: The outcomes to choose from.
        on_move: Called with the values of both when a place is clicked.
        version: Changes when anything was measured or moved.
    """
    names = [dial.name for dial in session.dials]
    outcome, set_outcome = solara.use_state(outcomes[0])
    across, set_across = solara.use_state(names[0])
    up, set_up = solara.use_state(names[1])
    outcome = outcome if outcome in outcomes else outcomes[0]
    items = [(name, label(name)) for name in names]
    setting = tuple(session.setting.items())
    surface = solara.use_memo(
        lambda: session.surface(outcome, across, up) if across != up else None,
        dependencies=[outcome, across, up, version, setting],
    )
    dials = {dial.name: dial for dial in session.dials}

    def go(share: Mapping[str, float]) -> None:
        moved = {}
        for name, key in ((across, "across"), (up, "up")):
            stops, at = dials[name].stops, float(share.get(key, 0.5))
            place = np.abs(dials[name].units - at).argmin() if dials[name].is_number else int(at * len(stops))
            moved[name] = stops[min(max(int(place), 0), len(stops) - 1)]
        on_move(moved)

    with tag("div", "ml-ex-choices"):
        Choose("Outcome", outcome, set_outcome, [(name, label(name)) for name in outcomes])
        Choose("Across", across, set_across, items)
        Choose("Up", up, set_up, items)
    if surface is None:
        said = (
            "Choose two different parameters."
            if across == up
            else "Too little was measured for a surface yet."
        )
        tag("p", "ml-quiet", said)
        return
    cells, words = _cells(surface, dials)
    rows = session.measured.unit()
    at = [names.index(across), names.index(up)]
    here = [float(dials[name].unit([session.setting[name]])[0]) for name in (across, up)]
    points = [{"x": _x(row[at[0]]), "y": _y(row[at[1]])} for row in rows[-500:].tolist()]
    _Map(cells=cells, points=points, now={"x": _x(here[0]), "y": _y(here[1])}, words=words, event_picked=go)


def _cells(surface: Surface, dials: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """One rectangle for each place, and what they show in words."""
    first, second = dials[surface.across], dials[surface.up]
    known = surface.mean[np.isfinite(surface.mean)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (math.nan, math.nan)
    lefts, tops = _edges(first.unit(surface.across_values)), _edges(second.unit(surface.up_values))
    cells = []
    for i, across in enumerate(surface.across_values):
        for j, up in enumerate(surface.up_values):
            mean = float(surface.mean[i, j])
            if not math.isfinite(mean):
                continue
            cells.append(
                {
                    "x": _x(lefts[i]),
                    "y": _y(tops[j + 1]),
                    "w": round(100 * (lefts[i + 1] - lefts[i]), 3),
                    "h": round(100 * (tops[j + 1] - tops[j]), 3),
                    "share": round(0.04 + 0.96 * (mean - low) / (high - low), 3) if high > low else 0.5,
                    "beyond": bool(surface.beyond[i, j]),
                    "text": f"{first.text(across)}, {second.text(up)}: {number(mean, 4)} ± {number(float(surface.half[i, j]), 2)}",
                }
            )
    words = (
        f"{label(surface.outcome)} from {number(low, 3)} (light) to {number(high, 3)} (dark): {label(surface.across)} from "
        f"{first.texts[0]} to {first.texts[-1]} across, {label(surface.up)} from {second.texts[0]} to {second.texts[-1]} up. Grey is "
        "beyond what was measured; dots are settings that were."
    )
    return cells, words


def _edges(places: Any) -> list[float]:
    """Where the cells around places end."""
    inner = [(a + b) / 2 for a, b in pairwise(places)]
    return [0.0, *map(float, inner), 1.0]


def _x(share: float) -> float:
    return round(100 * float(share), 3)


def _y(share: float) -> float:
    return round(100 - 100 * float(share), 3)
