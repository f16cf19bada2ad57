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


_MOST_OUTCOMES = 30


def template(description: ModelDescription) -> str:
    """Return a commented experiment file for a model, with every parameter, its default and its suggested range.

    Two parameters vary, those first whose range the model's author gave, so that the file runs as it is and shows something.
    Where nothing suggests a range there is one point. What has no default must be filled in, and is refused by name until then.
    """
    from mesa_lab.preparation.models import REQUIRED

    suggestions = {parameter.name: parameter.suggest() for parameter in description.parameters}
    by_source = sorted(description.parameters, key=lambda parameter: _SOURCES.index(parameter.suggested_by))
    able = [parameter for parameter in by_source if suggestions[parameter.name] is not None]
    needed = [parameter.name for parameter in able if parameter.default is REQUIRED]
    varied = {
        *needed,
        *[parameter.name for parameter in able if parameter.name not in needed][: max(2 - len(needed), 0)],
    }
    lines = [
        f"# {HEADER}",
        *(
            f"# {line}".rstrip()
            for line in [description.name + (f": {description.summary}" if description.summary else "")]
        ),
        "",
        f"model = {tomlkit.item(description.reference).as_string()}",
        f'question = "respond"       # what it is for, which is answered first; or: {", ".join(_others("respond"))}',
        "replications = 10          # runs of each point, each with its own seed",
        "max_steps = 100            # a run stops after so many steps",
        "seed = 42                  # the seeds of all runs derive from it",
        '# stop_when = "..."        # an expression over the model\'s attributes',
        "# timeout = 60             # seconds after which a run is given up",
        _outcomes(description),
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
        if parameter.default is REQUIRED and suggestion is None:
            kind = tomlkit.item(parameter.type).as_string()
            lines.append(f"{key} = {{ fill_in = {kind} }}   # has no default: write a value or a range here")
            continue
        default = _default_text(parameter.default)
        if suggestion is None:
            lines.append(f"# {key} = ...   # default {default} ({parameter.type})")
            continue
        form = parameter_text(suggestion)
        mark = "" if parameter.name in varied else "# "
        lines.append(f"{mark}{key} = {form}   # default {default}; range from the {parameter.suggested_by}")
    lines += ["", "[design]"]
    if varied:
        lines += [
            'type = "LatinHypercube"    # or Sobol, FullFactorial, OneAtATime, FractionalFactorial, Morris, Table, ...',
            "size = 20                  # design points",
        ]
    else:
        lines += [
            "# Nothing varies yet, so there is one point. With a range above, such as:",
            '# type = "LatinHypercube"',
            "# size = 20",
            'type = "FullFactorial"',
        ]
    return "\n".join(lines) + "\n"


def _others(question: str) -> list[str]:
    from mesa_lab.preparation.questions import QUESTIONS

    return [name for name in QUESTIONS if name != question]


def _outcomes(description: ModelDescription) -> str:
    """The line that names what is measured; it takes effect where nothing would be measured without it."""
    named = description.outcomes()
    texts = ", ".join(tomlkit.item(name).as_string() for name in named[:_MOST_OUTCOMES]) or '"count(Agent)"'
    if len(named) > _MOST_OUTCOMES:
        texts += ", ..."
    if description.model_reporters:
        return f"# outcomes = [{texts}]   # without this line: every model reporter"
    if named and not description.agent_types:
        return f"outcomes = [{texts}]   # the model reports nothing by itself"
    return f"# outcomes = [{texts}]   # without this line: how many agents there are, and the means of their numbers"


def _default_text(default: Any) -> str:
    from mesa_lab.preparation.models import REQUIRED

    if default is REQUIRED:
        return "none: it must be given"
    try:
        return parameter_text(default)
    except ParameterError:
        return repr(default)
