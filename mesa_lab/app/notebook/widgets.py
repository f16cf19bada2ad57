"""The pieces that a notebook can show one by one: the preview of a design, the charts of a study.

Each is a component with the look of the app around it, and needs neither a server nor the other steps:

    from mesa_lab.app.notebook.widgets import DesignPreview, StudyCharts
    DesignPreview(experiment)       # as the last line of a cell
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import solara

from mesa_lab.app import asset_paths
from mesa_lab.app.components.html import HtmlRoot, Style, tag
from mesa_lab.app.components.run_styles import RunLook
from mesa_lab.app.design.preview import PreviewPanel
from mesa_lab.app.frame import Look
from mesa_lab.app.hooks.use_colour_mode import Surroundings, notebook_mode
from mesa_lab.app.results.charts import ChartPanel
from mesa_lab.app.state.result_view import ResultView
from mesa_lab.drafts.preview import look
from mesa_lab.workspace.shared_results import open_results

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["DesignPreview", "NotebookFrame", "StudyCharts"]

_STYLES: Final = (
    asset_paths.assets() / "custom.css",  # a server puts it into its pages, a notebook does not know it
    Path(__file__).with_name("lab.css"),
    Path(__file__).parents[1] / "results" / "results.css",
)


@solara.component
def NotebookFrame(children: list[solara.Element] = []) -> None:  # noqa: B006  reacton hands in a new list
    """Give components the look of the app, light or dark as the notebook is.

    Args:
        children: The components.
    """
    dark, set_dark = solara.use_state(False)
    notebook_mode.provide(dark)
    classes = "ml-app ml-lab" + (" ml-lab-dark" if dark else "")
    with HtmlRoot():
        looks = [Look(), RunLook(), *map(Style, _STYLES)]
        tag("div", classes, *looks, Surroundings(event_mode=set_dark), *children)


@solara.component
def DesignPreview(experiment: Experiment) -> None:
    """Show what an experiment would run: how much, which points, how well they cover the space, and what to mind.

    Args:
        experiment: The experiment.
    """
    outlook = solara.use_memo(lambda: look(experiment), dependencies=[experiment])
    log = [name for name, given in experiment.space.varied.items() if getattr(given, "log", False)]
    with NotebookFrame():
        PreviewPanel(outlook, pending=False, steps=experiment.max_steps, speed=None, log=log)


@solara.component
def StudyCharts(study: str | Path) -> None:
    """Show the charts of a study, with a choice of outcome and kind.

    Args:
        study: The study file.

    Raises:
        StudyError: If there is no study, or it cannot be read.
    """
    opened = solara.use_memo(lambda: open_results(Path(study)), dependencies=[str(study)])
    view, set_view = solara.use_state(ResultView())
    with NotebookFrame():
        ChartPanel(
            opened,
            view.outcome,
            lambda outcome: set_view(replace(view, outcome=outcome)),
            kind=view.chart,
            on_kind=lambda chart: set_view(replace(view, chart=chart)),
            options=view.chosen,
            on_option=lambda *choice: set_view(view.with_option(*choice)),
        )
