"""An experiment as the Python script that does the same without the app.

The script is what a person would have written: imports, the experiment with its non-default
settings, a guarded run. Names and texts come from users, so everything goes through `repr`, and only
what is a dotted Python name is ever written as code.
"""

from __future__ import annotations

import dataclasses
import keyword
import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ExperimentError

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment_data import ExperimentData

__all__ = ["Script", "to_python"]

_INDENT = "    "


def to_python(experiment: ExperimentData, *, study: str = "") -> str:
    """Return a script that runs an experiment.

    Args:
        experiment: The experiment.
        study: The study file that the script writes; by default the model's name.

    Returns:
        Python source. Run from the same folder it gives the same runs with the same seeds.

    Raises:
        ExperimentError: If the experiment holds a function that no name leads to.

    Example:
        >>> from mesa_lab import Experiment
        >>> print(to_python(Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]})).splitlines()[2])
        import mesa_lab as ml
    """
    script = Script()
    model = script.model(experiment.model)
    name = model.rpartition(".")[2] if model.isidentifier() else re.split(r"[:/.]", str(experiment.model))[-1]
    fields = [f"model={model},", *_parameters(script, experiment)]
    fields.append(f"design={script.design(experiment.design)},")
    fields += [f"{key}={text}," for key, text in _settings(script, experiment)]
    body = "\n".join(_INDENT + line for line in fields)
    study = study or f"{_snake(name)}.study"
    return (
        f"{_title(name)}\n\n"
        + "\n".join(script.imports())
        + f"\n\nexperiment = ml.Experiment(\n{body}\n)\n\n"
        + 'if __name__ == "__main__":\n'
        + f"{_INDENT}results = ml.run(experiment, {study!r})\n"
        + f"{_INDENT}print(results.runs)\n"
    )


class Script:
    """What a script imports, gathered while its parts are written."""

    def __init__(self) -> None:
        self.names: dict[str, set[str]] = {}

    def imports(self) -> list[str]:
        """The import lines."""
        return [
            "import mesa_lab as ml",
            *(
                f"from {module} import {', '.join(sorted(names))}"
                for module, names in sorted(self.names.items())
            ),
        ]

    def name(self, module: str, name: str) -> str:
        """Import a name and return it."""
        self.names.setdefault(module, set()).add(name)
        return name

    def model(self, model: type | str) -> str:
        """A model as a name to import, or as the text that finds it."""
        from mesa_lab.preparation.models import reference_of

        reference = reference_of(model)
        module, _, name = reference.partition(":")
        if (
            _dotted(module)
            and module != "__main__"
            and name.isidentifier()
            and not keyword.iskeyword(name)
            and name != "ml"
        ):
            return self.name(module, name)
        return repr(reference)

    def design(self, design: Any) -> str:
        """A design with those of its fields that differ from their defaults."""
        from mesa_lab.preparation.designs import DESIGNS

        kind = type(design)
        public = kind in DESIGNS  # each of these is a name of mesa_lab
        name = f"ml.{kind.__name__}" if public else self.name(kind.__module__, kind.__qualname__)
        words = []
        for field in dataclasses.fields(design):
            value = getattr(design, field.name)
            default = field.default
            if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
                default = field.default_factory()
            if field.init and (default is dataclasses.MISSING or value != default):
                words.append(f"{field.name}={self.value(value)}")
        return f"{name}({', '.join(words)})"

    def value(self, value: Any) -> str:
        """Any value that an experiment may hold, as source."""
        from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, Parameter, Real

        if isinstance(value, Real | Integer):
            kind = type(value).__name__
            words = [_number(end) for end in (value.low, value.high) if not value.distribution]
            if isinstance(value, Real) and value.log:
                words.append("log=True")
            if isinstance(value, Integer) and value.step != 1:
                words.append(f"step={value.step}")
            if value.distribution:
                words.append(f"distribution={value.distribution!r}")
                words += [f"{name}={_number(number)}" for name, number in value.arguments.items()]
                ends = (("low", value.low), ("high", value.high))
                words += [f"{name}={_number(end)}" for name, end in ends if end is not None]
            return f"ml.{kind}({', '.join(words)})"
        if isinstance(value, Levels):
            return self.value(list(value.values))
        if isinstance(value, Choice):
            return f"ml.Choice({self.value(list(value.values))})"
        if isinstance(value, Parameter):
            return f"ml.{value!r}"
        if isinstance(value, Enum):
            return repr(value.name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.design(value)
        if isinstance(value, Mapping):
            return (
                "{" + ", ".join(f"{self.value(key)}: {self.value(item)}" for key, item in value.items()) + "}"
            )
        if isinstance(value, list):
            return "[" + ", ".join(map(self.value, value)) + "]"
        if isinstance(value, tuple):
            inner = ", ".join(map(self.value, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        if callable(value):
            return self.function(value)
        if isinstance(value, float) and value != value:
            return 'float("nan")'
        if isinstance(value, float) and value in (float("inf"), float("-inf")):
            return f'float("{value}")'
        return repr(value.item() if hasattr(value, "item") else value)

    def outcomes(self, outcomes: Any) -> str:
        """Outcomes by their names, with their sources where these differ."""
        if all(outcome.name == outcome.source for outcome in outcomes):
            return self.value([outcome.name for outcome in outcomes])
        rows = [f"{outcome.name!r}: {self._outcome(outcome)}" for outcome in outcomes]
        return f"{{{', '.join(rows)}}}"

    def _outcome(self, outcome: Any) -> str:
        """Its source; with what is said over time as a mapping."""
        if outcome.over is None:
            return self.value(outcome.source)
        said = {"over": outcome.over, "warm_up": outcome.warm_up or None, "after_end": outcome.after_end}
        rest = "".join(f", {name!r}: {value!r}" for name, value in said.items() if value is not None)
        return f"{{'outcome': {self.value(outcome.source)}{rest}}}"

    def function(self, function: Any) -> str:
        """A function by the name that leads to it."""
        module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
        if not _dotted(module) or module == "__main__" or not name.isidentifier():
            raise ExperimentError(
                f"The experiment holds the function {name or function!r}, to which no name leads. "
                "Put it into a module of its own, and name it 'module:function'."
            )
        return self.name(module, name)


def _parameters(script: Script, experiment: ExperimentData) -> list[str]:
    if not experiment.parameters:
        return []
    rows = [f"{_INDENT}{name!r}: {script.value(value)}," for name, value in experiment.parameters.items()]
    return ["parameters={", *rows, "},"]


def _settings(script: Script, experiment: ExperimentData) -> list[tuple[str, str]]:
    """The settings that differ from their defaults, in the order of the class; how long runs take is always said."""
    from mesa_lab.preparation.models import reference_of_enum

    found = []
    for field in dataclasses.fields(experiment):
        value = getattr(experiment, field.name)
        if field.name in ("model", "parameters", "design") or (
            field.name == "replications" and experiment.seeds
        ):
            continue
        if field.name in ("replications", "seed") or value != field.default:
            found.append(
                (
                    field.name,
                    script.outcomes(value)
                    if field.name == "outcomes"
                    else repr({claim.name: claim.holds for claim in value})
                    if field.name == "claims"
                    else repr({name: [*map(reference_of_enum, kinds)] for name, kinds in value.items()})
                    if field.name == "enums"
                    else script.value(value),
                )
            )
    return found


def _title(name: str) -> str:
    return (
        f'"""An experiment on {name}, designed with Mesa Lab."""'
        if name.isidentifier()
        else '"""An experiment."""'
    )


def _dotted(module: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split("."))


def _snake(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return re.sub(r"\W+", "_", words).strip("_") or "experiment"


def _number(value: float | None) -> str:
    """1.0 as 1, as people write it where a real number is meant anyway."""
    return (
        repr(int(value))
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        else repr(value)
    )
