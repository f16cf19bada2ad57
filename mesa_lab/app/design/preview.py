"""The preview of a design beside its form: how many runs, how long, which points, and what to mind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import solara

from mesa_lab.app.components.browser import Measured
from mesa_lab.app.components.chart import Chart
from mesa_lab.app.components.controls import Action
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.points_table import MatrixTable
from mesa_lab.app.design.parameter_fields import Chip
from mesa_lab.app.design.points_chart import MOST_PARAMETERS, ends_of, points_chart
from mesa_lab.drafts.preview import Outlook
from mesa_lab.formatting import about, number, plural
from mesa_lab.workspace.run_time_estimate import cores
from mesa_lab.workspace.test_run import Speed, estimate

if TYPE_CHECKING:
    from mesa_lab.preparation.preview import Preview

__all__ = ["PreviewPanel"]


@solara.component
def PreviewPanel(
    value: Outlook | None,
    *,
    pending: bool,
    steps: int | None,
    speed: Speed | None,
    on_measure: Callable[[], None] | None = None,
    measuring: bool = False,
    log: Sequence[str] = (),
    stale: bool = False,
    faulty: bool = False,
) -> None:
    """Show what a design would run.

    Args:
        value: What it would run, None before anything is known.
        pending: Whether a newer one is being worked out.
        stale: Whether the form holds a mistake, so that this is of an earlier design.
        faulty: Whether this very design cannot run, for what is said at its fields.
        steps: The most steps of a run, None when another rule stops it.
        speed: What a run costs, None when nobody tried.
        on_measure: Called to find out what a run costs.
        measuring: Whether that is under way.
        log: Parameters with a logarithmic range.
    """
    classes = "ml-panel ml-preview" + (" ml-preview-stale" if (stale or faulty) and value is not None else "")
    with tag("section", classes, aria_label="Preview"):
        if stale and value is not None:
            with tag("p", "ml-quiet", role="status"):
                tag("span", "", "Something in the form is not right yet. This is the last design that was.")
        elif faulty and value is not None:
            with tag("p", "ml-quiet", role="status"):
                tag("span", "", "This design cannot run yet: see what is marked in the form.")
        Total(value, pending)
        Duration(value, steps, speed, on_measure, measuring)
        if value is None:
            return
        if value.problem:
            with tag("p", "ml-warning ml-error-text", role="alert"):
                icon("mdi-alert-circle-outline")
                tag("span", "", value.problem)
        if value.note:
            tag("p", "ml-quiet", value.note)
        if value.preview is not None:
            Points(value.preview, log, ends_of(value.experiment))


@solara.component
def Total(value: Outlook | None, pending: bool) -> None:
    """How many points and runs."""
    with tag("div", "ml-total", role="status"):
        if value is None or value.n_points is None or value.n_runs is None:
            tag("h2", "", "Preview")
        else:
            tag("h2", "", plural(value.n_runs, "run"))
            said = f"{plural(value.n_points, 'point')} × {plural(value.replications, 'replication')}"
            tag("span", "ml-quiet", said)
        tag("span", "ml-busy" + (" ml-busy-on" if pending else ""), aria_hidden="true")


@solara.component
def Duration(
    value: Outlook | None,
    steps: int | None,
    speed: Speed | None,
    on_measure: Callable[[], None] | None,
    measuring: bool,
) -> None:
    """About how long it will take."""
    runs = value.n_runs if value is not None else None
    with tag("div", "ml-duration"):
        icon("mdi-clock-outline")
        if measuring:
            tag("span", "ml-quiet", "Measuring one run …")
        elif speed is None:
            tag("span", "ml-quiet", "How long it takes is not known yet.")
            if on_measure is not None:
                Action("Measure one run", on_measure)
        elif runs is None or steps is None:
            one = about(speed.run_seconds(steps)) if steps is not None else about(speed.step_seconds * 100)
            said = f"One run takes {one}." if steps is not None else f"100 steps take {one}."
            tag("span", "", said)
        else:
            time = about(estimate(speed, runs, steps, cores()))
            said = f"{time[:1].upper()}{time[1:]} on {plural(cores(), 'core')}"
            tag(
                "span",
                "",
                said,
                title="From runs of this model so far. Other parameter values may take more or less.",
            )


@solara.component
def Points(preview: Preview, log: Sequence[str], ends: Mapping[str, tuple[float, float]]) -> None:
    """The points of a design: charts, table, diagnostics, warnings."""
    names = [str(name) for name in preview.matrix.columns]
    view, set_view = solara.use_state("chart")
    with tag("div", "ml-points"):
        if not names:
            tag("p", "ml-quiet", "Nothing varies: one point, with the model's defaults and the fixed values.")
            Warnings(preview)
            return
        Views(view, set_view)
        if view == "chart":
            PointsChart(preview, names, log, ends)
        elif view == "table":
            MatrixTable(preview.matrix)
        else:
            Diagnostics(preview)
        Warnings(preview)


@solara.component
def PointsChart(
    preview: Preview, names: list[str], log: Sequence[str], ends: Mapping[str, tuple[float, float]]
) -> None:
    """The points, for up to five parameters at a time."""
    chosen, set_chosen = solara.use_state(tuple[str, ...]())
    width, set_width = solara.use_state(0)
    shown = tuple(name for name in chosen if name in names) or tuple(names[:4])

    def draw() -> Any:
        return points_chart(preview.matrix, shown, log, width, ends) if preview.n_points and width else None

    chart = solara.use_memo(draw, dependencies=[id(preview), shown, tuple(log), width])

    def toggle(name: str) -> None:
        kept = tuple(each for each in names if (each in shown) != (each == name))
        if 0 < len(kept) <= MOST_PARAMETERS:
            set_chosen(kept)

    with tag("div", "ml-points-chart"):
        Measured(event_measured=set_width)
        if len(names) > 4:
            with tag("div", "ml-chips", role="group", aria_label="Parameters shown"):
                for name in names:
                    Chip(name, name in shown, toggle).key(name)
        Chart(chart, f"Design points: {', '.join(shown)}", filename="design_points", empty="")


@solara.component
def Views(value: str, on_value: Callable[[str], None]) -> None:
    """Chart, table or diagnostics."""
    views = (("chart", "Points"), ("table", "Table"), ("numbers", "Diagnostics"))
    with tag("div", "ml-tabs", role="group", aria_label="View"):
        for name, label in views:
            View(label, name == value, lambda name=name: on_value(name)).key(name)


@solara.component
def View(label: str, chosen: bool, on_click: Callable[[], None]) -> solara.Element:
    """The button of one view."""
    button = tag(
        "button",
        "ml-tab" + (" ml-tab-on" if chosen else ""),
        tag("span", "", label),
        type="button",
        aria_pressed="true" if chosen else "false",
    )
    solara.v.use_event(button, "click", lambda *_: on_click())
    return button


@solara.component
def Warnings(preview: Preview) -> None:
    """What a methodologist would say."""
    if not preview.warnings:
        return
    with tag("ul", "ml-warnings", aria_label="Advice on the design"):
        for text in preview.warnings:
            with tag("li", "ml-warning"):
                icon("mdi-lightbulb-outline")
                tag("span", "", text)


@solara.component
def Diagnostics(preview: Preview) -> None:
    """How well the points cover the space, in numbers."""
    from mesa_lab.preparation.diagnostics.aliasing import roman

    pair = " and ".join(preview.correlated or ())
    rows: list[tuple[str, str, str]] = [
        ("Points left out by constraints", f"{preview.n_dropped:,}", ""),
        ("Identical points made one", f"{preview.n_merged:,}", ""),
        ("Centred discrepancy", _maybe(preview.discrepancy), _beside(preview)),
        ("Smallest distance of two points", _maybe(preview.min_distance), "in the unit cube"),
        ("Largest correlation", _maybe(preview.max_abs_correlation), pair),
        ("Largest Cramér’s V", _maybe(preview.cramers_v), " and ".join(preview.associated or ())),
        ("Resolution", roman(preview.resolution) if preview.resolution else "–", _resolution(preview)),
    ]
    mixed = preview.aliases[preview.aliases["aliased_with"] != ""][["term", "aliased_with"]].rename(
        columns={"term": "Effect", "aliased_with": "Cannot be told from"}
    )
    coverage = preview.coverage.reset_index().rename(
        columns={
            "parameter": "Parameter",
            "levels": "Values",
            "lowest": "Lowest",
            "highest": "Highest",
            "covered": "Covered",
        }
    )
    with tag("div", "ml-points"):
        with tag("table", "ml-table ml-table-tight"), tag("tbody"):
            for label, value, note in rows:
                with tag("tr"):
                    tag("th", "", label, scope="row")
                    tag("td", "ml-number", value)
                    tag("td", "ml-quiet ml-wide", note)
        MatrixTable(
            coverage, numbered=False, percent=("Covered",), label="Coverage of each parameter", missing="–"
        )
        if len(mixed):
            MatrixTable(mixed, numbered=False, label="Effects that are mixed up with each other")


def _beside(preview: Preview) -> str:
    random = preview.random_discrepancy
    return "0 is even" if random is None else f"0 is even; random points {number(random)}"


def _resolution(preview: Preview) -> str:
    if preview.aliases.empty:
        return "of designs of a few levels"
    if preview.resolution is None:
        return "nothing mixed up entirely" if (preview.aliases["aliased_with"] == "").all() else ""
    return (
        "",
        "",
        "main effects with each other",
        "main effects with interactions",
        "interactions with each other",
        "",
    )[min(preview.resolution, 5)]


def _maybe(value: float | None) -> str:
    return "–" if value is None else number(value)
