"""Charts of the outcomes so far, while a study runs: small, light, and drawn again only when there is more to see.

They show aggregates, however many runs there are: the mean of an outcome at each level of a parameter,
or how its values lie when nothing varies. The tables come from `processing`; the drawing is plain
Vega-Lite with the page's own colours, since it is made anew up to twice a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import solara

from mesa_lab.app.charts import Chart
from mesa_lab.app.controls import Choose
from mesa_lab.app.fresh import use_fresh
from mesa_lab.app.markup import tag
from mesa_lab.app.wording import shorten
from mesa_lab.errors import OutcomeError

if TYPE_CHECKING:
    import pandas as pd

    from mesa_lab.processing.results import Results

__all__ = ["Live", "LiveChart", "LiveCharts", "draw_live"]

MOST_CHARTS: Final = 4
MOST_ROWS: Final = 400
HEIGHT: Final = 180


@dataclass(frozen=True, eq=False)
class LiveChart:
    """One chart.

    Attributes:
        outcome: What it shows.
        label: The same in words, with what it is shown against.
        specification: In Vega-Lite.
        table: The rows behind it, with readable names.
    """

    outcome: str
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
    shown = table.dropna(subset=["mean"])
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
        ends = results.points[results.columns[parameter]].astype("float64")
        scale = {"domain": [ends.min(), ends.max()], "nice": False, "padding": 12}
        x |= {"type": "quantitative", "scale": {**scale, "type": "log" if about["log"] else "linear"}}
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
            "mark": {"type": "rule", "opacity": 0.3 if cloud else 0.8, "strokeWidth": 1 if many else 1.5},
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
            1, {"mark": {"type": "line", "opacity": 0.5}, "encoding": {"x": x, "y": {**y, "field": "mean"}}}
        )
    rows = _rows(shown, ["x", "mean", "low", "high", "n"])
    return LiveChart(
        outcome,
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
    return LiveChart(outcome, f"{_name(outcome)}: how often which values", _specification(rows, [bar]), table)


def _specification(rows: list[dict[str, Any]], layers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"width": "container", "height": HEIGHT, "data": {"values": rows}, "layer": layers}


def _tip(title: str, field: str, *, plain: bool = False) -> dict[str, Any]:
    kind = {"type": "nominal"} if plain else {"type": "quantitative", "format": ",.4~g"}
    return {"field": field, "title": title, **kind}


def _rows(table: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    from mesa_lab.processing.wording import records

    return list(records(table[list(columns)]))


def _name(outcome: str) -> str:
    from mesa_lab.processing.wording import label

    return label(outcome)


@solara.component
def LiveCharts(path: Path, finished: int, *, running: bool = True) -> None:
    """Show the outcomes of a study so far.

    Args:
        path: The study.
        finished: How many runs have a result: when this changes, there is something new to draw.
        running: Whether there may be more soon.
    """
    parameter, set_parameter = solara.use_state("")
    fresh = use_fresh(lambda: draw_live(path, parameter), finished, topic=(path, parameter))
    known = solara.use_ref(Live())
    if fresh.value is not None:
        known.current = fresh.value
    live: Live = known.current
    with tag("section", "ml-panel", aria_label="Outcomes so far"):
        with tag("div", "ml-panel-head"):
            with tag("div"):
                tag("h2", "", "Outcomes so far" if running else "Outcomes")
                tag("p", "ml-quiet", live.caption or "Drawn as the runs come in.")
            if len(live.parameters) > 1:
                items = [(name, shorten(name, 30)) for name in live.parameters]
                value = parameter if parameter in live.parameters else live.parameters[0]
                Choose("Against", value, set_parameter, items, classes="ml-against")
        if fresh.problem:
            tag("p", "ml-error-text", fresh.problem, role="alert")
        if not live.charts:
            tag("p", "ml-nothing ml-quiet", _nothing(live, finished, running))
        with tag("div", "ml-charts ml-live"):
            for chart in live.charts:
                with tag("figure", "ml-figure").key(chart.outcome):
                    tag("figcaption", "", _name(chart.outcome))
                    Chart(chart.specification, chart.label, table=chart.table, filename=chart.outcome)
        if live.others:
            names = ", ".join(shorten(name, 30) for name in live.others[:8]) + (
                ", …" if len(live.others) > 8 else ""
            )
            tag("p", "ml-quiet", f"Measured too, see the results: {names}.")


def _nothing(live: Live, finished: int, running: bool) -> str:
    if live.runs:
        return "No run has left an outcome that is a number."
    if finished and running:
        return "Waiting for the first run that comes to its end …"
    return "The first results will appear here." if running else "No run has come to its end."
