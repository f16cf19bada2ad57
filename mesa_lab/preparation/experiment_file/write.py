"""Writes experiment files as a person would: what has its default value is left out."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import Array, InlineTable, Item, Trivia, Whitespace

from mesa_lab.errors import ExperimentError
from mesa_lab.files import check_path, take_place
from mesa_lab.preparation.encoding import encode
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.experiment_file.function_names import refuse_unfindable
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, Real

__all__ = ["HEADER", "as_item", "parameter_text", "plain_to_toml", "to_plain", "to_toml", "write"]

_SHORT_LIST = 12
_ENDING: Final = ".part"
HEADER: Final = "Mesa Lab experiment. Run it with: mesa-lab run <this file>"


def write(experiment: Experiment, path: Path) -> None:
    """Write an experiment file, whole or not at all.

    Raises:
        ExperimentError: If it cannot be written, or a function of it cannot be named.
    """
    check_path(path, ExperimentError, beside=_ENDING)
    if not path.name:
        raise ExperimentError(f"'{path}' is no name for an experiment file. Write one such as 'wolves.toml'.")
    refuse_unfindable(experiment)
    text = to_toml(experiment)
    beside = path.with_name(path.name + _ENDING)
    try:
        beside.write_text(text, encoding="utf-8")
        take_place(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise ExperimentError(f"The experiment file '{path}' cannot be written: {error.strerror}.") from None


def to_toml(experiment: Experiment) -> str:
    """Return an experiment as TOML text."""
    return plain_to_toml(to_plain(experiment))


def plain_to_toml(plain: Mapping[str, Any]) -> str:
    """Return plain data of `to_plain` as TOML text."""
    document = tomlkit.document()
    document.add(tomlkit.comment(HEADER))
    for name, value in plain.items():
        if name in ("parameters", "design"):
            document.add(tomlkit.nl())
            document.add(name, _table(value))
        else:
            document.add(name, as_item(value))
    return tomlkit.dumps(document)


def to_plain(experiment: Experiment) -> dict[str, Any]:
    """Return an experiment as plain data, in the order and form of an experiment file."""
    from mesa_lab.preparation.models import reference_of

    plain: dict[str, Any] = {"model": reference_of(experiment.model)}
    settings = {
        "replications": experiment.replications,
        "max_steps": experiment.max_steps,
        "max_time": experiment.max_time,
        "stop_when": _reference(experiment.stop_when),
        "timeout": experiment.timeout,
        "seed": experiment.seed,
        "seeds": list(experiment.seeds) if experiment.seeds is not None else None,
        "common_random_numbers": experiment.common_random_numbers or None,
        "period": experiment.period if experiment.period != 1 else None,
        "outcomes": _plain_outcomes(experiment.protocol.outcomes),
        "agents": _plain_agents(experiment.protocol.agents),
        "constraints": list(experiment.constraints) or None,
    }
    plain.update((name, value) for name, value in settings.items() if value is not None)
    plain["parameters"] = {name: _plain_parameter(value) for name, value in experiment.parameters.items()}
    plain["design"] = _plain_design(experiment.design)
    return plain


def _reference(source: Any) -> str | None:
    return source if source is None or isinstance(source, str) else Outcome("function", source).text


def _plain_outcomes(outcomes: tuple[Outcome, ...] | None) -> Any:
    if outcomes is None:
        return None
    if all(outcome.name == outcome.text for outcome in outcomes):
        return [outcome.text for outcome in outcomes]
    return {outcome.name: outcome.text for outcome in outcomes}


def _plain_agents(agents: Any) -> Any:
    if isinstance(agents, Mapping):
        return {agent_type: list(names) for agent_type, names in agents.items()}
    return agents if agents is True else (list(agents) if agents else None)


def _plain_parameter(parameter: Any) -> Any:
    match parameter:
        case Real(distribution=str(name)) | Integer(distribution=str(name)):
            bounds = {"low": parameter.low, "high": parameter.high}
            return {
                "distribution": name,
                **({"integer": True} if isinstance(parameter, Integer) else {}),
                **{key: bound for key, bound in bounds.items() if bound is not None},
                **{key: _plain_value(value) for key, value in parameter.arguments.items()},
            }
        case Real():
            return {"real": [parameter.low, parameter.high], **({"log": True} if parameter.log else {})}
        case Integer():
            return {
                "integer": [parameter.low, parameter.high],
                **({"step": parameter.step} if parameter.step != 1 else {}),
            }
        case Choice():
            return {"choice": [_plain_value(value) for value in parameter.values]}
        case Levels():
            return [_plain_value(value) for value in parameter.values]
    value = _plain_value(parameter)
    return {"fixed": value} if isinstance(value, dict | list) and not _tagged(value) else value


def parameter_text(parameter: Any) -> str:
    """Return the form of one parameter as it stands in an experiment file.

    Example:
        >>> parameter_text(Integer(1, 10))
        '{integer = [1, 10]}'
    """
    return as_item(_plain_parameter(parameter)).as_string()


def _plain_value(value: Any) -> Any:
    return encode(value, tag_none=True)


def _tagged(value: Any) -> bool:
    return isinstance(value, dict) and any(key.startswith("$") for key in value)


def _plain_design(design: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": type(design).__name__}
    for field in dataclasses.fields(design):
        if not field.init:
            continue
        value = getattr(design, field.name)
        if value is None or (field.default is not dataclasses.MISSING and value == field.default):
            continue
        plain[field.name] = _plain_field(value)
    return plain


def _plain_field(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain_design(value)
    if isinstance(value, tuple | list):
        return [_plain_field(item) for item in value]
    if callable(value):
        return _reference(value)
    return encode(value, tag_none=True)


def _table(values: Mapping[str, Any]) -> Any:
    table = tomlkit.table()
    for name, value in values.items():
        if (
            isinstance(value, list)
            and value
            and all(isinstance(item, dict) and "type" in item for item in value)
        ):
            array = tomlkit.aot()
            for item in value:
                array.append(_table(item))
            table.add(name, array)
        else:
            table.add(name, as_item(value))
    return table


def as_item(value: Any) -> Item:
    """Return a plain value as it stands in a file, on one line where it is short."""
    if isinstance(value, dict):
        table: InlineTable = tomlkit.inline_table()
        for key, inner in value.items():
            table.append(key, as_item(inner))
        return table
    if isinstance(value, list):
        if len(value) > _SHORT_LIST and set(map(type, value)) <= {int, float}:
            return _Numbers(value)
        # At once: appending to tomlkit's arrays takes as long as they are.
        parts: list[Item] = []
        for inner in value:
            parts += [Whitespace(","), Whitespace(" ")] if parts else []
            parts.append(as_item(inner))
        return Array(parts, Trivia(), multiline=len(value) > _SHORT_LIST)
    item: Item = tomlkit.item(value)
    return item


class _Numbers(Array):
    """A long list of numbers, one a line; an item of tomlkit's for each would take twenty times as long to write."""

    def __init__(self, numbers: list[int | float]) -> None:
        super().__init__([], Trivia())
        self._text = "[\n" + "".join(f"    {number!r},\n" for number in numbers) + "]"

    def as_string(self) -> str:
        return self._text
