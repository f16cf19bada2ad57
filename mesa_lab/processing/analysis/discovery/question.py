"""The question when an event happens: boxes in the space of parameters, judged against chance, and what to run in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from mesa_lab.errors import MesaLabError, OutcomeError
from mesa_lab.formatting import plural, shorten
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.processing.analysis.boxes.box_limits import Limit, limits_of, narrowed, unit_limits
from mesa_lab.processing.analysis.boxes.prim import Box, Space, members, quasi_p
from mesa_lab.processing.analysis.conclusion import Conclusion, ConclusionChart
from mesa_lab.processing.analysis.discovery import charts
from mesa_lab.processing.analysis.discovery.event import event_in_words, event_values, parse_event
from mesa_lab.processing.analysis.discovery.selection import Judgement, judge, search
from mesa_lab.processing.analysis.discovery.tree import leaves
from mesa_lab.processing.analysis.next_runs import NextRuns, as_design, larger_design
from mesa_lab.processing.analysis.observations import Observations, observe_values
from mesa_lab.processing.analysis.phrases import and_list, percent, percent_interval
from mesa_lab.processing.analysis.question import Question
from mesa_lab.processing.statistics.intervals import wilson
from mesa_lab.processing.statistics.summary import checked_level
from mesa_lab.processing.tables.nothing_to_show import nothing_ended

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["QUESTION", "conclude"]

type Floats = npt.NDArray[np.float64]

TEXT: Final = "When does it happen?"
FEWEST_POINTS: Final = 20
CERTAIN: Final = 0.05
NEXT_POINTS: Final = 200
_MOST_DOTS: Final = 3000
METHOD: Final = (
    "PRIM (Friedman and Fisher, 1999) on the share of each point's runs, with the lenient objective, pasting and choices peeled by "
    "level; the box that tells inside from outside best (likelihood ratio), less restrictions that add hardly anything to it; quasi-p of "
    "restrictions after Bryant and Lempert (2010); Wilson's interval over points; p by dealing the outcomes anew among the points, 99 times; density at fresh "
    "points from those that 60 bootstrap resamples left out. The tree is CART."
)


def conclude(results: Reader, event: str, density: float | None = None, level: float = 0.95) -> Conclusion:
    """Say in which part of the space an event happens.

    Args:
        results: The results.
        event: The condition, as `parse_event` gives it.
        density: How frequent the event must be in the box, 0 to 1; None takes the one that tells inside from
            outside best.
        level: Level of the intervals.

    Raises:
        OutcomeError: If the density is no share.
    """
    level = checked_level(level)
    if density is not None and (not isinstance(density, float | int | np.number) or not 0 < density <= 1):
        raise OutcomeError(
            f"density is {density!r}. Give the share of runs that the event must happen in, such as 0.8."
        )
    observed = observe_event(results, event).measured()
    space = space_of(observed)
    boxes, trajectory = search(space, density)
    found = judge(space, boxes[0], density)
    described = [limits_of(observed.factors, space, box) for box in boxes]
    certain = found.p < CERTAIN and bool(described[0])
    base = float(space.share.mean())
    return Conclusion(
        name="discover",
        question=TEXT,
        outcome=event,
        sentence=_sentence(event, observed, space, boxes, described, found, certain, level)
        + event_in_words(results, event),
        table=_table(observed, space, boxes, described, found, level),
        tables={
            "tree": leaves(observed, space.share),
            "limits": _limits_table(observed, space, boxes, described, found),
        },
        charts=_charts(event, observed, space, boxes, described, trajectory),
        warnings=_warnings(observed, space, found, certain),
        method=METHOD,
        values={
            "base_rate": base,
            "density": boxes[0].density,
            "coverage": boxes[0].coverage,
            "density_at_fresh_points": found.fresh,
            "p": found.p,
            "overlap": found.overlap,
            "constraints": [limit.constraint for limit in described[0] if limit.constraint],
            "n_points": observed.n_points,
            "n_runs": observed.n_runs,
        },
        unknown=_unknown(observed, certain),
        **_next(results, observed, described[0], certain),
    )


def observe_event(results: Reader, event: str) -> Observations:
    """Return the event at the design points: 1 for a run in which it happened, 0 for one in which it did not."""
    return observe_values(results, event, event_values(results, event), is_share=True)


def space_of(measured: Observations) -> Space:
    """Return the points as PRIM takes them."""
    return Space(
        codes=np.column_stack([factor.codes for factor in measured.factors]).astype(np.int64),
        levels=np.array([len(factor.levels) for factor in measured.factors], np.int64),
        unordered=np.array([factor.categorical for factor in measured.factors]),
        share=measured.mean,
    )


def _sentence(
    event: str,
    observed: Observations,
    space: Space,
    boxes: list[Box],
    described: list[list[Limit]],
    found: Judgement,
    certain: bool,
    level: float,
) -> str:
    base = float(space.share.mean())
    overall = f"{shorten(event, 60)} holds in {percent(base)} of the runs"
    if not certain:
        why = (
            "no part of the space stands out"
            if not described[0]
            else f"no part of the space can be told from chance (p = {found.p:.2f}, {plural(observed.n_points, 'point')})"
        )
        return f"{overall}; {why}."
    low, high = wilson(boxes[0].density, boxes[0].n, level)
    outside = ~members(space, boxes[0])
    elsewhere = f", elsewhere in {percent(float(space.share[outside].mean()))}" if outside.any() else ""
    text = (
        f"{overall}. Where {and_list([limit.text for limit in described[0]])} it holds in {percent(boxes[0].density)} of them "
        f"({percent(level)} interval {percent_interval(float(low), float(high))}; {plural(boxes[0].n, 'point')}){elsewhere}; this part "
        f"of the space holds {percent(boxes[0].coverage)} of all cases."
    )
    if np.isfinite(found.fresh) and boxes[0].density - found.fresh > 0.05:
        text += f" At fresh points expect about {percent(found.fresh)}."
    for box, limits in zip(boxes[1:], described[1:], strict=True):
        text += (
            f" Another {percent(box.coverage)} of the cases lie where {and_list([limit.text for limit in limits])} "
            f"(in {percent(box.density)} of the runs there)."
        )
    return text


def _table(
    observed: Observations,
    space: Space,
    boxes: list[Box],
    described: list[list[Limit]],
    found: Judgement,
    level: float,
) -> pd.DataFrame:
    rows = []
    for number, (box, limits) in enumerate(zip(boxes, described, strict=True), 1):
        low, high = wilson(box.density, box.n, level)
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


def _limits_table(
    observed: Observations, space: Space, boxes: list[Box], described: list[list[Limit]], found: Judgement
) -> pd.DataFrame:
    """One row per restriction: how certain it is, and how often it comes again."""
    rows = []
    for number, (box, limits) in enumerate(zip(boxes, described, strict=True), 1):
        for at, limit in zip(box.restricted(space), limits, strict=True):
            again = float(found.again[at]) if number == 1 else np.nan
            rows.append((number, limit.name, limit.text, quasi_p(space, box, at), again))
    return pd.DataFrame(rows, columns=["box", "parameter", "limit", "quasi_p", "found_again"])


def _charts(
    event: str,
    observed: Observations,
    space: Space,
    boxes: list[Box],
    described: list[list[Limit]],
    trajectory: list[Box],
) -> list[ConclusionChart]:
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


def _warnings(observed: Observations, space: Space, found: Judgement, certain: bool) -> list[str]:
    said = observed.left_out()
    events = float(space.share.sum())
    if events < 10 or len(space.share) - events < 10:
        rare = "happened" if events < 10 else "did not happen"
        said.append(
            f"It {rare} at about {max(min(events, len(space.share) - events), 0):.0f} points: few to find a box from."
        )
    if certain and found.overlap < 0.7:
        said.append(
            f"Boxes from resampled points share only {percent(found.overlap)} of this one: its limits are not to be taken literally."
        )
    if observed.count.max() == 1:
        said.append(
            "Each point was run once: whether the event is likely at a point, or happened there by luck, cannot be told."
        )
    if found.n_points < observed.n_points:
        said.append(
            f"Chance and stability are judged on {found.n_points:,} of the {observed.n_points:,} points."
        )
    if observed.common:
        said.append("All points have the same seeds: with other seeds the box may be another.")
    return said


def _unknown(observed: Observations, certain: bool) -> list[str]:
    said = []
    if certain:
        said.append("Whether the limits are as sharp as the box: the event may become more likely gradually.")
    said.append("Events for other reasons than the varied parameters, and beyond their ranges.")
    return said


def _next(results: Reader, observed: Observations, limits: list[Limit], certain: bool) -> dict[str, Any]:
    if not certain:
        grown = larger_design(results, 2)
        return grown.fields(
            f"Twice as many points ({plural(grown.runs, 'more run')}) may show what these do not."
        )
    inside = inside_box(results, limits)
    return inside.fields(
        f"{NEXT_POINTS} more points inside this part of the space ({plural(inside.runs, 'run')} of its own) tell how frequent it "
        "really is there, and where its edges are."
    )


def inside_box(results: Reader, limits: list[Limit]) -> NextRuns:
    """Return the experiment that fills a box with points."""
    from mesa_lab.preparation.designs import LatinHypercube

    experiment: Any = results.experiment
    if not isinstance(experiment, Experiment):
        return NextRuns()
    parameters = dict(experiment.parameters)
    for limit in limits:
        narrower = narrowed(parameters.get(limit.name), limit)
        if narrower is None:
            return NextRuns()
        parameters[limit.name] = narrower
    try:
        inside = replace(
            as_design(results, experiment), parameters=parameters, design=LatinHypercube(NEXT_POINTS)
        )
        return NextRuns(inside, inside.n_runs, grows=False)
    except MesaLabError:
        return NextRuns()


def fits(results: Reader, event: str) -> str | None:
    """Say why the question does not fit these results, None if it does."""
    observed = observe_event(results, event)
    if not observed.factors:
        return "In this study no parameter varies: there is no part of the space where it could happen more often."
    if not results.done.any():
        return nothing_ended(results)
    points = int((observed.count > 0).sum())
    if points < FEWEST_POINTS:
        return f"{plural(points, 'point')} with a value are too few to find a part of the space: {FEWEST_POINTS} are needed at least."
    mean = float(np.nanmean(observed.values))
    if mean in (0.0, 1.0):
        return f"'{event}' {'never' if mean == 0 else 'always'} holds in the {plural(observed.n_runs, 'run')}: there is nothing to tell apart."
    return None


def merit(results: Reader, event: str) -> float:
    """Say how well these results suit the question: points that fill the space, and an event neither rare nor usual."""
    filled = getattr(getattr(results.experiment, "design", None), "space_filling", False)
    base = float(np.nanmean(observe_event(results, event).values))
    return (0.6 if filled else 0.3) + (0.05 if 0.1 <= base <= 0.9 else 0.0)


QUESTION: Final = Question(
    "discover",
    TEXT,
    "Ask it of a condition on outcomes, such as Wolves == 0, to learn in which part of the space it holds.",
    fits,
    conclude,
    merit,
    parse_event,
    about_points=True,
)
