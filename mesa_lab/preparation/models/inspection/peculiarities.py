"""What a model does in its own way that Mesa leaves to others, and that an experiment should know of.

Read from its code. Runs are made step by step, so what a model's own `run_model` or `run_for` does is not done in them; and
steps are counted by those who make them, so a model may call anything `steps`.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, Final

from mesa_lab.preparation.models.inspection.model_to_look_at import sources_of

__all__ = ["peculiarities"]

# What a `run_model` may call besides `step` without doing more than the steps and the output of a script.
_PLAIN_CALLS: Final = frozenset(
    {
        "step",
        "range",
        "print",
        "len",
        "tqdm",
        "trange",
        "info",
        "debug",
        "int",
        "str",
        "enumerate",
        "format",
        "super",
        "run_model",
        "sleep",
    }
)
_COUNTERS: Final = ("steps", "time", "_steps", "_time")


def peculiarities(model_cls: type[Any]) -> list[str]:
    """Return what is peculiar about how a model runs, in sentences.

    Args:
        model_cls: The class; it is not built.
    """
    said = []
    if more := _more_than_steps(model_cls):
        said.append(
            f"It has a run_model of its own, which is not called: runs are made by step(), until max_steps or a stop rule, or "
            f"until running is False. What else run_model does ({', '.join(more[:3])}) belongs into __init__ or step()."
        )
    for name in ("run_for", "run_until", "_advance_time"):
        if _own(model_cls, name) is not None:
            said.append(
                f"It has a {name} of its own, which is not called: runs are made by step(), one step after the other."
            )
            break
    set_in_code = {name for tree in sources_of(model_cls) for name in _set_on_self(tree)}
    counters = [name for name in _COUNTERS if _own(model_cls, name) is not None or name in set_in_code]
    if counters:
        said.append(
            f"It sets {' and '.join(counters)} itself, which Mesa counts too. In tables, stop rules and max_steps, steps are the "
            "calls of step(), whatever it sets; to measure its own count, keep it under another name."
        )
    return said


def _own(model_cls: type[Any], name: str) -> Any:
    """A member that the model's authors wrote, None where it is Mesa's."""
    for base in model_cls.__mro__:
        if base.__module__ == "mesa.model" or base.__module__ == "builtins":
            return None
        if name in vars(base):
            return vars(base)[name]
    return None


def _more_than_steps(model_cls: type[Any]) -> list[str]:
    """What a model's own `run_model` calls besides its step, and which attributes it sets."""
    function = _own(model_cls, "run_model")
    if function is None:
        return []
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return []
    calls = [name for name in _calls(tree) if name.rpartition(".")[2] not in _PLAIN_CALLS]
    sets = [f"self.{name} = …" for name in _set_on_self(tree) if name != "running"]
    return list(dict.fromkeys([*calls, *sets]))


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).removeprefix("self.")


def _set_on_self(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else [node.target]
            if isinstance(node, ast.AugAssign | ast.AnnAssign)
            else []
        )
        for target in targets:
            if (
                isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and target.value.id == "self"
            ):
                yield target.attr
