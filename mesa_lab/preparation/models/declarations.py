"""Read constructors and classes as Python declares them: parameters, defaults, resolved type hints.

Knows Python's ways of declaring things and nothing about scenarios, seeds or experiments.
"""

import ast
import dataclasses
import enum
import functools
import inspect
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["REQUIRED", "Required", "Slot"]


class Required(enum.Enum):
    """The type of `REQUIRED`, the default of a parameter that has none."""

    REQUIRED = "required"

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = Required.REQUIRED


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter as a class declares it: its default, its type hint (or None), its place."""

    name: str
    default: Any
    hint: Any
    belongs_to: str


def make_slot(name: str, default: Any, hint: Any, belongs_to: str) -> Slot:
    """A slot with plain data as its default."""
    if default is inspect.Parameter.empty:
        default = REQUIRED
    if isinstance(default, enum.Enum) and default is not REQUIRED:
        # A member goes by its name everywhere: in files, tables and forms; `build` turns it back.
        return Slot(name, default.name, type(default) if is_silent(hint) else hint, belongs_to)
    return Slot(name, default, hint, belongs_to)


def is_silent(hint: Any) -> bool:
    """Whether a hint tells nothing here: there is none, or only a type checker can resolve it."""
    return hint is None or isinstance(hint, (str, typing.ForwardRef))


def cached[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """Remember answers about classes; `functools.lru_cache`, typed for arguments of type `type`."""
    return typing.cast("Callable[P, T]", functools.lru_cache(maxsize=256)(function))


def is_mesa_base(cls: type[Any]) -> bool:
    """Whether this is `mesa.Model` itself, found out without importing Mesa."""
    return cls.__module__ == "mesa.model"


def constructors(model_cls: type[Any]) -> tuple[list[tuple[type[Any], Any]], bool]:
    """The `__init__` functions whose parameters a caller can give, and whether there may be more.

    An `__init__(self, n, **kwargs)` that only hands `kwargs` on to `super().__init__` takes the
    parameters of the next class too; one that does anything else with them may take any name.
    """
    found: list[tuple[type[Any], Any]] = []
    for cls in model_cls.__mro__:
        if "__init__" not in vars(cls):
            continue
        init = inspect.unwrap(vars(cls)["__init__"])
        found.append((cls, init))
        extra = [parameter for parameter in parameters_of(init) if parameter.kind is parameter.VAR_KEYWORD]
        if is_mesa_base(cls) or not extra:
            return found, False
        if not _only_hands_on(init, extra[0].name):
            return found, True
    return found, False


def _only_hands_on(init: Any, name: str) -> bool:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    except (OSError, TypeError, SyntaxError):
        return False
    handed_on = {
        id(keyword.value)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".__init__")
        for keyword in call.keywords
        if keyword.arg is None
    }
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == name]
    return bool(uses) and all(id(node) in handed_on for node in uses)


def parameters_of(function: Any) -> list[inspect.Parameter]:
    """The parameters of a function, `self` among them; none when Python cannot tell."""
    options: dict[str, Any] = {}
    if sys.version_info >= (3, 14):
        import annotationlib

        options["annotation_format"] = annotationlib.Format.FORWARDREF
    try:
        return list(inspect.signature(function, **options).parameters.values())
    except (TypeError, ValueError):
        return []


def arguments_of(inits: list[tuple[type[Any], Any]]) -> dict[str, tuple[inspect.Parameter, Any]]:
    """All named parameters of some constructors below `mesa.Model`, each with its resolved hint."""
    arguments: dict[str, tuple[inspect.Parameter, Any]] = {}
    for cls, init in inits:
        if is_mesa_base(cls):
            break
        for parameter in parameters_of(init)[1:]:
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            hint = resolved(parameter.annotation, getattr(init, "__globals__", {}), vars(cls))
            if parameter.name not in arguments:
                arguments[parameter.name] = (with_factory(cls, parameter), hint)
    return arguments


def with_factory(cls: type[Any], parameter: inspect.Parameter) -> inspect.Parameter:
    """A dataclass's `field(default_factory=...)` shows in the signature as a marker only."""
    for field in dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ():
        if field.name == parameter.name and field.default_factory is not dataclasses.MISSING:
            return parameter.replace(default=field.default_factory())
    return parameter


def annotations_of(cls: type[Any]) -> dict[str, Any]:
    """The annotations that a class itself declares, not yet resolved."""
    if sys.version_info >= (3, 14):
        import annotationlib

        return annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    return inspect.get_annotations(cls)


def resolved(annotation: Any, namespace: Mapping[str, Any], local: Mapping[str, Any]) -> Any:
    """The type behind an annotation, None without one; as it stands if only a type checker can tell."""
    if annotation is inspect.Parameter.empty:
        return None
    # A class, where ClassVar and Final may stand.
    holder = type("Holder", (), {"__annotations__": {"it": annotation}})
    try:
        return typing.get_type_hints(holder, dict(namespace), dict(local), include_extras=True)["it"]
    except Exception:
        return annotation


def members(hint: Any) -> tuple[Any, ...]:
    """The alternatives of a union hint, or the hint alone."""
    if isinstance(hint, typing.TypeAliasType):
        return members(hint.__value__)
    origin = typing.get_origin(hint)
    if origin in (typing.Annotated, typing.Final):
        return members(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return tuple(part for argument in typing.get_args(hint) for part in members(argument))
    return (hint,)


def passes_keyword(model_cls: type[Any], name: str) -> bool:
    """Whether a constructor of the model's authors calls something with this keyword."""
    for cls in model_cls.__mro__:
        if is_mesa_base(cls):
            break
        code = getattr(inspect.unwrap(vars(cls).get("__init__", is_mesa_base)), "__code__", None)
        # CPython keeps the names of a call's keywords as a tuple among the constants.
        if any(isinstance(names, tuple) and name in names for names in getattr(code, "co_consts", ())):
            return True
    return False
