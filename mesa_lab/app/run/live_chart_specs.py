"""The drawing of the outcomes so far: small and light, since it is made anew while a study runs.

It shows aggregates, however many runs there are: the mean of an outcome at each level of a parameter,
or how its values lie when nothing varies. The tables come from `processing`; the drawing is plain
Vega-Lite with the page's own colours, as altair takes a quarter of a second for a chart. No page is
known here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import OutcomeError

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.results import Results

__all__ = ["Live", "LiveChart", "draw_live"]

MOST_CHARTS: Final = 4
MOST_ROWS: Final = 400
FEW_LEVELS: Final = 8
HEIGHT: Final = 230


@dataclass(frozen=True, eq=False)
class LiveChart:
    """One chart.

    Attributes:
        outcome: What it shows.
        title: The same in words.
        label: The same with what it is shown against.
        specification: In Vega-Lite.
        table: The rows behind it, with readable names.
    """

    outcome: str
    title: str
    label: str
    specification: dict[str, Any]
    table: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Live:
    """What can be shown by now.

    Attributes:
        runs: How many runs have come to their end.
        charts: A few charts.
        parameters: The varied parameters, by any of which they can be drawn.
        caption: What the charts have in common.
        others: Outcomes for which there was no room.
    """

    runs: int = 0
    charts: tuple[LiveChart, ...] = ()
    parameters: tuple[str, ...] = ()
    caption: str = ""
    others: tuple[str, ...] = ()


def draw_live(path: Path, parameter: str = "") -> Live:
    """Draw what the runs of a study have shown by now.

    Args:
        path: The study; it may be running.
        parameter: The varied parameter to draw outcomes against; empty for the first.
    """
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study

    with Study.open(path) as study:
        results = Results(study)
        parameters = results.parameters
        if not results.done.any():
            return Live(parameters=parameters)
        chosen = parameter if parameter in parameters else next(iter(parameters), "")
        charts: list[LiveChart] = []
        others: list[str] = []
        for outcome in results.outcomes:
            if len(charts) == MOST_CHARTS:
                others.append(outcome)
                continue
            try:
                charts.append(_against(results, outcome, chosen) if chosen else _spread(results, outcome))
            except OutcomeError:
                continue  # text, or no value yet
    caption = (
        "Means of the final values with 95 % confidence intervals"
        if chosen
        else "Final values of the runs so far"
    )
    return Live(int(results.done.sum()), tuple(charts), parameters, caption, tuple(others))


def _against(results: Results, outcome: str, parameter: str) -> LiveChart:
    from mesa_lab.processing.charts import effect, readable

    table = effect.table(results, outcome, parameter=parameter)
    about = table.attrs["chart"]
    # An infinite mean, of a ratio for example, has no place on an axis; the table beside the chart has it.
    drawn = table[["mean", "low", "high"]].astype("float64").replace([math.inf, -math.inf], math.nan)
    shown = table.assign(**drawn).dropna(subset=["mean"])
    if shown.empty:
        raise OutcomeError(f"No run has reported '{outcome}' yet.")
    if len(shown) > MOST_ROWS:  # by number, so that a point that was drawn stays where it is
        shown = shown[shown["point"] % -(-len(shown) // MOST_ROWS) == 0]
    cloud, many = about["cloud"], len(shown) > 40
    x: dict[str, Any] = {
        "field": "x",
        "title": about["columns"]["x"],
        "axis": {"grid": False, "labelAngle": 0},
    }
    if about["numeric"]:
        # The ends are those of the whole design, so that the axis stays as it is while points come in.
        levels = results.points[results.columns[parameter]].astype("float64")
        scale = {"domain": [levels.min(), levels.max()], "nice": False, "padding": 12}
        x |= {"type": "quantitative", "scale": {**scale, "type": "log" if about["log"] else "linear"}}
        few = sorted(set(levels))
        x["axis"] |= {"labelOverlap": True} | (
            {"values": few, "format": ",.6~g"} if len(few) <= FEW_LEVELS else {"tickCount": 6}
        )
    else:
        x |= {"type": "nominal", "sort": about["order"]}
    y: dict[str, Any] = {
        "type": "quantitative",
        "title": None,
        "scale": {"zero": False},
        "axis": {"tickCount": 4},
    }
    if about["share"]:
        y |= {"scale": {"domain": [0, 1]}, "axis": {"tickCount": 4, "format": "%"}}
    tips = [(about["columns"]["x"], "x"), ("mean", "mean"), ("low", "low"), ("high", "high"), ("runs", "n")]
    tooltip = [_tip(title, field, plain=field == "x" and not about["numeric"]) for title, field in tips]
    layers: list[dict[str, Any]] = [
        {
            "mark": {
                "type": "rule",
                "style": "interval",
                "opacity": 0.3 if cloud else 0.8,
                "strokeWidth": 1 if many else 1.5,
            },
            "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "mark": {
                "type": "point",
                "filled": True,
                "opacity": 0.7 if cloud else 1,
                "size": 24 if many else 55,
            },
            "encoding": {"x": x, "y": {**y, "field": "mean"}, "tooltip": tooltip},
        },
    ]
    if about["numeric"] and not cloud and len(shown) > 1:
        layers.insert(
            1,
            {
                "mark": {"type": "line", "opacity": 0.85, "strokeWidth": 1.5},
                "encoding": {"x": x, "y": {**y, "field": "mean"}},
            },
        )
    rows = _rows(shown, ["x", "mean", "low", "high", "n"])
    return LiveChart(
        outcome,
        _name(outcome),
        f"{_name(outcome)} against {about['columns']['x']}",
        _specification(rows, layers),
        readable(table),
    )


def _spread(results: Results, outcome: str) -> LiveChart:
    """How the values of an outcome lie when nothing varies."""
    import numpy as np
    import pandas as pd

    from mesa_lab.processing.analysis.summary import numbers

    values, _ = numbers(results.values(outcome), outcome)
    values = values[np.isfinite(values)]
    if not len(values):
        raise OutcomeError(f"No run has reported '{outcome}' yet.")
    counts, edges = np.histogram(values, bins=min(30, max(5, int(np.sqrt(len(values))))))
    table = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "runs": counts})
    bar = {
        "mark": {"type": "bar", "binSpacing": 1},
        "encoding": {
            "x": {
                "field": "from",
                "type": "quantitative",
                "bin": {"binned": True},
                "title": None,
                "axis": {"grid": False, "tickCount": 8, "labelOverlap": True},
            },
            "x2": {"field": "to"},
            "y": {
                "field": "runs",
                "type": "quantitative",
                "title": "runs",
                "axis": {"tickCount": 4, "tickMinStep": 1},
            },
            "tooltip": [_tip("from", "from"), _tip("to", "to"), _tip("runs", "runs")],
        },
    }
    rows = _rows(table, list(table))
    title = _name(outcome)
    return LiveChart(outcome, title, f"{title}: how often which values", _specification(rows, [bar]), table)


def _specification(rows: list[dict[str, Any]], layers: list[dict[str, Any]]) -> dict[str, Any]:
    # With axes and titles, so that charts beside each other are equally high.
    fit = {"type": "fit", "contains": "padding"}
    return {
        "width": "container",
        "height": HEIGHT,
        "autosize": fit,
        "data": {"values": rows},
        "layer": layers,
    }


def _tip(title: str, field: str, *, plain: bool = False) -> dict[str, Any]:
    kind = {"type": "nominal"} if plain else {"type": "quantitative", "format": ",.4~g"}
    return {"field": field, "title": title, **kind}


def _rows(table: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    from mesa_lab.formatting import records

    return list(records(table[list(columns)]))


def _name(outcome: str) -> str:
    from mesa_lab.formatting import label

    return label(outcome)
