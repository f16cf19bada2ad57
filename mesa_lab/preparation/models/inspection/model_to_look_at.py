"""A model built only to look at: within a time limit, and with the one step that some need before there is anything to see.

Where building it takes too long, what it reports is read from its code.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from mesa_lab.preparation.models.collectors import collectors_of
from mesa_lab.preparation.models.construction import build
from mesa_lab.preparation.models.inspection.attributes_in_code import calls_in_methods, may_set
from mesa_lab.preparation.models.inspection.interruption import Interruption
from mesa_lab.preparation.models.working_folder import find_another_folder, working_folder, working_in

__all__ = [
    "LOOKING_SECONDS",
    "look_at",
    "may_come",
    "number_attributes",
    "release",
    "reporters_in_code",
    "sources_of",
]

LOOKING_SECONDS: Final = 10.0


def look_at(
    model_cls: type[Any], parameters: Mapping[str, Any], seed: int, seconds: float = LOOKING_SECONDS
) -> Any:
    """Build a model to see what it reports and which agents it has.

    One that has no data collector yet, though code of its steps speaks of one, takes one step.

    Args:
        model_cls: The class.
        parameters: Values by name.
        seed: The seed.
        seconds: How long it may take.

    Returns:
        The model; `release` it after the look.

    Raises:
        OutOfTimeError: If it takes longer.
        Exception: Whatever its constructor raises.
    """
    tried = {working_folder(model_cls)}
    with Interruption(seconds), contextlib.ExitStack() as stack:
        try:
            with working_in(working_folder(model_cls)):
                model = build(model_cls, parameters, seed)
        except Exception as error:
            if not find_another_folder(error, model_cls, tried):
                raise
            with working_in(working_folder(model_cls)):
                model = build(model_cls, parameters, seed)
        stack.enter_context(working_in(working_folder(model_cls)))
        if not collectors_of(model) and calls_in_methods(model_cls, "DataCollector"):
            with contextlib.suppress(Exception):  # what a step raises is the business of a run
                model.step()
    return model


def may_come(name: str, model: Any) -> bool | None:
    """Whether a model that has nothing of this name after set-up may have it later, as an attribute or as a reporter.

    Returns:
        True if its code makes it, False if none does, None if only a run can tell.
    """
    if not collectors_of(model) and calls_in_methods(type(model), "DataCollector"):
        return None
    return may_set(name, [type(model), *model.agent_types])


def release(model: Any) -> None:
    """Let go of a model that was looked at: Mesa 3.5's numpy data sets hang on the agent class and would disturb the next."""
    registry = getattr(model, "data_registry", None)
    with contextlib.suppress(Exception):
        if registry is not None:
            registry.close()


def number_attributes(model: Any) -> list[str]:
    """Return the names of the public attributes of a model that its authors gave it and that hold a number."""
    import mesa

    of_mesa = dir(mesa.Model())
    return [
        name
        for name, value in getattr(model, "__dict__", {}).items()
        if not name.startswith("_") and name not in of_mesa and isinstance(value, int | float | np.number)
    ]


def reporters_in_code(model_cls: type[Any]) -> tuple[list[str], dict[type[Any], list[str]]]:
    """Read which reporters a model's code gives to a `DataCollector`, where it writes them as a dict.

    Args:
        model_cls: The class; it is not built.

    Returns:
        Names of the reporters of the model; and those of its agents, for `object`, which stands for all.
    """
    of_model: list[str] = []
    of_agents: list[str] = []
    for tree in sources_of(model_cls):
        dicts = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("DataCollector")):
                continue
            given: dict[str | None, ast.expr] = {"model_reporters": node.args[0]} if node.args else {}
            if len(node.args) > 1:
                given["agent_reporters"] = node.args[1]
            given |= {keyword.arg: keyword.value for keyword in node.keywords}
            of_model += _keys(given.get("model_reporters"), dicts)
            of_agents += _keys(given.get("agent_reporters"), dicts)
    return list(dict.fromkeys(of_model)), {object: list(dict.fromkeys(of_agents))} if of_agents else {}


def sources_of(model_cls: type[Any]) -> Iterator[ast.Module]:
    """Yield the source of a class and of those that it builds upon, without Mesa's own; none where there is none to read."""
    for base in model_cls.__mro__:
        if base.__module__ in ("builtins", "typing") or base.__module__ == "mesa.model":
            continue
        with contextlib.suppress(OSError, TypeError, SyntaxError):
            yield ast.parse(textwrap.dedent(inspect.getsource(base)))


def _keys(value: ast.expr | None, dicts: Mapping[str, ast.expr]) -> list[str]:
    if isinstance(value, ast.Name):
        value = dicts.get(value.id)
    if not isinstance(value, ast.Dict):
        return []
    return [key.value for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
