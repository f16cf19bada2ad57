"""What a Mesa model class takes: its parameters, and how a seed reaches it.

Mesa models take their parameters as keywords, as the fields of a `Scenario`, or as both, and their
seed as `seed`, as `rng`, inside the scenario, or not at all. This room reads all of that from the
class alone, without building it, and hands out one answer that does not differ between Mesa
releases. It must not know how models are found, built or run.
"""

import dataclasses
import enum
import functools
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["REQUIRED", "Plan", "Required", "Slot", "plan_of"]


class Required(enum.Enum):
    """The type of `REQUIRED`, the default of a parameter that has none."""

    REQUIRED = "required"

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = Required.REQUIRED

SEED_KEYWORDS = ("rng", "seed")
# Fields that Mesa's own Scenario uses for its bookkeeping.
_NOT_FIELDS = {"rng", "model", "scenario_id", "replication_id", "initial_rng_state"}


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter as the class declares it: its default, its type hint (or None), its place."""

    name: str
    default: Any
    hint: Any
    belongs_to: str


@dataclass(frozen=True, slots=True)
class Plan:
    """How to construct one model class; everything that `build` needs, worked out once.

    Attributes:
        slots: The user's parameters, in the order of the class.
        names: Their names.
        required: The names without a default.
        accepts_any: The class takes further keywords that it does not name.
        scenario_class: The `Scenario` class whose fields are parameters, if any.
        scenario_keyword: The keyword that takes the scenario.
        scenario_names: The names that go into the scenario.
        scenario_open: So does every name that is no keyword.
        scenario_shadows_rng: The scenario class has an `rng` of its own that hides the seeded one.
        keyword_names: The names that are keywords.
        scenario_defaults: Values of a scenario *object* that is the keyword's default.
        fixed: Keywords passed as they are at each construction (unused seed keywords).
        positional: Names that can only be passed by position, with their defaults, in order.
        seed_keyword: The keyword that takes the seed, `"scenario"`, or None.
        simulators: Keywords that take a simulator of their own (Mesa 3), with its class.
        warns: Mesa may warn, while it is constructed, about what the model's author wrote.
        converters: For parameters whose hint asks for it, what turns data into the hinted type.
    """

    slots: tuple[Slot, ...]
    names: frozenset[str]
    required: frozenset[str]
    accepts_any: bool
    scenario_class: type[Any] | None
    scenario_keyword: str
    scenario_names: frozenset[str]
    scenario_open: bool
    scenario_shadows_rng: bool
    keyword_names: frozenset[str]
    scenario_defaults: Mapping[str, Any]
    fixed: Mapping[str, Any]
    positional: Mapping[str, Any]
    seed_keyword: str | None
    simulators: Mapping[str, Callable[[], Any]]
    warns: bool
    converters: Mapping[str, Callable[[Any], Any]]


@functools.lru_cache(maxsize=256)
def plan_of(model_cls: type[Any]) -> Plan:
    """Read the signature of a Mesa model class.

    Args:
        model_cls: A subclass of `mesa.Model`.

    Returns:
        The plan, cached per class.
    """
    constructors, open_ended = _constructors(model_cls)
    arguments = _arguments(constructors)
    keyword, scenario_class = _find_scenario(model_cls, constructors, arguments)
    slots: list[Slot] = []
    positional: dict[str, Any] = {}
    fixed: dict[str, Any] = {}
    simulators: dict[str, Callable[[], Any]] = {}
    scenario_defaults: dict[str, Any] = {}
    seeds = [name for name in SEED_KEYWORDS if name in arguments]
    reaches_mesa = _is_mesa_base(constructors[-1][0])
    for name, (parameter, hint) in arguments.items():
        if name == keyword:
            if not isinstance(parameter.default, type) and isinstance(
                parameter.default, scenario_class or ()
            ):
                scenario_defaults = {
                    key: value for key, value in dict(parameter.default).items() if key not in _NOT_FIELDS
                }
        elif name in SEED_KEYWORDS:
            fixed[name] = None
        elif simulator := _simulator_class(name, hint, parameter.default):
            simulators[name] = simulator
        else:
            slots.append(_slot(name, _default_of(model_cls, parameter), hint, "keyword"))
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional[name] = parameter.default
    taken = {slot.name for slot in slots}
    scenario_slots, scenario_open = _scenario_slots(scenario_class, scenario_defaults)
    slots += [slot for slot in scenario_slots if slot.name not in taken]
    seed_keyword = "scenario" if scenario_class else seeds[0] if seeds else "rng" if reaches_mesa else None
    fixed.pop(seed_keyword or "", None)
    return Plan(
        slots=tuple(slots),
        names=frozenset(slot.name for slot in slots),
        required=frozenset(slot.name for slot in slots if slot.default is REQUIRED),
        accepts_any=open_ended or scenario_open,
        scenario_class=scenario_class,
        scenario_keyword=keyword,
        scenario_names=frozenset(slot.name for slot in scenario_slots),
        scenario_open=scenario_open,
        scenario_shadows_rng=_shadows_rng(scenario_class),
        keyword_names=frozenset(taken),
        scenario_defaults=scenario_defaults,
        fixed=fixed,
        positional=positional,
        seed_keyword=seed_keyword,
        simulators=simulators,
        warns=bool(simulators) or _passes_keyword(model_cls, "seed"),
        converters={slot.name: convert for slot in slots if (convert := _converter(slot))},
    )


def _is_mesa_base(cls: type[Any]) -> bool:
    return cls.__module__ == "mesa.model"


def _constructors(model_cls: type[Any]) -> tuple[list[tuple[type[Any], Any]], bool]:
    """The `__init__` functions whose parameters a caller can give, and whether there may be more.

    An `__init__(self, n, **kwargs)` that only hands `kwargs` on to `super().__init__` takes the
    parameters of the next class too; one that does anything else with them may take any name.
    """
    found: list[tuple[type[Any], Any]] = []
    for cls in model_cls.__mro__:
        init = vars(cls).get("__init__")
        if init is None:
            continue
        init = inspect.unwrap(init)
        found.append((cls, init))
        if _is_mesa_base(cls):
            return found, False
        extra = [p for p in _parameters(init) if p.kind is p.VAR_KEYWORD]
        if not extra:
            return found, False
        if not _only_hands_on(init, extra[0].name):
            return found, True
    return found, False


def _only_hands_on(init: Any, name: str) -> bool:
    import ast
    import textwrap

    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, TypeError, SyntaxError):
        return False
    handed_on = {
        id(keyword.value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "__init__"
        for keyword in call.keywords
        if keyword.arg is None
    }
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    return bool(uses) and all(id(node) in handed_on for node in uses)


def _parameters(function: Any) -> list[inspect.Parameter]:
    options: dict[str, Any] = {}
    if sys.version_info >= (3, 14):
        import annotationlib

        options["annotation_format"] = annotationlib.Format.FORWARDREF
    try:
        return list(inspect.signature(function, **options).parameters.values())
    except (TypeError, ValueError):
        return []


def _arguments(constructors: list[tuple[type[Any], Any]]) -> dict[str, tuple[inspect.Parameter, Any]]:
    arguments: dict[str, tuple[inspect.Parameter, Any]] = {}
    for cls, init in constructors:
        if _is_mesa_base(cls):
            break
        for parameter in _parameters(init)[1:]:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                hint = _resolve(parameter.annotation, init.__globals__, vars(cls))
                arguments.setdefault(parameter.name, (parameter, hint))
    return arguments


def _resolve(annotation: Any, namespace: Mapping[str, Any], local: Mapping[str, Any]) -> Any:
    """The type behind an annotation; a string when it names what only a type checker sees."""
    if annotation is inspect.Parameter.empty:
        return None
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    try:
        # The text is the annotation of a class that has been imported already: its own code.
        return eval(annotation, dict(namespace), dict(local))
    except Exception:
        return annotation


def _default_of(model_cls: type[Any], parameter: inspect.Parameter) -> Any:
    if parameter.default is inspect.Parameter.empty:
        return REQUIRED
    if dataclasses.is_dataclass(model_cls):
        for field in dataclasses.fields(model_cls):
            if field.name == parameter.name and field.default_factory is not dataclasses.MISSING:
                return field.default_factory()
    return parameter.default


def _slot(name: str, default: Any, hint: Any, belongs_to: str) -> Slot:
    # An Enum's member goes by its name everywhere: in files, tables and forms; `build` turns it back.
    if isinstance(default, enum.Enum) and default is not REQUIRED:
        return Slot(name, default.name, hint if hint is not None else type(default), belongs_to)
    return Slot(name, default, hint, belongs_to)


def members(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union hint, or the hint alone."""
    if isinstance(hint, typing.TypeAliasType):
        hint = hint.__value__
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return members(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return tuple(part for arg in typing.get_args(hint) for part in members(arg))
    return (hint,)


def _scenario_base() -> type[Any] | None:
    try:
        from mesa.experimental.scenarios import Scenario
    except ImportError:
        return None
    return typing.cast("type[Any]", Scenario)


def _find_scenario(
    model_cls: type[Any],
    constructors: list[tuple[type[Any], Any]],
    arguments: Mapping[str, tuple[inspect.Parameter, Any]],
) -> tuple[str, type[Any] | None]:
    """The keyword that takes a scenario and the scenario's class.

    Looked for in the hint and the default first; an unannotated `scenario=None` is looked up in the
    code of the constructor, then in the class's type arguments, then in its module.
    """
    base = _scenario_base()
    if base is None:
        return "scenario", None

    def is_scenario(value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, base)

    for name, (parameter, hint) in arguments.items():
        default = parameter.default if isinstance(parameter.default, type) else type(parameter.default)
        found = [kind for kind in (*members(hint), default) if is_scenario(kind)]
        if found:
            best = max(found, key=lambda kind: len(kind.__mro__))
            if best is not base:
                return name, best
        elif name != "scenario" or hint is not None or parameter.default not in (None, parameter.empty):
            continue
        for kind in _nearby(model_cls, constructors):
            if is_scenario(kind) and kind is not base:
                return name, kind
        if found or _passes_keyword(model_cls, "scenario"):
            return name, base
    if not arguments.get("scenario") and _is_mesa_base(constructors[-1][0]):
        for kind in _type_arguments(model_cls):
            if is_scenario(kind) and kind is not base:
                return "scenario", kind
    return "scenario", None


def _passes_keyword(model_cls: type[Any], name: str) -> bool:
    """Whether a constructor of the model's authors calls something with this keyword."""
    for cls in model_cls.__mro__:
        if _is_mesa_base(cls):
            break
        code = getattr(inspect.unwrap(vars(cls).get("__init__", _is_mesa_base)), "__code__", None)
        # CPython keeps the names of a call's keywords as a tuple among the constants.
        if any(
            isinstance(constant, tuple) and name in constant for constant in getattr(code, "co_consts", ())
        ):
            return True
    return False


def _shadows_rng(scenario_class: type[Any] | None) -> bool:
    # Mesa 4.0.0a0: a class-level `rng: int = 42` (EpsteinCivilViolence) replaces the generator.
    rng = inspect.getattr_static(scenario_class, "rng", None)
    base = inspect.getattr_static(_scenario_base(), "rng", None)
    return base is not None and rng is not base


def _nearby(model_cls: type[Any], constructors: list[tuple[type[Any], Any]]) -> list[Any]:
    found: list[Any] = []
    for _, init in constructors:
        code = getattr(init, "__code__", None)
        namespace = getattr(init, "__globals__", {})
        names = code.co_names if code else ()
        found += [namespace[name] for name in names if name in namespace]
        modules = [kind for kind in found if isinstance(kind, types.ModuleType)]
        found += [getattr(module, name) for module in modules for name in names if hasattr(module, name)]
    found += _type_arguments(model_cls)
    module = vars(sys.modules.get(model_cls.__module__, types))
    return found + [
        kind for kind in module.values() if getattr(kind, "__module__", "") == model_cls.__module__
    ]


def _type_arguments(model_cls: type[Any]) -> list[Any]:
    return [
        argument
        for cls in model_cls.__mro__
        for generic in vars(cls).get("__orig_bases__", ())
        for argument in typing.get_args(generic)
    ]


def _scenario_slots(scenario_class: type[Any] | None, given: Mapping[str, Any]) -> tuple[list[Slot], bool]:
    """The fields of a scenario class, and whether it takes others that it does not name."""
    base = _scenario_base()
    if scenario_class is None or base is None:
        return [], False
    slots: dict[str, Slot] = {}
    for cls in reversed(scenario_class.__mro__):
        if not issubclass(cls, base) or cls is base:
            continue
        namespace = vars(sys.modules.get(cls.__module__, types))
        hints = _annotations(cls)
        plain = [name for name, value in vars(cls).items() if _is_data(value)]
        for name in [*hints, *(name for name in plain if name not in hints)]:
            hint = _resolve(hints.get(name, inspect.Parameter.empty), namespace, vars(cls))
            if name.startswith("_") or name in _NOT_FIELDS or typing.get_origin(hint) is typing.ClassVar:
                continue
            default = vars(cls).get(name, REQUIRED)
            old = slots.get(name)
            slots[name] = _slot(name, default, hint if hint is not None else old and old.hint, "scenario")
        init = vars(cls).get("__init__")
        for parameter in _parameters(inspect.unwrap(init))[1:] if init else []:
            name = parameter.name
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL) or name in _NOT_FIELDS:
                continue
            hint = _resolve(parameter.annotation, namespace, vars(cls))
            default = REQUIRED if parameter.default is parameter.empty else parameter.default
            slots[name] = _slot(name, default, hint, "scenario")
    for name, value in given.items():
        known = slots.get(name)
        slots[name] = _slot(name, value, known and known.hint, "scenario")
    return list(slots.values()), not slots


def _annotations(cls: type[Any]) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(cls)


def _is_data(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str, tuple, list, dict, set, frozenset, enum.Enum))


def _simulator_class(name: str, hint: Any, default: Any) -> Callable[[], Any] | None:
    """Mesa 3 models that schedule events take a simulator, one for each model."""
    try:
        from mesa.experimental.devs import ABMSimulator
        from mesa.experimental.devs.simulator import Simulator
    except ImportError:
        return None
    for kind in members(hint):
        if isinstance(kind, type) and issubclass(kind, Simulator):
            return ABMSimulator if kind is Simulator else kind
    unset = default is None or default is inspect.Parameter.empty
    return ABMSimulator if name == "simulator" and hint is None and unset else None


def _converter(slot: Slot) -> Callable[[Any], Any] | None:
    kinds = members(slot.hint)
    enums = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, enum.Enum)]
    if enums:
        return functools.partial(_to_enum, enums[0])
    if float in kinds and int not in kinds:
        return _to_float
    if int in kinds and float not in kinds:
        return _to_int
    return None


def _to_enum(kind: type[enum.Enum], value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, kind):
        return kind.__members__.get(value, value)
    return value


def _to_float(value: Any) -> Any:
    return float(value) if type(value) is int else value


def _to_int(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
