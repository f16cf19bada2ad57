"""What went wrong when a model's file was imported, and what to do: in words for who wrote the model or found it somewhere."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Final

__all__ = ["import_trouble"]

_GUIDE: Final = "https://mesa.readthedocs.io/latest/migration_guide.html"

# What models of earlier releases import, and what there is instead.
_INSTEAD: Final = {
    "mesa.experimental.cell_space": "It is mesa.discrete_space now.",
    "mesa.experimental.devs": "Its simulators are part of mesa.Model now.",
    "mesa.visualization.modules": "Charts and grids are made by SolaraViz now; the model itself needs neither.",
    "mesa.visualization.ModularVisualization": "Pages are made by SolaraViz now; the model itself needs none.",
    "mesa.visualization.UserParam": "Sliders stand in model_params now; the model itself needs none.",
    "mesa.batchrunner": "Mesa Lab runs models by itself: leave the import out.",
    "BatchRunner": "Mesa Lab runs models by itself: leave the import out.",
    "batch_run": "Mesa Lab runs models by itself: leave the import out.",
    "BaseScheduler": 'Instead of schedule.step(): self.agents.do("step").',
    "RandomActivation": 'Instead of schedule.step(): self.agents.shuffle_do("step").',
    "SimultaneousActivation": 'Instead of schedule.step(): self.agents.do("step"); self.agents.do("advance").',
    "StagedActivation": "Instead of schedule.step(): self.agents.do(stage) for each stage.",
    "RandomActivationByType": 'Instead of schedule.step(): self.agents_by_type[kind].shuffle_do("step") for each type.',
}


def import_trouble(error: BaseException) -> str:
    """Say what stopped an import and how to mend it.

    Args:
        error: What was raised.

    Example:
        >>> import_trouble(ModuleNotFoundError("No module named 'pets'", name="pets"))
        "it needs the module 'pets', which was not found. Install it, or put it beside the model's file."
    """
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "mesa":
        return _other_mesa(error)
    if isinstance(error, ModuleNotFoundError):
        return f"it needs the module '{error.name}', which was not found. Install it, or put it beside the model's file."
    if isinstance(error, SystemExit):
        return (
            f"it ends the program while it is imported (SystemExit: {error.code}), as scripts do that read a command line. "
            'Put what is to happen only when it is run as a script below: if __name__ == "__main__":'
        )
    if isinstance(error, FileNotFoundError) and isinstance(error.filename, str):
        if Path(error.filename).is_absolute():
            return (
                f"it reads the file '{error.filename}', which is not there. Put it there, or change the path."
            )
        return (
            f"it reads the file '{error.filename}', which is not in the current folder, {Path.cwd()}. To find it from "
            f"anywhere, write: Path(__file__).parent / '{error.filename}'."
        )
    return f"{type(error).__name__}: {error}".strip(": ")


def _other_mesa(error: ImportError) -> str:
    """A name of Mesa's that the installed release does not have."""
    missing = getattr(error, "name_from", None)
    what = f"no '{missing}' in '{error.name}'" if missing else f"no module '{error.name}'"
    instead = _INSTEAD.get(missing or "") or next(
        (text for module, text in _INSTEAD.items() if f"{error.name}.".startswith(f"{module}.")), ""
    )
    return (
        f"the installed Mesa, {version('mesa')}, has {what}: the model was written for another release. "
        f"{f'{instead} ' if instead else ''}What has changed: {_GUIDE}"
    )
