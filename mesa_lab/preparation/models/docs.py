"""Read what a model's documentation says about each of its parameters."""

import inspect
import re
from typing import Any

__all__ = ["argument_docs", "documentation"]

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Attributes|Params):?\s*$")
_ENTRY = re.compile(r"^(?P<names>\*{0,2}\w+(?:\s*,\s*\w+)*)\s*(?:\([^)]*\))?\s*:\s*(?P<text>.*)$")


def documentation(model_cls: type[Any]) -> str:
    """The documentation of a model: the class's own, else its constructor's, else its module's, where that is the model's own."""
    module = inspect.getmodule(model_cls)
    things = [model_cls, vars(model_cls).get("__init__"), module if _is_own(module, model_cls) else None]
    for thing in filter(None, things):
        # vars(): an inherited text is about another class.
        text = vars(thing).get("__doc__") if isinstance(thing, type) else getattr(thing, "__doc__", None)
        if text and text.strip():
            return inspect.cleandoc(text)
    return ""


def _is_own(module: Any, model_cls: type[Any]) -> bool:
    """Whether a module is that of one model: a file, not a notebook's, with no other model in it."""
    import mesa

    if module is None or not getattr(module, "__file__", None):
        return False
    return not any(
        isinstance(value, type)
        and issubclass(value, mesa.Model)
        and value is not model_cls
        and value.__module__ == model_cls.__module__
        and value not in model_cls.__mro__
        for value in vars(module).values()
    )


def argument_docs(model_cls: type[Any], scenario_class: type[Any] | None) -> dict[str, str]:
    """Collect the entries of the `Args:` sections of a model and its scenario.

    Args:
        model_cls: The model class.
        scenario_class: The class of its scenario, if any.

    Returns:
        Text by parameter name, on one line.
    """
    found: dict[str, str] = {}
    for cls in (*(scenario_class.__mro__ if scenario_class else ()), *model_cls.__mro__):
        if cls.__module__.split(".")[0] in ("builtins", "typing") or cls.__module__ == "mesa.model":
            continue
        for text in (vars(cls).get("__doc__"), getattr(vars(cls).get("__init__"), "__doc__", None)):
            for name, entry in _entries(text or "").items():
                found.setdefault(name, entry)
    return found


def _entries(text: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    names: list[str] = []
    section_indent = entry_indent = -1
    for line in inspect.cleandoc(text).splitlines():
        indent = len(line) - len(line.lstrip())
        if _SECTION.match(line.strip()):
            section_indent, entry_indent, names = indent, -1, []
        elif section_indent < 0 or not line.strip():
            continue
        elif indent <= section_indent:
            section_indent = -1
        elif (entry_indent < 0 or indent <= entry_indent) and (match := _ENTRY.match(line.strip())):
            entry_indent = indent
            names = [name.strip().lstrip("*") for name in match["names"].split(",")]
            entries.update(dict.fromkeys(names, match["text"].strip()))
        elif indent > entry_indent:
            for name in names:
                entries[name] = f"{entries[name]} {line.strip()}".strip()
    return entries
