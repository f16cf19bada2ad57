"""Suggest, for each parameter of a model, what to vary it over.

The author's own ranges come first: type hints that list what is allowed, then the sliders of a
Solara page. They are read from source and never imported, because such a page builds a model and
draws it when it is imported. What is left is guessed from the default.
"""

import enum
import inspect
import math
import typing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesa_lab.preparation.models.declarations import REQUIRED, Slot, members
from mesa_lab.preparation.models.docs import argument_docs
from mesa_lab.preparation.models.signatures import Plan
from mesa_lab.preparation.models.sliders import Control, controls_of

if TYPE_CHECKING:
    from mesa_lab.preparation.parameters.space import Choice, Integer, Real

__all__ = ["ParameterInfo", "parameter_infos"]


@dataclass(frozen=True)
class ParameterInfo:
    """One parameter of a model, and what to vary it over.

    Attributes:
        name: Its name.
        type: Its type as a person writes it, from the hint or else from the default; "any" if neither tells.
        default: Its default, or `REQUIRED`. Members of an Enum go by their names.
        kind: `"real"`, `"integer"`, `"choice"`, or `"fixed"` when nothing suggests a range.
        low: Lower end of the suggested range.
        high: Upper end.
        step: Step of the slider it comes from.
        choices: The suggested values of a choice.
        suggested_by: `"slider"`, `"type hint"`, `"default"`, or `"none"`.
        label: What to call it on a page.
        belongs_to: `"keyword"` or `"scenario"`.
        doc: What the model's documentation says about it.
    """

    name: str
    type: str
    default: Any
    kind: str
    low: float | None
    high: float | None
    step: float | None
    choices: tuple[Any, ...] | None
    suggested_by: str
    label: str
    belongs_to: str
    doc: str

    def suggest(self) -> "Real | Integer | Choice | None":
        """Return the suggestion as a parameter to put into an experiment, or None.

        Example:
            >>> from mesa.examples import ConwaysGameOfLife
            >>> from mesa_lab.preparation.models import signature
            >>> signature(ConwaysGameOfLife).parameters["initial_fraction_alive"].suggest()
            Real(0, 1)
        """
        from mesa_lab.preparation.parameters.space import Choice, Integer, Real

        if self.kind == "choice" and self.choices:
            return Choice(self.choices)
        if self.low is None or self.high is None:
            return None
        if self.kind == "integer":
            return Integer(int(self.low), int(self.high), step=int(self.step or 1))
        return Real(self.low, self.high) if self.kind == "real" else None


def parameter_infos(model_cls: type[Any], plan: Plan) -> list[ParameterInfo]:
    """Describe the parameters of a model class, each with a suggested range.

    Args:
        model_cls: The class.
        plan: Its signature.

    Returns:
        One description per parameter, in the order of the class.
    """
    docs = argument_docs(model_cls, plan.scenario_class)
    controls = controls_of(model_cls)
    return [_info(slot, controls.get(slot.name), docs.get(slot.name, "")) for slot in plan.slots]


def _info(slot: Slot, control: Control | None, doc: str) -> ParameterInfo:
    kind, low, high, step, choices, by = _suggestion(slot, control)
    label = control.label if control and control.label else slot.name.replace("_", " ").strip().capitalize()
    return ParameterInfo(
        slot.name,
        _type_name(slot),
        slot.default,
        kind,
        low,
        high,
        step,
        choices,
        by,
        label,
        slot.belongs_to,
        doc,
    )


_Suggestion = tuple[str, float | None, float | None, float | None, tuple[Any, ...] | None, str]
_NOTHING: _Suggestion = ("fixed", None, None, None, None, "none")


def _suggestion(slot: Slot, control: Control | None) -> _Suggestion:
    listed = _listed_by_hint(slot)
    if listed:
        return ("choice", None, None, None, listed, "type hint")
    if control is not None and control.values:
        return ("choice", None, None, None, control.values, "slider")
    if control is not None and control.low is not None and control.high is not None:
        kind = "integer" if _is_integer(slot, control) else "real"
        if control.low < control.high:
            return (kind, control.low, control.high, control.step, None, "slider")
    return from_default(slot)


def _listed_by_hint(slot: Slot) -> tuple[Any, ...]:
    """All values that a hint allows, when it lists them: Literal, Enum, bool, each also with None."""
    values: list[Any] = []
    for kind in members(slot.hint):
        if typing.get_origin(kind) is typing.Literal:
            values += [
                value.name if isinstance(value, enum.Enum) else value for value in typing.get_args(kind)
            ]
        elif isinstance(kind, type) and issubclass(kind, enum.Enum):
            values += kind.__members__ if not issubclass(kind, enum.Flag) else []
        elif kind is bool:
            values += [False, True]
        elif kind is type(None) or (kind is None and slot.hint is not None):
            values.append(None)
        else:
            return ()
    return tuple(values) if values != [None] else ()


def _is_integer(slot: Slot, control: Control) -> bool:
    kinds = members(slot.hint)
    bounds = (control.low, control.high, control.step)
    if float in kinds or any(bound is not None and float(bound) != int(bound) for bound in bounds):
        return False
    if int in kinds:
        return True
    if control.is_real is not None:
        return not control.is_real
    return not isinstance(slot.default, float)


def from_default(slot: Slot) -> _Suggestion:
    """Guess a range from the hinted type and the default.

    | default | range |
    |---|---|
    | True or False | both |
    | a real number in [0, 1], such as a probability | 0 to 1 |
    | a positive number x | x/2 to 2x, for integers rounded and from 1 |
    | an integer 0 | 0 to 10 |
    | a negative number | the mirror image |
    | anything else | none |
    """
    value, kinds = slot.default, members(slot.hint)
    if isinstance(value, bool):
        return ("choice", None, None, None, (False, True), "default")
    if value is REQUIRED or not isinstance(value, (int, float)) or not math.isfinite(value):
        return _NOTHING
    size = abs(value)
    if isinstance(value, int) and float not in kinds:
        low, high = (max(1, size // 2), 2 * size) if size else (0, 10)
        kind, step = "integer", 1
    else:
        low, high = (0.0, 1.0) if size <= 1 else (size / 2, size * 2.0)
        kind, step = "real", None
    if value < 0:
        low, high = -high, -low
    return (kind, low, high, step, None, "default")


def _type_name(slot: Slot) -> str:
    if slot.hint is None:
        unknown = slot.default is None or slot.default is REQUIRED
        return "any" if unknown else type(slot.default).__name__
    if isinstance(slot.hint, typing.ForwardRef):
        return slot.hint.__forward_arg__
    if isinstance(slot.hint, str):
        return slot.hint
    return " | ".join(_hint_name(kind) for kind in members(slot.hint))


def _hint_name(kind: Any) -> str:
    if kind is type(None):
        return "None"
    if typing.get_origin(kind) is typing.Literal:
        values = [
            value.name if isinstance(value, enum.Enum) else repr(value) for value in typing.get_args(kind)
        ]
        return f"Literal[{', '.join(values)}]"
    if isinstance(kind, type) and not typing.get_args(kind):
        return kind.__qualname__
    return inspect.formatannotation(kind).replace("typing.", "")
