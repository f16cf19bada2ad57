"""What models of earlier Mesa releases use that later ones no longer have: the last release with it, and what took its place.

From Mesa's migration guide and release notes, and from what is in each release.
"""

from __future__ import annotations

import sys
import types
from importlib.metadata import version
from typing import Final, NamedTuple

__all__ = ["remedy"]

_GUIDE: Final = "https://mesa.readthedocs.io/latest/migration_guide.html"


class _Gone(NamedTuple):
    last: str
    """The last release that has it."""
    instead: str


_TORNADO: Final = (
    "Pages are made by mesa.visualization.SolaraViz now; the model itself needs none: leave the import out."
)
_RUNS: Final = "Mesa Lab runs models by itself: leave the import out."
_SPACES: Final = "Spaces are in mesa.discrete_space and mesa.experimental.continuous_space now."

_MODULES: Final = {
    "mesa.flat": _Gone("2.4", "Import from the modules themselves, as in: from mesa.space import MultiGrid."),
    "mesa.visualization.modules": _Gone("2.4", _TORNADO),
    "mesa.visualization.ModularVisualization": _Gone("2.4", _TORNADO),
    "mesa.visualization.TextVisualization": _Gone("2.4", _TORNADO),
    "mesa.visualization.UserParam": _Gone(
        "2.4", "Sliders stand in model_params now; the model itself needs none."
    ),
    "mesa.experimental.jupyter_viz": _Gone("2.4", _TORNADO),
    "mesa.time": _Gone("3.0", "Schedulers are methods of self.agents now."),
    "mesa.experimental.solara_viz": _Gone("3.0", _TORNADO),
    "mesa.experimental.components": _Gone("3.0", _TORNADO),
    "mesa.experimental.cell_space": _Gone("3.3", "It is mesa.discrete_space now."),
    "mesa.space": _Gone("3.5", _SPACES),
    "mesa.batchrunner": _Gone("3.5", _RUNS),
    "mesa.experimental.devs": _Gone(
        "3.5", "Its simulators are part of mesa.Model now: model.schedule_event, model.run_for."
    ),
}
_NAMES: Final = {
    "BatchRunner": _Gone("1.2", _RUNS),
    "BatchRunnerMP": _Gone("1.2", _RUNS),
    "FixedBatchRunner": _Gone("1.2", _RUNS),
    "batch_run": _Gone("3.5", _RUNS),
    "BaseScheduler": _Gone("3.0", 'Instead of schedule.step(): self.agents.do("step").'),
    "RandomActivation": _Gone("3.0", 'Instead of schedule.step(): self.agents.shuffle_do("step").'),
    "SimultaneousActivation": _Gone(
        "3.0", 'Instead of schedule.step(): self.agents.do("step"); self.agents.do("advance").'
    ),
    "StagedActivation": _Gone("3.0", "Instead of schedule.step(): self.agents.do(stage) for each stage."),
    "RandomActivationByType": _Gone(
        "3.0", 'Instead of schedule.step(): self.agents_by_type[kind].shuffle_do("step") for each type.'
    ),
    "DiscreteEventScheduler": _Gone("2.4", "Events are planned by the model now: model.schedule_event."),
    "HexGrid": _Gone(
        "2.4", "It is mesa.space.HexSingleGrid or HexMultiGrid, or mesa.discrete_space.HexGrid."
    ),
    "Grid": _Gone(
        "2.4", "It is mesa.space.SingleGrid or MultiGrid, or mesa.discrete_space.OrthogonalMooreGrid."
    ),
    "ModularServer": _Gone("2.4", _TORNADO),
    "CanvasGrid": _Gone("2.4", _TORNADO),
    "ChartModule": _Gone("2.4", _TORNADO),
    "TextElement": _Gone("2.4", _TORNADO),
    "JupyterViz": _Gone("2.4", _TORNADO),
    "make_plot_measure": _Gone("2.4", "It is mesa.visualization.make_plot_component now."),
    "cell_space": _Gone("3.3", "It is mesa.discrete_space now."),
    "ABMSimulator": _Gone("3.5", "Its work is done by mesa.Model now: model.schedule_event, model.run_for."),
    "DEVSimulator": _Gone("3.5", "Its work is done by mesa.Model now: model.schedule_event, model.run_for."),
    **dict.fromkeys(
        ("SingleGrid", "MultiGrid", "NetworkGrid", "ContinuousSpace", "HexSingleGrid", "HexMultiGrid"),
        _Gone("3.5", _SPACES),
    ),
}
_OF_MODELS: Final = {
    "schedule": _Gone(
        "2.4", "Where it was made, leave it out; agents are in self.agents, steps are counted by self.steps."
    ),
    "next_id": _Gone("2.4", "Agents get their unique_id by themselves: super().__init__(model)."),
    "current_id": _Gone("2.4", "Agents get their unique_id by themselves: super().__init__(model)."),
    "initialize_data_collector": _Gone("3.0", "Instead: self.datacollector = mesa.DataCollector(...)."),
    "get_agents_of_type": _Gone("3.0", "Instead: self.agents_by_type[kind]."),
    "_steps": _Gone("2.4", "It is self.steps now."),
    "reset_randomizer": _Gone("3.5", "It is self.reset_rng now."),
}


def remedy(error: BaseException) -> str:
    """Say what to do about an error that comes of a model's having been written for an earlier Mesa.

    Args:
        error: What was raised, while the model was imported, built or run.

    Returns:
        A few sentences, or an empty text when the error is of another kind.

    Example:
        >>> remedy(ModuleNotFoundError("No module named 'mesa.flat'", name="mesa.flat"))[-160:-76]
        'Import from the modules themselves, as in: from mesa.space import MultiGrid. What ha'
    """
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "mesa":
        return _of_import(error.name or "", getattr(error, "name_from", None))
    if isinstance(error, AttributeError) and error.name:
        if isinstance(error.obj, types.ModuleType) and error.obj.__name__.partition(".")[0] == "mesa":
            return _of_import(error.obj.__name__, error.name)
        return _of_model(error)
    if isinstance(error, TypeError):
        return _of_agent(error)
    return ""


def _of_import(module: str, name: str | None) -> str:
    what = f"no '{name}' in '{module}'" if name else f"no module '{module}'"
    full = f"{module}.{name}" if name else module
    gone = _NAMES.get(name or "") or next(
        (each for known, each in _MODULES.items() if f"{full}.".startswith(f"{known}.")), None
    )
    if gone is None or (gone is _MODULES.get(module) and module in sys.modules):
        # A name that a module of this Mesa lacks may never have been there.
        return f"the installed Mesa, {version('mesa')}, has {what}: the model was written for another release. {_see()}"
    return f"the installed Mesa, {version('mesa')}, has {what}: Mesa {gone.last} was the last with it. {gone.instead} {_see()}"


def _of_model(error: AttributeError) -> str:
    import mesa

    gone = _OF_MODELS.get(error.name or "")
    if gone is None or not isinstance(error.obj, mesa.Model):
        return ""
    return f"Models had '{error.name}' until Mesa {gone.last}; the installed one is {version('mesa')}. {gone.instead} {_see()}"


def _of_agent(error: TypeError) -> str:
    """An agent made as until Mesa 2: with its number before the model."""
    if "__init__() takes" not in str(error):
        return ""
    import mesa

    trace = error.__traceback__
    while trace is not None:
        values = trace.tb_frame.f_locals
        if (
            trace.tb_frame.f_code.co_name == "__init__"
            and isinstance(values.get("self"), mesa.Agent)
            and "unique_id" in values
        ):
            return (
                f"Agents took a unique_id until Mesa 2.4; the installed one is {version('mesa')}. "
                f"They number themselves now: super().__init__(model). {_see()}"
            )
        trace = trace.tb_next
    return ""


def _see() -> str:
    return f"What has changed: {_GUIDE}"
