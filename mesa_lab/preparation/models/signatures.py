"""What a Mesa model class takes: its parameters, and how a seed reaches it.

Mesa models take their parameters as keywords, as the fields of a `Scenario`, or as both, and their
seed as `seed`, as `rng`, inside the scenario, or not at all. This module reads all of that from the
class alone, without building it, and hands out one answer that does not differ between Mesa
releases. It must not know how models are found, built or run.
"""

import enum
import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mesa_lab.preparation.models.declarations import (
    REQUIRED,
    Slot,
    arguments_of,
    cached,
    constructors,
    is_mesa_base,
    make_slot,
    members,
    passes_keyword,
)
from mesa_lab.preparation.models.parameter_objects import (
    field_values,
    find_parameter_object,
    object_slots,
    seeds_of,
)
from mesa_lab.preparation.models.scenarios import find_scenario, scenario_slots, scenario_values, shadows_rng

__all__ = ["SEED_KEYWORDS", "Plan", "defaults_of", "plan_of", "seed_keywords_of"]

SEED_KEYWORDS = ("rng", "seed")


@dataclass(frozen=True, slots=True)
class Plan:
    """How to construct one model class; everything that `build` needs, worked out once.

    Attributes:
        slots: The user's parameters, in the order of the class.
        names: Their names.
        required: The names without a default.
        accepts_any: The class takes further names that it does not declare.
        keyword_names: The names that are keywords of the class.
        scenario_class: The `Scenario` class whose fields are parameters, if any; or the class of another object of parameters.
        is_mesa_scenario: It is one of Mesa's, which takes the seed.
        object_seeds: Fields of such an object that take the seed.
        scenario_keyword: The keyword that takes the scenario.
        scenario_names: The names that go into the scenario.
        scenario_open: So does every name that is no keyword.
        scenario_shadows_rng: See `scenarios.shadows_rng`.
        scenario_defaults: Values of a scenario *object* that is the keyword's default.
        seed_keyword: The keyword that takes the seed, `"scenario"`, or None.
        unused: Seed keywords that are passed as None.
        positional: Names that can only be passed by position, with their defaults, in order.
        simulators: Keywords that take a simulator of their own (Mesa 3), with its class.
        warns: Mesa may warn, during construction, about what the model's author wrote.
        converters: For parameters whose hint asks for it, what turns data into the hinted type.
    """

    slots: tuple[Slot, ...]
    names: frozenset[str]
    required: frozenset[str]
    accepts_any: bool
    keyword_names: frozenset[str]
    scenario_class: type[Any] | None
    is_mesa_scenario: bool
    object_seeds: tuple[str, ...]
    scenario_keyword: str
    scenario_names: frozenset[str]
    scenario_open: bool
    scenario_shadows_rng: bool
    scenario_defaults: Mapping[str, Any]
    seed_keyword: str | None
    unused: Mapping[str, None]
    positional: Mapping[str, Any]
    simulators: Mapping[str, Callable[[], Any]]
    warns: bool
    converters: Mapping[str, Callable[[Any], Any]]


def defaults_of(model_cls: type[Any]) -> dict[str, Any]:
    """Return the defaults of a model class by parameter; parameters without one are left out.

    Args:
        model_cls: A subclass of `mesa.Model`.
    """
    return {slot.name: slot.default for slot in plan_of(model_cls).slots if slot.default is not REQUIRED}


def seed_keywords_of(model_cls: type[Any]) -> frozenset[str]:
    """Return the names under which a call of the class takes a seed, those that it hands on to `mesa.Model` included.

    Args:
        model_cls: A subclass of `mesa.Model`.
    """
    plan = plan_of(model_cls)
    found = {plan.seed_keyword, *plan.unused}
    base = constructors(model_cls)[0][-1][0]
    if is_mesa_base(base):
        found |= set(inspect.signature(base.__init__).parameters)
    return frozenset(name for name in SEED_KEYWORDS if name in found)


@cached
def plan_of(model_cls: type[Any]) -> Plan:
    """Read the signature of a Mesa model class.

    Args:
        model_cls: A subclass of `mesa.Model`.

    Returns:
        The plan, cached per class.
    """
    inits, open_ended = constructors(model_cls)
    arguments = arguments_of(inits)
    keyword, scenario_class = find_scenario(model_cls, inits, arguments)
    is_mesa_scenario = scenario_class is not None
    if scenario_class is None:
        named, scenario_class = find_parameter_object(arguments)
        keyword = named or keyword
    keywords: list[Slot] = []
    simulators: dict[str, Callable[[], Any]] = {}
    for name, (parameter, hint) in arguments.items():
        if name in SEED_KEYWORDS or (name == keyword and scenario_class is not None):
            continue
        simulator = _simulator_class(name, hint, parameter.default)
        if simulator is None:
            keywords.append(make_slot(name, parameter.default, hint, "keyword"))
        else:
            simulators[name] = simulator
    defaults = {}
    if scenario_class is not None and keyword in arguments:
        default = arguments[keyword][0].default
        read = scenario_values if is_mesa_scenario else field_values
        defaults = read(default, scenario_class)
    if is_mesa_scenario or scenario_class is None:
        fields, scenario_open = scenario_slots(scenario_class, defaults)
    else:
        fields, scenario_open = object_slots(scenario_class, arguments[keyword][0].default), False
    keyword_names = frozenset(slot.name for slot in keywords)
    slots = (*keywords, *(slot for slot in fields if slot.name not in keyword_names))
    seeds = [name for name in SEED_KEYWORDS if name in arguments]
    object_seeds = () if scenario_class is None or is_mesa_scenario else seeds_of(scenario_class)
    if is_mesa_scenario or (object_seeds and not seeds):
        seed_keyword: str | None = "scenario"
    elif seeds:
        seed_keyword = seeds[0]
    else:
        seed_keyword = "rng" if is_mesa_base(inits[-1][0]) else None
    return Plan(
        slots=slots,
        names=frozenset(slot.name for slot in slots),
        required=frozenset(slot.name for slot in slots if slot.default is REQUIRED),
        accepts_any=open_ended or scenario_open,
        keyword_names=keyword_names,
        scenario_class=scenario_class,
        is_mesa_scenario=is_mesa_scenario,
        object_seeds=object_seeds,
        scenario_keyword=keyword,
        scenario_names=frozenset(slot.name for slot in fields),
        scenario_open=scenario_open,
        scenario_shadows_rng=is_mesa_scenario and shadows_rng(scenario_class),
        scenario_defaults={slot.name: defaults[slot.name] for slot in fields if slot.name in defaults},
        seed_keyword=seed_keyword,
        unused={name: None for name in seeds if name != seed_keyword},
        positional={
            name: parameter.default
            for name, (parameter, _) in arguments.items()
            if parameter.kind is parameter.POSITIONAL_ONLY
        },
        simulators=simulators,
        warns=bool(simulators) or passes_keyword(model_cls, "seed"),
        converters={slot.name: convert for slot in slots if (convert := _converter(slot)) is not None},
    )


def _simulator_class(name: str, hint: Any, default: Any) -> Callable[[], Any] | None:
    """Mesa 3 models that schedule events take a simulator, a new one for each model."""
    try:
        from mesa.experimental.devs import ABMSimulator
        from mesa.experimental.devs.simulator import Simulator
    except ImportError:
        return None
    for kind in members(hint):
        if isinstance(kind, type) and issubclass(kind, Simulator):
            return typing.cast("Callable[[], Any]", ABMSimulator if kind is Simulator else kind)
    unset = default is None or default is inspect.Parameter.empty
    return ABMSimulator if name == "simulator" and hint is None and unset else None


def _converter(slot: Slot) -> Callable[[Any], Any] | None:
    kinds = members(slot.hint)
    for kind in kinds:
        listed = (
            [type(value) for value in typing.get_args(kind)]
            if typing.get_origin(kind) is typing.Literal
            else [kind]
        )
        for candidate in listed:
            if isinstance(candidate, type) and issubclass(candidate, enum.Enum):
                return functools.partial(_to_enum, candidate)
    if float in kinds and int not in kinds:
        return _to_float
    if int in kinds and float not in kinds:
        return _to_int
    return None


def _to_enum(kind: type[enum.Enum], value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, kind):
        return value
    by_value = {member.value: member for member in kind if isinstance(member.value, str)}
    return kind.__members__.get(value, by_value.get(value, value))


def _to_float(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _to_int(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
