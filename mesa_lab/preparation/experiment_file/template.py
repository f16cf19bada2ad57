"""A first experiment file for a model: every parameter, its default and its range, ready to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit

from mesa_lab.errors import ParameterError
from mesa_lab.preparation.experiment_file.write import HEADER, parameter_text

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ModelDescription

__all__ = ["template"]

_SOURCES = (
    "slider",
    "type hint",
    "default",
    "none",
)  # what a modeller chose is the better thing to vary first


def template(description: ModelDescription) -> str:
    """Return a commented experiment file for a model, with every parameter, its default and its suggested range.

    Two parameters vary, those first whose range the model's author gave, so that the file runs as it is and shows something.
    """
    suggestions = {parameter.name: parameter.suggest() for parameter in description.parameters}
    by_source = sorted(description.parameters, key=lambda parameter: _SOURCES.index(parameter.suggested_by))
    varied = [parameter.name for parameter in by_source if suggestions[parameter.name] is not None][:2]
    outcomes = ", ".join(f'"{name}"' for name in description.model_reporters) or '"count(Agent)"'
    lines = [
        f"# {HEADER}",
        *(
            f"# {line}".rstrip()
            for line in [description.name + (f": {description.summary}" if description.summary else "")]
        ),
        "",
        f"model = {tomlkit.item(description.reference).as_string()}",
        "replications = 10          # runs of each point, each with its own seed",
        "max_steps = 100            # a run stops after so many steps",
        "seed = 42                  # the seeds of all runs derive from it",
        '# stop_when = "..."        # an expression over the model\'s attributes',
        "# timeout = 60             # seconds after which a run is given up",
        f"# outcomes = [{outcomes}]   # without this line: every model reporter",
        '# constraints = ["a < b"]  # points that break one are dropped',
        "",
        "# Parameters: a plain value is held fixed; these vary:",
        "#   [0.1, 0.2, 0.5]   { real = [0, 1] }   { real = [1, 100], log = true }",
        '#   { integer = [1, 10], step = 1 }   { choice = ["a", "b"] }   { distribution = "norm", loc = 0, scale = 1 }',
        "[parameters]",
    ]
    for parameter in description.parameters:
        suggestion = suggestions[parameter.name]
        key = tomlkit.key(parameter.name).as_string()
        default = _default_text(parameter.default)
        if suggestion is None:
            lines.append(f"# {key} = ...   # default {default} ({parameter.type})")
            continue
        form = parameter_text(suggestion)
        mark = "" if parameter.name in varied else "# "
        lines.append(f"{mark}{key} = {form}   # default {default}; range from the {parameter.suggested_by}")
    lines += [
        "",
        "[design]",
        'type = "LatinHypercube"    # or Sobol, FullFactorial, OneAtATime, MonteCarlo, Halton, SparseGrid, Table, ...',
        "size = 20                  # design points",
    ]
    return "\n".join(lines) + "\n"


def _default_text(default: Any) -> str:
    from mesa_lab.preparation.models import REQUIRED

    if default is REQUIRED:
        return "none: it must be given"
    try:
        return parameter_text(default)
    except ParameterError:
        return repr(default)
