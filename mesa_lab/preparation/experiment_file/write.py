"""Writes experiment files as a person would: what has its default value is left out."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import tomlkit

from mesa_lab.errors import ExperimentError
from mesa_lab.files import check_path, take_place
from mesa_lab.preparation.encoding import encode
from mesa_lab.preparation.experiment_data import ExperimentData
from mesa_lab.preparation.experiment_file.function_names import refuse_unfindable
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, Real

__all__ = ["HEADER", "parameter_text", "plain_to_toml", "to_plain", "to_toml", "toml_text", "write"]

_SHORT_LIST = 12
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")
"""Text that stands between quotes as it is."""
_ENDING: Final = ".part"
HEADER: Final = "Mesa Lab experiment. Run it with: mesa-lab run <this file>"


def write(experiment: ExperimentData, path: Path, search: Mapping[str, Any] | None = None) -> None:
    """Write an experiment file, whole or not at all.

    Args:
        experiment: The experiment.
        path: The file.
        search: The settings of a search, which become its table `[search]`; None for none.

    Raises:
        ExperimentError: If it cannot be written, or a function of it cannot be named.
    """
    check_path(path, ExperimentError, beside=_ENDING)
    if not path.name:
        raise ExperimentError(f"'{path}' is no name for an experiment file. Write one such as 'wolves.toml'.")
    refuse_unfindable(experiment)
    plain = to_plain(experiment)
    text = plain_to_toml(plain if search is None else {**plain, "search": dict(search)})
    beside = path.with_name(path.name + _ENDING)
    try:
        beside.write_text(text, encoding="utf-8")
        take_place(beside, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise ExperimentError(f"The experiment file '{path}' cannot be written: {error.strerror}.") from None


def to_toml(experiment: ExperimentData) -> str:
    """Return an experiment as TOML text."""
    return plain_to_toml(to_plain(experiment))


def plain_to_toml(plain: Mapping[str, Any]) -> str:
    """Return plain data of `to_plain` as TOML text."""
    lines, tables, claims = [f"# {HEADER}"], [], []
    for name, value in plain.items():
        if name in ("parameters", "design", "search"):
            tables += ["", *_table(f"[{name}]", name, value)]
        elif name == "claims":
            claims += [line for each in value for line in ("", *_table("[[claims]]", name, each))]
        else:
            lines.append(f"{_key(name)} = {toml_text(value)}")
    return "\n".join([*lines, *tables, *claims]) + "\n"


def to_plain(experiment: ExperimentData) -> dict[str, Any]:
    """Return an experiment as plain data, in the order and form of an experiment file."""
    from mesa_lab.preparation.models import reference_of, reference_of_enum

    enums = {name: list(map(reference_of_enum, kinds)) for name, kinds in experiment.protocol.enums.items()}
    plain: dict[str, Any] = {"model": reference_of(experiment.model)}
    settings = {
        "question": experiment.question,
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
        "redraw": experiment.redraw or None,
        "on_error": experiment.on_error if experiment.on_error != "missing" else None,
        "enums": {name: kinds if len(kinds) > 1 else kinds[0] for name, kinds in enums.items()} or None,
        "correlations": _plain_correlations(experiment.correlations),
    }
    plain.update((name, value) for name, value in settings.items() if value is not None)
    plain["parameters"] = {name: _plain_parameter(value) for name, value in experiment.parameters.items()}
    plain["design"] = _plain_design(experiment.design)
    if experiment.claims:
        plain["claims"] = [{"name": claim.name, "holds": claim.holds} for claim in experiment.claims]
    return plain


def _reference(source: Any) -> str | None:
    return source if source is None or isinstance(source, str) else Outcome("function", source).text


def _plain_outcomes(outcomes: tuple[Outcome, ...] | None) -> Any:
    if outcomes is None:
        return None
    if all(outcome.name == outcome.phrase for outcome in outcomes):
        return [_plain_outcome(outcome) for outcome in outcomes]
    return {outcome.name: _plain_outcome(outcome) for outcome in outcomes}


def _plain_outcome(outcome: Outcome) -> Any:
    if outcome.over is None:
        return outcome.text
    rest = {"warm_up": outcome.warm_up or None, "after_end": outcome.after_end}
    said = {name: value for name, value in rest.items() if value is not None}
    return {"outcome": outcome.text, "over": outcome.over, **said}


def _plain_agents(agents: Any) -> Any:
    if isinstance(agents, Mapping):
        return {agent_type: list(names) for agent_type, names in agents.items()}
    return agents if agents is True else (list(agents) if agents else None)


def _plain_correlations(correlations: Mapping[Any, float] | None) -> dict[str, dict[str, float]] | None:
    plain: dict[str, dict[str, float]] = {}
    for (one, other), value in (correlations or {}).items():
        plain.setdefault(one, {})[other] = value
    return plain or None


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
    return toml_text(_plain_parameter(parameter))


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


def _table(heading: str, path: str, values: Mapping[str, Any]) -> Iterator[str]:
    """The lines of a table, and of the designs that lie in it."""
    yield heading
    inner: dict[str, list[Any]] = {}
    for name, value in values.items():
        if (
            isinstance(value, list)
            and value
            and all(isinstance(item, dict) and "type" in item for item in value)
        ):
            inner[f"{path}.{_key(name)}"] = value
        else:
            yield f"{_key(name)} = {toml_text(value)}"
    for place, items in inner.items():
        for item in items:
            yield ""
            yield from _table(f"[[{place}]]", place, item)


def toml_text(value: Any) -> str:
    """Return a plain value as it stands in a file, on one line where it is short.

    tomlkit writes keys, texts and numbers. Its tables and arrays take the square of their length, so they are put together
    here.

    Example:
        >>> toml_text({"real": [0.5, 1], "log": True})
        '{real = [0.5, 1], log = true}'
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {toml_text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        texts = list(map(toml_text, value))
        if len(texts) > _SHORT_LIST:
            return "[\n" + "".join(f"    {text},\n" for text in texts) + "]"
        return f"[{', '.join(texts)}]"
    if type(value) is int:
        return repr(value)
    if type(value) is str and _PLAIN.fullmatch(value):
        return f'"{value}"'
    return str(tomlkit.item(value).as_string())


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    return str(tomlkit.key(name).as_string())
