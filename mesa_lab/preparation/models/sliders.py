"""Read the controls that a model's Solara page offers, from its source.

Mesa's pages hold a dictionary `model_params`: parameter name to `Slider("label", value, min, max,
step)` or to `{"type": "SliderInt", "min": ..., ...}`. A page is never imported: that would build
a model and draw it.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Control", "controls_of"]

_SLIDER_ARGUMENTS = ("label", "value", "min", "max", "step", "dtype")


@dataclass(frozen=True)
class Control:
    """One control of a page: a slider's range, or the values of a selection."""

    label: str = ""
    low: float | None = None
    high: float | None = None
    step: float | None = None
    values: tuple[Any, ...] = ()
    is_real: bool | None = None


def controls_of(model_cls: type[Any]) -> dict[str, Control]:
    """Find the controls for a model's parameters.

    Looked for in the module that defines the model, and in an `app.py` or `server.py` beside it or
    one folder up that mentions the class.

    Args:
        model_cls: The model class.

    Returns:
        Controls by parameter name; empty when there are none that can be read.
    """
    try:
        module_file = Path(inspect.getfile(model_cls))
    except (TypeError, OSError):
        return {}
    folders = (module_file.parent, module_file.parent.parent)
    pages = [module_file, *(folder / name for folder in folders for name in ("app.py", "server.py"))]
    known = {**vars(sys.modules.get(model_cls.__module__, sys)), model_cls.__name__: model_cls}
    mention = re.compile(rf"\b{re.escape(model_cls.__name__)}\b")
    for page in pages:
        try:
            text = page.read_text(encoding="utf-8")
            tree = ast.parse(text) if "model_params" in text and mention.search(text) else None
        except (OSError, SyntaxError, ValueError):
            continue
        found = _read_page(tree, known) if tree else {}
        if found:
            return found
    return {}


def _read_page(tree: ast.Module, known: Mapping[str, Any]) -> dict[str, Control]:
    names = dict(known)
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign):
            try:
                names[target.id] = _value(node.value, names)
            except ValueError:
                names.pop(target.id, None)
    controls: dict[str, Control] = {}
    for dictionary in _model_params(tree):
        for key, value in zip(dictionary.keys, dictionary.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                control = _control(value, names)
                if control is not None:
                    controls.setdefault(key.value, control)
    return controls


def _model_params(tree: ast.Module) -> Iterator[ast.Dict]:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword):
            names = [node.arg or ""]
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [ast.unparse(target) for target in targets]
        else:
            continue
        if isinstance(node.value, ast.Dict) and any("model_params" in name for name in names):
            yield node.value


def _control(node: ast.expr, names: Mapping[str, Any]) -> Control | None:
    if isinstance(node, ast.Dict):
        pairs = [
            (key.value, value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
        ]
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Slider"):
        pairs = [
            *zip(_SLIDER_ARGUMENTS, node.args, strict=False),
            *((word.arg, word.value) for word in node.keywords),
        ]
    else:
        return None
    found: dict[Any, Any] = {}
    for key, value in pairs:
        try:
            found[key] = _value(value, names)
        except ValueError:
            continue
    return _as_control(found, is_call=isinstance(node, ast.Call))


def _as_control(found: Mapping[str, Any], *, is_call: bool) -> Control | None:
    kind, label = found.get("type", ""), found.get("label", "")
    label = label.strip().rstrip(":") if isinstance(label, str) else ""
    numbers = [found.get(key) for key in ("value", "min", "max", "step")]
    low, high, step = (
        number if isinstance(number, (int, float)) and not isinstance(number, bool) else None
        for number in numbers[1:]
    )
    if kind == "Checkbox":
        return Control(label, values=(False, True))
    if kind == "Select":
        values = found.get("values")
        return (
            Control(label, values=tuple(values))
            if isinstance(values, (list, tuple)) and values
            else Control(label)
        )
    is_real = any(isinstance(number, float) for number in numbers)
    if is_call:
        is_real = found["dtype"] is float if found.get("dtype") else is_real
        return Control(label, low, high, step if step is not None else 1, is_real=is_real)
    if kind in ("SliderInt", "SliderFloat"):
        return Control(label, low, high, step, is_real=kind == "SliderFloat")
    return Control(label) if label else None


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """Evaluate what pages write for numbers and lists: literals, names, attributes, arithmetic."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        pass
    if isinstance(node, ast.Name):
        if node.id in names:
            return names[node.id]
        if node.id in ("int", "float"):
            return {"int": int, "float": float}[node.id]
    elif isinstance(node, ast.Attribute):
        owner = _value(node.value, names)
        if isinstance(owner, type) and node.attr in vars(owner):
            return vars(owner)[node.attr]
    elif isinstance(node, (ast.List, ast.Tuple)):
        return [_value(item, names) for item in node.elts]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(node.operand, names)
    elif isinstance(node, ast.BinOp):
        left, right = _number(node.left, names), _number(node.right, names)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div) and right:
            return left / right
    raise ValueError(ast.unparse(node))


def _number(node: ast.expr, names: Mapping[str, Any]) -> float:
    value = _value(node, names)
    if isinstance(value, (int, float)):
        return value
    raise ValueError(ast.unparse(node))
