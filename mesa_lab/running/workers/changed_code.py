"""Has a model's file changed since it was imported here? Workers import it anew, and would run other code than its user has.

What was imported is compared with what the file would be now: compiled functions, their defaults, and plain values that modules
and classes name. Only files that are younger than this process are looked at, so that it costs nothing as a rule.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from collections.abc import Iterable, Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import psutil

from mesa_lab.running.workers.model_code import code_digest, files_of, functions_in, is_installed

__all__ = ["changed_files"]


def changed_files(things: Iterable[Any]) -> list[Path]:
    """Return the files of things, and of their project, that hold other code than what this process has imported.

    Args:
        things: Classes and functions.
    """
    began = psutil.Process().create_time()
    found = []
    for file, module in files_of(things).items():
        # What a loader has changed on the way, such as the assertions of tests, can be compared with nothing.
        if module is None or type(module.__loader__) is not SourceFileLoader or is_installed(file):
            continue
        with contextlib.suppress(OSError):
            if file.stat().st_mtime >= began and _differs(module, file):
                found.append(file)
    return found


def _differs(module: ModuleType, file: Path) -> bool:
    try:
        source = file.read_bytes()
        tree = ast.parse(source)
        code = compile(source, str(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return True
    now = {_key(part): part for part in _parts(code)}
    for function in _functions(module):
        part = now.get(_key(function.__code__))
        if part is None or _digest(part) != _digest(function.__code__):
            return True
    return any(_values_differ(tree.body, vars(module), _set_later(tree)))


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """Yield the functions that a module defines, those of its classes too."""
    waiting: list[Any] = list(vars(module).values())
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, type):
            if value.__module__ == module.__name__:
                waiting += list(vars(value).values())
            continue
        for function in functions_in(value):
            if function.__module__ == module.__name__ and function.__code__.co_filename == module.__file__:
                yield function


def _parts(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _parts(constant)


def _key(code: CodeType) -> tuple[str, int]:
    # Several lambdas have one name; their order is that of their lines.
    return code.co_qualname, code.co_firstlineno if code.co_name == "<lambda>" else 0


def _digest(code: CodeType) -> str:
    return code_digest([FunctionType(code, {}, closure=_empty_cells(code))])


def _empty_cells(code: CodeType) -> tuple[Any, ...] | None:
    return tuple(CellType() for _ in code.co_freevars) or None


def _set_later(tree: ast.Module) -> set[str]:
    """Names that functions may set while the program runs: `global count`, or `Agent.count = 1`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            found.update(node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def _values_differ(body: list[ast.stmt], names: Any, later: set[str]) -> Iterator[bool]:
    """Yield for plain values and defaults whether the file says others than there are."""
    for statement in body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id in names and target.id not in later:
                    yield _unlike(statement.value, names[target.id])
        elif isinstance(statement, ast.ClassDef):
            kind = names.get(statement.name)
            if isinstance(kind, type):
                yield from _values_differ(statement.body, vars(kind), later)
        elif isinstance(statement, ast.FunctionDef):
            for function in functions_in(names.get(statement.name)):
                yield from _defaults_differ(statement, function)


def _defaults_differ(statement: ast.FunctionDef, function: FunctionType) -> Iterator[bool]:
    given = list(inspect.signature(function).parameters.values())
    known = {each.name: each.default for each in given if each.default is not inspect.Parameter.empty}
    arguments = statement.args
    places = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(places[len(places) - len(arguments.defaults) :], arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    said = {place.arg for place, default in pairs if default is not None}
    yield said != known.keys()
    for place, default in pairs:
        if default is not None and place.arg in known:
            yield _unlike(default, known[place.arg])


def _unlike(node: ast.expr, value: Any) -> bool:
    """Whether a literal in the file is another value; what is no literal is not compared."""
    try:
        literal = ast.literal_eval(node)
        both_numbers = all(type(each) in (int, float) for each in (literal, value))
        return (both_numbers or type(literal) is type(value)) and bool(literal != value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
