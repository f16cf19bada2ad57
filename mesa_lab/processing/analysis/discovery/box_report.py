"""What is shown of boxes: their table, that of their limits, and the charts."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from mesa_lab.processing.analysis.conclusion import ConclusionChart
from mesa_lab.processing.analysis.discovery import charts
from mesa_lab.processing.analysis.discovery.box import Box, Space, members
from mesa_lab.processing.analysis.discovery.box_limits import Limit, unit_limits
from mesa_lab.processing.analysis.discovery.prim import quasi_p
from mesa_lab.processing.analysis.discovery.selection import Judgement
from mesa_lab.processing.analysis.inference import wilson
from mesa_lab.processing.analysis.observations import Observations
from mesa_lab.processing.analysis.phrases import and_list
from mesa_lab.processing.wording import plural, shorten

__all__ = ["box_charts", "box_table", "limits_table"]

_MOST_DOTS: Final = 3000


def box_table(
    observed: Observations,
    space: Space,
    boxes: list[Box],
    described: list[list[Limit]],
    found: Judgement,
    level: float,
) -> pd.DataFrame:
    """Return one row per box."""
    rows = []
    for number, (box, limits) in enumerate(zip(boxes, described, strict=True), 1):
        low, high = wilson(box.events, box.n, level)
        rows.append(
            {
                "box": number,
                "where": and_list([limit.text for limit in limits]) or "everywhere",
                "coverage": box.coverage,
                "density": box.density,
                "density_low": float(low),
                "density_high": float(high),
                "n_points": box.n,
                "n_runs": int(observed.count[members(space, box)].sum()),
                "share_of_space": box.n / observed.n_points,
                "constraints": " and ".join(limit.constraint for limit in limits if limit.constraint),
            }
        )
    return pd.DataFrame(rows)


def limits_table(
    observed: Observations, space: Space, boxes: list[Box], described: list[list[Limit]], found: Judgement
) -> pd.DataFrame:
    """One row per restriction: how certain it is, and how often it comes again."""
    rows = []
    for number, (box, limits) in enumerate(zip(boxes, described, strict=True), 1):
        for at, limit in zip(box.restricted(space), limits, strict=True):
            again = float(found.again[at]) if number == 1 else np.nan
            rows.append((number, limit.name, limit.text, quasi_p(space, box, at), again))
    return pd.DataFrame(rows, columns=["box", "parameter", "limit", "quasi_p", "found_again"])


def box_charts(
    event: str,
    observed: Observations,
    space: Space,
    boxes: list[Box],
    described: list[list[Limit]],
    trajectory: list[Box],
) -> list[ConclusionChart]:
    """Return the way of the search, the first box among the points, and the limits of all boxes."""
    shown = shorten(event, 60)
    runs = f"{plural(observed.n_points, 'point')}, {plural(observed.n_runs, 'run')}."
    path = [(box.coverage, box.density, len(box.restricted(space)), box.n, "") for box in trajectory]
    path += [
        (box.coverage, box.density, len(box.restricted(space)), box.n, f"box {number}")
        for number, box in enumerate(boxes, 1)
    ]
    found = [
        charts.trade_off(
            pd.DataFrame(path, columns=["coverage", "density", "restricted", "n", "chosen"]),
            f"Where {shown}: boxes on the way",
            [
                f"Each dot is a box; smaller ones hold fewer cases but more densely; {runs}",
                *observed.left_out(),
            ],
        )
    ]
    pairs = [at for at in boxes[0].restricted(space) if observed.factors[at].is_number]
    free = [at for at, factor in enumerate(observed.factors) if factor.is_number and at not in pairs]
    two = (pairs + free)[:2]
    if len(two) == 2:
        found.append(_pair(shown, observed, space, boxes[0], (two[0], two[1]), runs))
    rows = [
        (f"box {number}", shorten(limit.name), *_span(observed, box, at, limit), limit.text)
        for number, (box, limits) in enumerate(zip(boxes, described, strict=True), 1)
        for at, limit in zip(box.restricted(space), limits, strict=True)
    ]
    if rows:
        found.append(
            charts.limits(
                pd.DataFrame(rows, columns=["box", "parameter", "from", "to", "text"]),
                f"Where {shown}: limits",
                [f"The part of each range that a box keeps; choices: the share of their values; {runs}"],
            )
        )
    return found


def _span(observed: Observations, box: Box, at: int, limit: Limit) -> tuple[float, float]:
    factor = observed.factors[at]
    if factor.is_number:
        return unit_limits(factor, box, at)
    return 0.0, len(limit.values) / len(factor.levels)


def _pair(
    shown: str, observed: Observations, space: Space, box: Box, two: tuple[int, int], runs: str
) -> ConclusionChart:
    one, other = (observed.factors[at] for at in two)
    rows = pd.DataFrame(
        {
            "x": one.values.to_numpy(dtype=np.float64),
            "y": other.values.to_numpy(dtype=np.float64),
            "share": space.share,
        }
    )
    sentences = [f"Each dot is a point; the frame is the box; {runs}"]
    if len(rows) > _MOST_DOTS:
        sentences.append(f"{_MOST_DOTS:,} of the points are shown.")
        rows = rows.sample(_MOST_DOTS, random_state=1).sort_index().reset_index(drop=True)
    ends = [
        (float(factor.levels[box.low[at]]), float(factor.levels[box.high[at]]))
        for factor, at in ((one, two[0]), (other, two[1]))
    ]
    corners = {"x": ends[0][0], "x2": ends[0][1], "y": ends[1][0], "y2": ends[1][1]}
    return charts.pair(rows, corners, (shorten(one.name), shorten(other.name)), f"Where {shown}", sentences)
