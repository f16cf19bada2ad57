"""Which models are installed: Mesa's examples, and those that packages register.

Nothing is imported: modules are found on the path and their source is read, so that listing models
is quick and a broken package cannot break the list.
"""

import ast
import importlib.metadata
import importlib.util
import re
from dataclasses import dataclass
from pathlib import Path

from mesa_lab.preparation.code_permission import parse_reference
from mesa_lab.preparation.models.files import find_module

__all__ = ["ModelEntry", "installed_models", "listed_model"]

_GROUP = "mesa_lab.models"


@dataclass(frozen=True)
class ModelEntry:
    """One line of the list of installed models.

    Attributes:
        reference: What `load_model` takes.
        name: What to show.
        summary: The first sentence of the model's documentation, or an empty string.
        source: `"mesa.examples"`, the distribution that registers the model, or the file that it is in.
        problem: Why the entry cannot be used, or an empty string.
    """

    reference: str
    name: str
    summary: str
    source: str
    problem: str = ""


def installed_models() -> list[ModelEntry]:
    """List the models of `mesa.examples` and of the entry point group `mesa_lab.models`.

    An entry point's name is what is shown, its value is `"package.module:Class"`.

    Returns:
        The entries, Mesa's own first. An entry that cannot work has its `problem` said.

    Example:
        >>> [entry.reference for entry in installed_models()][:2]
        ['mesa.examples:BoidFlockers', 'mesa.examples:BoltzmannWealth']
    """
    return [*_mesa_examples(), *_entry_points()]


def listed_model(reference: str) -> ModelEntry:
    """Return the entry of a model that is not installed, from its source.

    Args:
        reference: The model, with its class.

    Example:
        >>> listed_model("mesa.examples.basic.schelling.model:Schelling").summary
        'Model class for the Schelling segregation model.'
    """
    named = parse_reference(reference)
    if named.is_file:
        summary = _summary_in(_parse(Path(named.place)), named.name)
    else:
        summary = _summary(named.place, named.name) or ""
    return ModelEntry(reference, named.name or reference, summary, named.place)


def _mesa_examples() -> list[ModelEntry]:
    spec = find_module("mesa.examples")
    if spec is None or spec.origin is None:
        return []
    names = sorted(
        alias.asname or alias.name
        for node in _parse(Path(spec.origin)).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )
    return [
        ModelEntry(f"mesa.examples:{name}", name, _summary("mesa.examples", name) or "", "mesa.examples")
        for name in names
    ]


def _entry_points() -> list[ModelEntry]:
    entries = []
    for point in sorted(importlib.metadata.entry_points(group=_GROUP), key=lambda point: point.name):
        source = point.dist.name if point.dist else ""
        module, _, name = point.value.partition(":")
        problem, summary = "", None
        if not name:
            problem = f"'{point.value}' is no 'package.module:Class'."
        elif find_module(module) is None:
            problem = f"No module '{module}'."
        else:
            summary = _summary(module, name)
            if summary is None:
                problem = f"No class '{name}' in '{module}'."
        entries.append(ModelEntry(point.value, point.name, summary or "", source, problem))
    return entries


def _parse(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return ast.Module(body=[], type_ignores=[])


def _summary(module: str, name: str, depth: int = 5) -> str | None:
    """The first sentence of a class's documentation; None when the module surely has no such name."""
    spec = find_module(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py") or "." in name:
        return ""
    tree = _parse(Path(spec.origin))
    package = module if spec.submodule_search_locations is not None else module.rpartition(".")[0]
    unsure = False
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == name:
            return first_sentence(class_doc(node) or ast.get_docstring(tree) or "")
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name and depth:
                    target = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                    return _summary(target, alias.name, depth - 1)
                unsure |= alias.name == "*"
        unsure |= isinstance(node, ast.Name) and node.id == name
        unsure |= isinstance(node, ast.FunctionDef) and node.name == "__getattr__"
    return "" if unsure or not tree.body else None


def _summary_in(tree: ast.Module, name: str) -> str:
    """The first sentence about a class that a file itself defines."""
    found = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == name)
    return next((first_sentence(class_doc(node) or ast.get_docstring(tree) or "") for node in found), "")


def class_doc(node: ast.ClassDef) -> str | None:
    """The documentation of a class in source: its own, or its constructor's."""
    own = ast.get_docstring(node)
    for child in node.body:
        if own is None and isinstance(child, ast.FunctionDef) and child.name == "__init__":
            return ast.get_docstring(child)
    return own


def first_sentence(text: str) -> str:
    """The first sentence of a text, on one line."""
    paragraph = re.split(r"\n\s*\n", text.strip(), maxsplit=1)[0]
    lines = [line.strip() for line in paragraph.splitlines() if set(line.strip()) - set("=-~#*")]
    return re.split(r"(?<=[.!?])\s", " ".join(lines), maxsplit=1)[0]
