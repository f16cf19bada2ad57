"""The profiler: a slider for each parameter, and below it the curve of each outcome along it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import solara

from mesa_lab.formatting import label, number, plural

if TYPE_CHECKING:
    from mesa_lab.exploring.dials import Dial
    from mesa_lab.exploring.profiles import Profile, Reading

__all__ = ["Profiler", "dial_facts", "row_facts"]

_SAID = {
    "measured": "measured",
    "predicted": "predicted",
    "beyond": "beyond what was measured",
    "unknown": "not known yet",
}


@solara.component_vue(esm_module="mesa-lab-explore", esm_export="Profiler")
def Profiler(
    dials: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    answered: int,
    event_moved: Callable[[Mapping[str, int]], None],
    event_rested: Callable[[Any], None],
    event_typed: Callable[[Mapping[str, str]], None],
    event_locked: Callable[[str], None],
) -> None:
    """Show sliders and curves.

    Args:
        dials: What `dial_facts` returns, one for each parameter.
        rows: What `row_facts` returns, one for each outcome.
        answered: Grows with each answer to a move.
        event_moved: Called with the numbers of stops by name while sliders move.
        event_rested: Called when no slider has moved for a while.
        event_typed: Called with `name` and `text` when a value was typed.
        event_locked: Called with the name of a parameter to be locked, or unlocked.
    """


def dial_facts(
    dials: Sequence[Dial], setting: Mapping[str, Any], locked: Collection[str]
) -> list[dict[str, Any]]:
    """Return what the sliders show."""
    return [
        {
            "name": dial.name,
            "label": label(dial.name),
            "is_number": dial.is_number,
            "texts": list(dial.texts),
            "places": _short(dial.units),
            "stop": dial.stop_of(setting[dial.name]),
            "text": dial.text(setting[dial.name]),
            "at": round(float(dial.unit([setting[dial.name]])[0]), 4),
            "locked": dial.name in locked,
        }
        for dial in dials
    ]


def row_facts(
    outcome: str,
    reading: Reading,
    profiles: Sequence[Profile],
    dials: Sequence[Dial],
    span: tuple[float, float],
) -> dict[str, Any]:
    """Return what the curves of one outcome show.

    Args:
        outcome: The outcome.
        reading: What it is at the current setting.
        profiles: Its curves, one for each dial.
        dials: The parameters.
        span: The ends of the scale.
    """
    low, high = span
    known = math.isfinite(reading.mean)
    return {
        "outcome": outcome,
        "label": label(outcome),
        "kind": reading.kind,
        "mean": number(reading.mean, 4) if known else "–",
        "interval": _interval(reading),
        "said": _SAID[reading.kind] + (f", {plural(reading.n, 'run')}" if reading.kind == "measured" else ""),
        "level": _share(reading.mean, low, high) if known else None,
        "ticks": [{"y": _share(tick, low, high), "text": number(tick, 4)} for tick in _ticks(low, high)],
        "cells": [_cell(profile, dial, low, high) for profile, dial in zip(profiles, dials, strict=True)],
    }


def span_of(means: Sequence[float], profiles: Sequence[Profile]) -> tuple[float, float]:
    """Return the ends of a scale on which all that was measured and all curves can be seen.

    Intervals of what was measured too, as far as they leave the curves half of the scale: that of two runs may be endless.
    """
    known = [value for value in means if math.isfinite(value)]
    for profile in profiles:
        inside = ~profile.beyond if len(profile.mean) else np.zeros(0, np.bool_)
        known += profile.mean[inside].tolist()
        known += [mark.summary.mean for mark in profile.marks]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    ends = [
        end for profile in profiles for mark in profile.marks for end in (mark.summary.low, mark.summary.high)
    ]
    ends = [end for end in ends if math.isfinite(end)]
    if ends:
        most = 0.5 * (high - low) or math.inf
        low, high = max(min(*ends, low), low - most), min(max(*ends, high), high + most)
    room = 0.12 * (high - low) or abs(high) * 0.1 or 1.0
    return (0.0 if 0 <= low <= room else low - room), high + room


def _interval(reading: Reading) -> str:
    if math.isfinite(reading.low):
        return f"{number(reading.low, 3)} to {number(reading.high, 3)}"
    return "one run has no interval" if reading.n == 1 else ""


def _cell(profile: Profile, dial: Dial, low: float, high: float) -> dict[str, Any]:
    return {
        "pieces": list(_pieces(profile, dial, low, high)),
        "marks": [
            {
                "x": round(mark.place, 4),
                "mean": _share(mark.summary.mean, low, high),
                "low": _share(mark.summary.low, low, high) if math.isfinite(mark.summary.low) else None,
                "high": _share(mark.summary.high, low, high) if math.isfinite(mark.summary.low) else None,
                "now": mark.is_current,
            }
            for mark in profile.marks
        ],
    }


def _pieces(profile: Profile, dial: Dial, low: float, high: float) -> Any:
    """The curve in pieces: grey ones beyond what was measured, none where a constraint is broken."""
    if not len(profile.mean):
        return
    kinds = np.where(profile.allowed, profile.beyond.astype(np.int64), 2)
    cuts = [0, *(np.flatnonzero(np.diff(kinds)) + 1).tolist(), len(kinds)]
    for start, stop in pairwise(cuts):
        if kinds[start] == 2:
            continue
        # A piece reaches to the next one, so that the curve has no gaps.
        last = stop + 1 if dial.is_number and stop < len(kinds) and kinds[stop] != 2 else stop
        part = slice(start, last)
        yield {
            "steps": not dial.is_number,
            "beyond": bool(kinds[start]),
            "x": _short(profile.places[part]),
            "mean": _short(_shares(profile.mean[part], low, high)),
            "low": _short(_shares(profile.low[part], low, high)),
            "high": _short(_shares(profile.high[part], low, high)),
        }


def _shares(values: Any, low: float, high: float) -> Any:
    return np.clip((values - low) / (high - low), -1.0, 2.0)


def _share(value: float, low: float, high: float) -> float:
    return round(float(np.clip((value - low) / (high - low), -1.0, 2.0)), 4)


def _short(values: Any) -> list[float]:
    return [round(float(value), 4) for value in values]


def _ticks(low: float, high: float) -> list[float]:
    """Two to four round numbers between the ends."""
    rough = (high - low) / 3
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [each * step for each in range(first, math.floor(high / step + 1e-9) + 1)]
