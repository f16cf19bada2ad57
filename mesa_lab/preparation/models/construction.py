"""Construct a model: the one place where that happens, for every Mesa release.

Ten thousand short runs pass through here, so all that depends on the class alone is worked out
once (`signatures.plan_of`) and what is left per run takes microseconds.
"""

import contextlib
import copy
import enum
import inspect
import operator
import random
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from mesa_lab.errors import ParameterError, suggest
from mesa_lab.preparation.models.declarations import cached
from mesa_lab.preparation.models.parameter_objects import field_values
from mesa_lab.preparation.models.scenarios import scenario_values
from mesa_lab.preparation.models.signatures import SEED_KEYWORDS, Plan, plan_of

__all__ = ["build", "build_as_given", "check_parameters", "opened"]

_MESA_WARNINGS = r"The use of the `seed` keyword|(ABM|DEV)Simulator is deprecated"
_SEED_ATTRIBUTE = "_mesa_lab_seed"
_MASK_32 = 0xFFFF_FFFF
_MASK_64 = 0xFFFF_FFFF_FFFF_FFFF


def check_parameters(model_cls: type[Any], names: Iterable[str]) -> None:
    """Check that a model takes parameters of these names.

    Args:
        model_cls: A subclass of `mesa.Model`.
        names: The names to check.

    Raises:
        ParameterError: It does not take one of them; the message has the nearest names.

    Example:
        >>> from mesa.examples import ConwaysGameOfLife
        >>> check_parameters(ConwaysGameOfLife, ["width"])
    """
    plan = plan_of(model_cls)
    for name in names:
        if name in plan.names:
            continue
        listed = ", ".join(slot.name for slot in plan.slots) or "none"
        if name in SEED_KEYWORDS:
            raise ParameterError(
                f"'{name}' is no parameter of {model_cls.__name__}: every run gets a seed of its own. "
                "Give the seed to the experiment (seed=..., or seeds=[...])."
            )
        if plan.scenario_class and name == plan.scenario_keyword:
            raise ParameterError(
                f"'{name}' is no parameter of {model_cls.__name__}: give the parameters that it holds instead, each by its "
                f"name: {listed}."
            )
        if name in plan.simulators:
            raise ParameterError(
                f"'{name}' is no parameter of {model_cls.__name__}: every run gets one of its own."
            )
        if not plan.accepts_any:
            raise ParameterError(
                f"Unknown parameter '{name}' for {model_cls.__name__}.{suggest(str(name), plan.names)} "
                f"Its parameters: {listed}."
            )


def opened(model_cls: type[Any], parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return parameters with the fields of an object in its place, where one is given that the model takes them from.

    Args:
        model_cls: A subclass of `mesa.Model`.
        parameters: Values and ranges by name. What stands beside the object goes before its fields.
    """
    plan = plan_of(model_cls)
    kind, keyword = plan.scenario_class, plan.scenario_keyword
    if kind is None or keyword in plan.keyword_names or not isinstance(parameters.get(keyword), kind):
        return parameters
    read = scenario_values if plan.is_mesa_scenario else field_values
    rest = {name: value for name, value in parameters.items() if name != keyword}
    defaults = {slot.name: slot.default for slot in plan.slots}
    told = {
        name: value.name if isinstance(value, enum.Enum) and name in plan.converters else value
        for name, value in read(parameters[keyword], kind).items()
    }
    said = {name: value for name, value in told.items() if not _equal(defaults.get(name), value)}
    return {**said, **rest}


def _equal(default: Any, value: Any) -> bool:
    try:
        return type(default) is type(value) and bool(default == value)
    except Exception:  # arrays, and whatever compares in a way of its own
        return False


def build(model_cls: type[Any], parameters: Mapping[str, Any], seed: int | None) -> Any:
    """Construct a model.

    The global generators are seeded first. A class without a seed parameter of its own
    gets the seed on the way to `mesa.Model`. Names of Enum members become members, and int and
    float are exchanged, where the parameter's type hint asks for it and nothing is lost.

    Args:
        model_cls: A subclass of `mesa.Model`.
        parameters: Values by name, for keywords and the scenario's fields alike. What is not named
            keeps the model's default.
        seed: A non-negative integer of any size, or None for a model that nobody can repeat.

    Returns:
        The model, ready for its first step.

    Raises:
        ParameterError: A name is unknown, a required value is missing, or the seed is no such number.
        Exception: Whatever the model itself raises while it is set up.

    Example:
        >>> from mesa.examples import ConwaysGameOfLife
        >>> model = build(ConwaysGameOfLife, {"width": 3, "height": 4}, seed=1)
        >>> len(model.agents)
        12
    """
    plan = plan_of(model_cls)
    if not parameters.keys() <= plan.names:
        parameters = opened(model_cls, parameters)
        check_parameters(model_cls, parameters)
    if plan.required and not plan.required <= parameters.keys():
        missing = [slot.name for slot in plan.slots if slot.name in plan.required - parameters.keys()]
        raise ParameterError(f"{model_cls.__name__} needs a value for: {', '.join(missing)}.")
    if seed is not None:
        seed = _plain_seed(seed)
        _seed_generators(seed)
    values = {name: _own(value) for name, value in parameters.items()}
    for name, convert in plan.converters.items():
        if name in values:
            values[name] = convert(values[name])
    arguments = _arguments(plan, values, seed)
    if not plan.warns:
        return _construct(model_cls, plan, arguments, seed)
    with _mesa_warnings_silenced():
        return _construct(model_cls, plan, arguments, seed)


def build_as_given(model_cls: type[Any], arguments: Mapping[str, Any], seed: int | None) -> Any:
    """Construct a model as Mesa's `batch_run` does: called with the arguments as they are.

    The global generators are seeded first, and lists, dicts and sets are copied, so that a model that changes one does
    not change it for the runs that come after.

    Args:
        model_cls: A subclass of `mesa.Model`.
        arguments: Values by name; the model's own seed is one of them.
        seed: The seed of the global generators; None to leave them alone.

    Returns:
        The model, ready for its first step.

    Raises:
        Exception: Whatever the model itself raises while it is set up.

    Example:
        >>> from mesa.examples import ConwaysGameOfLife
        >>> model = build_as_given(ConwaysGameOfLife, {"width": 3, "height": 4, "rng": 1}, seed=1)
        >>> len(model.agents)
        12
    """
    if seed is not None:
        _seed_generators(_plain_seed(seed))
    values = {name: _copied(value) for name, value in arguments.items()}
    with _mesa_warnings_silenced() if plan_of(model_cls).warns else contextlib.nullcontext():
        return model_cls(**values)


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value) if type(value) in (list, dict, set) else value
    except Exception:  # what it holds cannot be copied
        return value


def _construct(model_cls: type[Any], plan: Plan, arguments: dict[str, Any], seed: int | None) -> Any:
    for name, simulator in plan.simulators.items():
        arguments[name] = simulator()
    if plan.positional:
        ordered = [arguments.pop(name, default) for name, default in plan.positional.items()]
        return model_cls(*ordered, **arguments)
    if plan.seed_keyword is None and seed is not None:
        return _construct_seeded(model_cls, arguments, seed)
    return model_cls(**arguments)


def _own(value: Any) -> Any:
    """A value that the model may change without changing it for the runs that come after."""
    if isinstance(value, np.generic):
        return value.item()
    return copy.deepcopy(value) if isinstance(value, list | dict | set) else value


def _plain_seed(seed: int) -> int:
    if type(seed) is int and seed >= 0:
        return seed
    try:
        seed = operator.index(seed)
    except TypeError:
        raise ParameterError(f"The seed {seed!r} is no integer.") from None
    if seed < 0:
        raise ParameterError(f"The seed {seed} is negative; a seed is an integer from 0 on.")
    return seed


def _seed_generators(seed: int) -> None:
    """Seed the global generators of `random` and `numpy.random`, because some models draw from them.

    Args:
        seed: A run's seed, from which other numbers are derived: Random(seed) would give the same numbers as the
            model's own generator.
    """
    mixed = (seed * 0x9E37_79B9_7F4A_7C15 + 0xD1B5_4A32_D192_ED03) & _MASK_64
    mixed ^= mixed >> 29
    random.seed(mixed)
    np.random.seed((mixed >> 32) & _MASK_32)


def _arguments(plan: Plan, values: dict[str, Any], seed: int | None) -> dict[str, Any]:
    """Sort values into keywords and scenario, and add the seed."""
    if plan.scenario_class is None:
        if plan.unused:
            values.update(plan.unused)
        if plan.seed_keyword is not None:
            values[plan.seed_keyword] = seed
        return values
    fields = dict(plan.scenario_defaults)
    arguments: dict[str, Any] = dict(plan.unused)
    for name, value in values.items():
        is_field = name in plan.scenario_names or (plan.scenario_open and name not in plan.keyword_names)
        if is_field:
            fields[name] = value
        if not is_field or name in plan.keyword_names:
            arguments[name] = value
    if not plan.is_mesa_scenario:
        if plan.seed_keyword is not None and plan.seed_keyword != "scenario":
            arguments[plan.seed_keyword] = seed
        seeds = dict.fromkeys(plan.object_seeds, seed)
        arguments[plan.scenario_keyword] = plan.scenario_class(**fields, **seeds)
        return arguments
    # A new one for each model: Mesa 3.5's scenario keeps a reference to its model.
    scenario = plan.scenario_class(rng=seed, **fields)
    if plan.scenario_shadows_rng:
        vars(scenario)["rng"] = np.random.default_rng(seed)
    arguments[plan.scenario_keyword] = scenario
    return arguments


@contextlib.contextmanager
def _mesa_warnings_silenced() -> Iterator[None]:
    """Hold back what Mesa says about `seed=` and simulators: the model's author is not here."""
    first = warnings.filters[0] if warnings.filters else None
    if first and first[0] == "ignore" and first[1] is None and issubclass(FutureWarning, first[2]):
        yield
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", _MESA_WARNINGS, FutureWarning)
        yield


def _construct_seeded(model_cls: type[Any], arguments: dict[str, Any], seed: int) -> Any:
    """Construct a model whose class has no way to take a seed.

    For the time of `__init__` the model is of a subclass that has one more class between the
    author's and `mesa.Model`: it adds the seed to the call of `super().__init__()`.
    """
    seeded = _seeded(model_cls)
    if seeded is None:
        return model_cls(**arguments)
    model: Any = object.__new__(seeded)
    vars(model)[_SEED_ATTRIBUTE] = seed
    model.__init__(**arguments)
    model.__class__ = model_cls
    return model


@cached
def _seeded(model_cls: type[Any]) -> type[Any] | None:
    import mesa

    class Seeded(mesa.Model):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            seed = self.__dict__.pop(_SEED_ATTRIBUTE, None)
            ways = (*SEED_KEYWORDS, "scenario")
            if all(kwargs.get(name) is None for name in ways):
                kwargs = {name: value for name, value in kwargs.items() if name not in ways}
                kwargs["rng"] = seed
            super().__init__(*args, **kwargs)

    if inspect.getattr_static(model_cls, "__new__") is not inspect.getattr_static(object, "__new__"):
        return None
    try:
        return type(model_cls.__name__, (model_cls, Seeded), {"__module__": model_cls.__module__})
    except TypeError:
        # A base class that allows no subclasses, or wants arguments for them.
        return None
