"""What code a run is of: a digest of the model's module and of the project's own modules that it imports.

Which these are is read from their import statements, so that it does not depend on what else a process has loaded. Installed
packages are left out, a model that is part of one excepted: a study notes their versions. Code that no file holds by itself (a
notebook, a script that also runs the experiment) is known by the compiled code of the functions that it reaches.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, Final

from mesa_lab.preparation.models.files import find_module
from mesa_lab.preparation.outcome_kinds.function import (
    Function,
    FunctionReference,
    is_reference,
    load_function,
)
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.study.records import CodeRecord

__all__ = ["code_digest", "files_of", "functions_in", "is_installed", "model_code", "things_of"]

_MOST_FILES: Final = 1000
_PLAIN: Final = (int, float, str, bytes, type(None), tuple, frozenset)
_FOLDERS: Final = {"site-packages", "dist-packages"}


def things_of(model_cls: type[Any], protocol: Protocol) -> list[Any]:
    """Return what a protocol has of code: the class of the model, and the functions that measure and stop."""
    functions: list[Any] = [
        outcome.parsed.function()
        for outcome in protocol.outcomes or ()
        if isinstance(outcome.parsed, Function | FunctionReference)
    ]
    stop = protocol.stop_when
    if isinstance(stop, str):
        functions += [load_function(stop)] if is_reference(stop) else []
    elif stop is not None:
        functions.append(stop)
    return [model_cls, *(part for thing in functions for part in _within(thing))]


def _within(thing: Any) -> Iterator[Any]:
    """Yield the function of a partial or a bound method, the class of another callable object."""
    while isinstance(thing, partial):
        thing = thing.func
    thing = getattr(thing, "__func__", thing)
    if isinstance(thing, type | FunctionType):
        yield thing
    elif isinstance(type(thing), type) and not isinstance(thing, BuiltinFunctionType):
        yield type(thing)


def model_code(things: Iterable[Any]) -> CodeRecord:
    """Return what code some things are of.

    Args:
        things: Classes and functions, the class of the model first.

    Example:
        >>> from mesa.examples import Schelling
        >>> [name for name, _ in model_code([Schelling]).files]
        ['model.py']
    """
    found: dict[str, str] = {}
    listed = list(things)
    files = files_of(listed)
    root = _root(next(iter(files), None))
    for file in files:
        with contextlib.suppress(OSError):
            found[_name(file, root)] = _short(file.read_bytes().replace(b"\r\n", b"\n"))
    without = [thing for thing in listed if _module_file(_module_of(thing)) is None]
    if without:
        found["(no file)"] = code_digest(without)
    ordered = tuple(sorted(found.items()))
    return CodeRecord(_short(repr(ordered).encode()), ordered)


def files_of(things: Iterable[Any]) -> dict[Path, ModuleType | None]:
    """Return the files of things and the project's own that they import, each with its module where it is loaded."""
    found: dict[Path, ModuleType | None] = {}
    waiting: list[tuple[Path, str]] = []
    for thing in things:
        for kind in thing.__mro__ if isinstance(thing, type) else (thing,):
            module = _module_of(kind)
            file = _module_file(module)
            if module is None or file is None or file in found or (kind is not thing and is_installed(file)):
                continue
            found[file] = module
            if not is_installed(file):
                waiting.append((file, module.__name__))
    while waiting and len(found) < _MOST_FILES:
        file, name = waiting.pop()
        for imported, place in _imports(file, name):
            if place not in found and not is_installed(place):
                found[place] = _loaded(imported, place)
                waiting.append((place, imported))
    return found


@lru_cache(maxsize=4096)
def is_installed(file: Path) -> bool:
    """Whether a file is of an installed package, of Python or of Mesa Lab."""
    folders = {sys.prefix, sys.base_prefix, str(Path(os.__file__).parent), str(Path(__file__).parents[2])}
    return str(file).startswith(tuple(f"{folder}{os.sep}" for folder in folders)) or bool(
        _FOLDERS & set(file.parts)
    )


def _module_of(thing: Any) -> ModuleType | None:
    return sys.modules.get(getattr(thing, "__module__", None) or "")


def _module_file(module: ModuleType | None) -> Path | None:
    """The source of a module; None for a notebook, and for the script that was started, which does other things too."""
    file = getattr(module, "__file__", None)
    if module is None or module.__name__ in ("__main__", "__mp_main__") or not isinstance(file, str):
        return None
    path = Path(file)
    return path if path.suffix == ".py" and path.is_file() else None


def _root(file: Path | None) -> Path | None:
    if file is None:
        return None
    root = file.parent
    while (root / "__init__.py").is_file() and not is_installed(file):
        root = root.parent
    return root


def _name(file: Path, root: Path | None) -> str:
    if root is not None and file.is_relative_to(root):
        return file.relative_to(root).as_posix()
    return file.name


def _imports(file: Path, name: str) -> Iterator[tuple[str, Path]]:
    """Yield the modules that a file imports anywhere in it, with their files."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    package = name if file.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _files_along(alias.name, file)
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                parts = package.split(".")
                parts = parts[: len(parts) - node.level + 1]
                folder = file.parents[node.level - 1]
                names = [*parts, *filter(None, start.split("."))]
                yield from _files_below(folder, names[: len(parts)], start, [a.name for a in node.names])
                continue
            yield from _files_along(start, file)
            for alias in node.names:
                yield from _files_along(f"{start}.{alias.name}", file)


def _files_below(
    folder: Path, package: list[str], module: str, names: list[str]
) -> Iterator[tuple[str, Path]]:
    """Yield the files of a relative import."""
    parts = [part for part in module.split(".") if part]
    chains = [parts, *([*parts, name] for name in names)]
    for chain in chains:
        for end in range(len(chain) + 1):
            place = folder.joinpath(*chain[:end])
            for file in (place / "__init__.py", place.with_name(f"{place.name}.py") if end else place):
                if file.suffix == ".py" and file.is_file():
                    yield ".".join([*package, *chain[:end]]), file


def _files_along(name: str, importer: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files of a module and of the packages in which it lies; what is beside the importer goes first."""
    parts = name.split(".")
    if parts[0] in sys.stdlib_module_names:
        return
    for end in range(1, len(parts) + 1):
        part = ".".join(parts[:end])
        file = _beside(parts[:end], importer) or _elsewhere(part)
        if file is not None:
            yield part, file


def _beside(parts: list[str], importer: Path) -> Path | None:
    if is_installed(importer):
        return None
    folder = importer.parent
    while True:
        place = folder.joinpath(*parts)
        for file in (place.with_name(f"{place.name}.py"), place / "__init__.py"):
            if file.is_file() and file != importer:
                return file
        if not (folder / "__init__.py").is_file():
            return None
        folder = folder.parent


def _elsewhere(name: str) -> Path | None:
    module = sys.modules.get(name)
    if module is not None:
        return _module_file(module)
    spec = find_module(name)
    origin = getattr(spec, "origin", None)
    return Path(origin) if isinstance(origin, str) and origin.endswith(".py") else None


def _loaded(name: str, file: Path) -> ModuleType | None:
    """The module of a file, under whatever name it is loaded."""
    module = sys.modules.get(name)
    if _module_file(module) == file:
        return module
    return next((each for each in list(sys.modules.values()) if _module_file(each) == file), None)


# ------------------------------------------------------------ compiled code


def code_digest(things: Iterable[Any]) -> str:
    """Return a digest of the compiled code of classes and functions, and of what of their own modules they use."""
    parts: list[str] = []
    seen: set[int] = set()
    for thing in things:
        _add(thing, parts.append, seen)
    return _short("\n".join(parts).encode("utf-8", "backslashreplace"))


def functions_in(value: Any) -> list[FunctionType]:
    """Return the functions behind a member of a class."""
    if isinstance(value, property):
        return [function for function in (value.fget, value.fset) if isinstance(function, FunctionType)]
    if isinstance(value, staticmethod | classmethod):
        value = value.__func__
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return [value] if isinstance(value, FunctionType) else []


def _add(thing: Any, put: Callable[[str], None], seen: set[int]) -> None:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, type):
        put(f"class {thing.__qualname__}")
        for base in thing.__bases__:
            if _is_own(base):
                _add(base, put, seen)
        for name, member in sorted(vars(thing).items()):
            if isinstance(member, _PLAIN) and not name.startswith("__"):
                put(f"{name} = {_plain(member)}")
            for function in functions_in(member):
                _add(function, put, seen)
    elif isinstance(thing, FunctionType):
        put(f"def {thing.__qualname__} {_plain(thing.__defaults__)} {_plain(thing.__kwdefaults__)}")
        _add_code(thing.__code__, put)
        for name in sorted(_names(thing.__code__)):
            value = thing.__globals__.get(name)
            if isinstance(value, _PLAIN) and name in thing.__globals__:
                put(f"{name} = {_plain(value)}")
            elif isinstance(value, type | FunctionType) and _is_own(value):
                _add(value, put, seen)
        for cell in thing.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty one
                if isinstance(cell.cell_contents, FunctionType):
                    _add(cell.cell_contents, put, seen)
                elif isinstance(cell.cell_contents, _PLAIN):
                    put(_plain(cell.cell_contents))


def _add_code(code: CodeType, put: Callable[[str], None]) -> None:
    put(f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars} {code.co_flags}")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            _add_code(constant, put)
        else:
            put(_plain(constant))


def _names(code: CodeType) -> set[str]:
    inner = (_names(constant) for constant in code.co_consts if isinstance(constant, CodeType))
    return set(code.co_names).union(*inner)


def _is_own(thing: Any) -> bool:
    module = _module_of(thing)
    if module is None:
        return False
    file = getattr(module, "__file__", None)
    return not isinstance(file, str) or not is_installed(Path(file))


def _plain(value: Any) -> str:
    """A text of a constant, the same in every process."""
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_plain, value)))}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_plain, value))})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_plain(item)}' for key, item in sorted(value.items()))}}}"
    return repr(value) if isinstance(value, (*_PLAIN, bool, complex)) else type(value).__qualname__


def _short(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
