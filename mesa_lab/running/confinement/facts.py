"""What is known of a model that is not loaded in this process: told by a confined one, as plain data, and looked at before it is believed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mesa_lab.errors import ModelError
from mesa_lab.preparation.limits import PARAMETERS
from mesa_lab.preparation.models import REQUIRED, ModelDescription, ParameterInfo
from mesa_lab.preparation.models.description import KNOWN
from mesa_lab.preparation.models.signatures import plan_of

__all__ = ["OtherValue", "description_from", "facts_of", "stand_in_for"]

_LONGEST: Final = 20_000
_MOST: Final = 2_000
_KINDS: Final = ("real", "integer", "choice", "fixed")
_SOURCES: Final = ("slider", "type hint", "default", "none")
_SEEDS: Final = ("seed", "rng", "scenario", None)


class OtherValue:
    """A default that is no plain data, of which only its text is known.

    Args:
        text: What it looks like.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def facts_of(description: ModelDescription, model_cls: type[Any]) -> dict[str, Any]:
    """Return what there is to know of a model, as plain data."""
    return {
        "reference": description.reference,
        "name": description.name,
        "summary": description.summary,
        "doc": description.doc,
        "parameters": [
            {
                "name": info.name,
                "type": info.type,
                "default": _plain(info.default),
                "kind": info.kind,
                "low": info.low,
                "high": info.high,
                "step": info.step,
                "choices": None if info.choices is None else [_plain(each) for each in info.choices],
                "suggested_by": info.suggested_by,
                "label": info.label,
                "doc": info.doc,
            }
            for info in description.parameters
        ],
        "model_reporters": list(description.model_reporters),
        "agent_reporters": list(description.agent_reporters),
        "agenttype_reporters": {name: list(each) for name, each in description.agenttype_reporters.items()},
        "agent_types": list(description.agent_types),
        "seed_keyword": description.seed_keyword,
        "problems": list(description.problems),
        "accepts_any": plan_of(model_cls).accepts_any,
    }


def _plain(value: Any) -> Any:
    """A value with a word for its kind."""
    if value is REQUIRED:
        return ["required"]
    if value is None or type(value) in (bool, int, float, str):
        return ["value", value]
    if type(value) in (list, tuple) and len(value) <= _MOST:
        return [type(value).__name__, [_plain(each) for each in value]]
    return ["other", repr(value)[:200]]


def description_from(facts: Any, reference: str) -> ModelDescription:
    """Return the description that a confined process gave.

    Args:
        facts: See `facts_of`.
        reference: What the model is found by; its class may be added to it.

    Raises:
        ModelError: If it is no such thing.
    """
    try:
        return _description(facts, reference)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise ModelError(f"What the model's process says of it cannot be read: {error}.") from error


def _description(facts: Mapping[str, Any], reference: str) -> ModelDescription:
    name = _text(facts["name"])
    if not name.isidentifier():
        raise ValueError("the class has no name")
    place = reference.rpartition(":")[0] if reference.rpartition(":")[2].isidentifier() else reference
    given = facts["parameters"]
    if len(given) > PARAMETERS:
        raise ValueError(f"it takes more than {PARAMETERS} parameters")
    parameters = tuple(map(_parameter, given))
    if len({info.name for info in parameters}) != len(parameters) or facts["seed_keyword"] not in _SEEDS:
        raise ValueError("its parameters are not what they may be")
    return ModelDescription(
        f"{place}:{name}",
        name,
        _text(facts["summary"]),
        _text(facts["doc"]),
        parameters,
        _texts(facts["model_reporters"]),
        _texts(facts["agent_reporters"]),
        {_text(kind): _texts(each) for kind, each in list(facts["agenttype_reporters"].items())[:_MOST]},
        _texts(facts["agent_types"]),
        facts["seed_keyword"],
        _texts(facts["problems"]),
    )


def _parameter(facts: Mapping[str, Any]) -> ParameterInfo:
    name = _text(facts["name"])
    if not name.isidentifier() or facts["kind"] not in _KINDS or facts["suggested_by"] not in _SOURCES:
        raise ValueError(f"the parameter '{name[:50]}' is none")
    choices = facts["choices"]
    return ParameterInfo(
        name,
        _text(facts["type"]),
        _value(facts["default"]),
        facts["kind"],
        _number(facts["low"]),
        _number(facts["high"]),
        _number(facts["step"]),
        None if choices is None else tuple(map(_value, choices[:_MOST])),
        facts["suggested_by"],
        _text(facts["label"]),
        "keyword",
        _text(facts["doc"]),
    )


def _value(said: Any) -> Any:
    kind, *rest = said
    match kind:
        case "required":
            return REQUIRED
        case "value" if rest[0] is None or type(rest[0]) in (bool, int, float):
            return rest[0]
        case "value":
            return _text(rest[0])
        case "list":
            return [_value(each) for each in rest[0][:_MOST]]
        case "tuple":
            return tuple(_value(each) for each in rest[0][:_MOST])
    return OtherValue(_text(rest[0])[:200])


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError("a range has no ends")
    number: float = value
    return number


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("a text is none")
    return str(value)[:_LONGEST].encode("utf-8", "replace").decode()


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(_text(each) for each in values[:_MOST])


def stand_in_for(description: ModelDescription, accepts_any: bool) -> type[Any]:
    """Return a class that takes what a model takes, and does nothing.

    Args:
        description: What is known of the model.
        accepts_any: Whether it takes further keywords.
    """
    import mesa

    kinds = inspect.Parameter
    own = [kinds("self", kinds.POSITIONAL_OR_KEYWORD)]
    for info in description.parameters:
        default = kinds.empty if info.default is REQUIRED else info.default
        own.append(kinds(info.name, kinds.KEYWORD_ONLY, default=default))
    if "rng" not in {info.name for info in description.parameters}:
        own.append(kinds("rng", kinds.KEYWORD_ONLY, default=None))
    if accepts_any:
        own.append(kinds("others", kinds.VAR_KEYWORD))

    def refuse(self: Any, **_: Any) -> None:
        raise ModelError(f"The model '{description.name}' runs in confined processes alone.")

    refuse.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]
    body = {
        "__init__": refuse,
        "__doc__": description.doc,
        "__module__": "mesa_lab.elsewhere",
        KNOWN: description,
    }
    return type(description.name, (mesa.Model,), body)
