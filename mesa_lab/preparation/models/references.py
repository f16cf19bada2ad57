"""Find a model class by what a person writes, and write down where a class can be found again.

A model may live in a package, in a file with its own siblings, or in the notebook at hand. This
room knows Python's import system; of Mesa it knows only what a model class is.
"""

import contextlib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import pkgutil
import re
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mesa_lab.errors import ModelError, suggest

__all__ = ["importable", "load_model", "reference_of"]

_FILE = re.compile(r"^(?P<path>.+\.py)(?::(?P<name>[^:/\\]+))?$")
_PREFIX = "mesa_lab_model_"
_lock = threading.RLock()
# Root folder of models loaded by path -> modules read from there -> (file, time stamp), so that an
# edited file is read again and siblings of one name are kept apart.
_loaded: dict[Path, dict[str, tuple[str, int]]] = {}


def load_model(reference: type[Any] | str) -> type[Any]:
    """Find a model class.

    Args:
        reference: The class itself, `"package.module:Class"`, `"path/file.py:Class"`, or the module
            or file alone when it holds exactly one Mesa model.

    Returns:
        The class, a subclass of `mesa.Model`.

    Raises:
        ModelError: It cannot be found or imported, or is no Mesa model.

    Example:
        >>> load_model("mesa.examples:Schelling").__name__
        'Schelling'
    """
    if isinstance(reference, type):
        return _checked(reference, reference.__qualname__)
    if not isinstance(reference, str) or not reference.strip():
        raise ModelError(
            f"{reference!r} names no model. Write a class, 'package.module:Class' or 'path/file.py:Class'."
        )
    reference = reference.strip()
    if match := _FILE.match(reference):
        module = _load_file(match["path"])
        where, name = match["path"], match["name"]
    else:
        where, _, name = reference.partition(":")
        if "/" in where or "\\" in where or Path(where).is_dir():
            raise ModelError(_no_file(where))
        module = _import(where)
    return _pick(module, name, where)


def reference_of(model: type[Any] | str) -> str:
    """Write down where a model class can be found again.

    Args:
        model: A class, or a reference, which is returned as it is.

    Returns:
        A string that `load_model` understands; `"__main__:Class"` for a class that was defined in a
        script or notebook, which only that process can find.

    Example:
        >>> from mesa.examples import Schelling
        >>> reference_of(Schelling)
        'mesa.examples:Schelling'
    """
    if isinstance(model, str):
        return model.strip()
    module, name = model.__module__, model.__qualname__
    if module.startswith("mesa.examples.") and getattr(sys.modules.get("mesa.examples"), name, None) is model:
        return f"mesa.examples:{name}"
    file = getattr(sys.modules.get(module), "__file__", None)
    if file and module != "__main__":
        path = Path(file)
        if module.startswith(_PREFIX) or any(module in loaded for loaded in _loaded.values()):
            with contextlib.suppress(ValueError):
                path = path.relative_to(Path.cwd())
            return f"{path.as_posix()}:{name}"
    return f"{module}:{name}"


def importable(reference: str) -> bool:
    """Tell whether another process can find a model by this string. Imports nothing.

    Args:
        reference: What `reference_of` gave.

    Example:
        >>> importable("mesa.examples:Schelling"), importable("__main__:MyModel")
        (True, False)
    """
    if "<locals>" in reference:
        return False
    if match := _FILE.match(reference):
        return Path(match["path"]).expanduser().is_file()
    module = reference.partition(":")[0]
    return module != "__main__" and find_module(module) is not None


def find_module(name: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module without importing it or the packages it lies in."""
    path: list[str] | None = None
    spec = None
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        spec = None
        for finder in sys.meta_path:
            with contextlib.suppress(Exception):
                spec = finder.find_spec(".".join(parts[:end]), path)
            if spec is not None:
                break
        if spec is None or (spec.submodule_search_locations is None and end < len(parts)):
            return None
        path = list(spec.submodule_search_locations or ())
    return spec


def _checked(value: Any, label: str) -> type[Any]:
    import mesa

    if not isinstance(value, type):
        raise ModelError(f"'{label}' is {type(value).__name__} and not a class. Name the model class itself.")
    if not issubclass(value, mesa.Model):
        raise ModelError(f"'{label}' is a class but no Mesa model: it does not inherit from mesa.Model.")
    if value is mesa.Model:
        raise ModelError("mesa.Model itself is no model to run. Name a class that inherits from it.")
    return value


def _models_in(module: types.ModuleType) -> dict[str, type[Any]]:
    import mesa

    found = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, mesa.Model) and value is not mesa.Model
    }
    own = {name: value for name, value in found.items() if value.__module__ == module.__name__}
    return own or found


def _pick(module: types.ModuleType, name: str | None, where: str) -> type[Any]:
    models = _models_in(module)
    listed = ", ".join(sorted(models)) or "none"
    if not name:
        if len(set(models.values())) == 1:
            return next(iter(models.values()))
        if not models:
            raise ModelError(f"'{where}' holds no Mesa model: none of its classes inherits from mesa.Model.")
        raise ModelError(f"'{where}' holds several Mesa models: {listed}. Name one: '{where}:{min(models)}'.")
    value: Any = module
    for part in name.split("."):
        if part == "<locals>":
            raise ModelError(
                f"'{where}:{name}' is defined inside a function, where it cannot be found by name. "
                "Pass the class itself, or move it to the top of its module."
            )
        try:
            value = getattr(value, part)
        except AttributeError:
            raise ModelError(
                f"No model '{name}' in '{where}'.{suggest(name, models)} Its Mesa models: {listed}."
            ) from None
    return _checked(value, f"{where}:{name}")


def _import(name: str) -> types.ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    if not all(part.isidentifier() for part in name.split(".")):
        raise ModelError(
            f"'{name}' is no module and no file. Write 'package.module:Class' or 'path/file.py:Class'."
        )
    top = name.partition(".")[0]
    cwd = Path.cwd()
    if find_module(top) is None and ((cwd / f"{top}.py").is_file() or (cwd / top).is_dir()):
        # The terminal command starts without the current folder on the path; `python` has it.
        sys.path.append(str(cwd))
        importlib.invalidate_caches()
    if find_module(name) is None and importlib.util.find_spec(top) is None:
        known = {module.name for module in pkgutil.iter_modules()}
        raise ModelError(
            f"No module '{name}'.{suggest(top, known)} For a model in a file write 'path/file.py:Class'."
        )
    with _as_model_error(name):
        return importlib.import_module(name)
    raise AssertionError  # pragma: no cover


@contextlib.contextmanager
def _as_model_error(label: str, file: Path | None = None) -> Iterator[None]:
    try:
        yield
    except ModelError:
        raise
    except SyntaxError as error:
        text = f": {error.text.strip()}" if error.text else ""
        raise ModelError(
            f"'{label}' cannot be read: {error.msg} in {error.filename or label}, line {error.lineno}{text}"
        ) from error
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        if label == missing or label.startswith(f"{missing}."):
            parent = missing.rpartition(".")[0]
            paths = getattr(sys.modules.get(parent), "__path__", [])
            near = suggest(missing, [f"{parent}.{module.name}" for module in pkgutil.iter_modules(paths)])
            raise ModelError(f"No module '{missing}' in package '{parent}'.{near}") from error
        raise ModelError(
            f"'{label}' cannot be imported{_line(error, file)}: it needs the module '{missing}', which was not "
            "found. Install it, or put it beside the model's file."
        ) from error
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"'{label}' cannot be imported{_line(error, file)}: {type(error).__name__}: {error}"
        ) from error


def _line(error: BaseException, file: Path | None) -> str:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if file is not None and trace.tb_frame.f_code.co_filename == str(file):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f" (line {lines[-1]})" if lines else ""


def _no_file(where: str) -> str:
    path = Path(where).expanduser()
    folder = path if path.is_dir() else path.parent
    names = sorted(file.name for file in folder.glob("*.py")) if folder.is_dir() else []
    if path.is_dir():
        return f"'{where}' is a folder. Name a file in it: {', '.join(names) or 'it holds no .py file'}."
    if not folder.is_dir():
        return f"No file '{where}': there is no folder '{folder}'."
    if path.is_file():
        return f"'{where}' is no Python file. A model is loaded from a '.py' file or a module."
    near = suggest(path.name if path.suffix else f"{path.name}.py", names)
    return f"No file '{where}' in {folder.resolve()}.{near}"


def _load_file(where: str) -> types.ModuleType:
    path = Path(where).expanduser()
    if not path.is_file():
        raise ModelError(_no_file(where))
    path = path.resolve()
    root = path.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    dotted = ".".join(path.relative_to(root).with_suffix("").parts)
    with _lock:
        loaded = _loaded.setdefault(root, {})
        if any(_stamp(file) != stamp for file, stamp in loaded.values()):
            for name in loaded:
                sys.modules.pop(name, None)
            loaded.clear()
            importlib.invalidate_caches()
        spec = find_module(dotted) if root != path.parent else None
        if spec is not None and spec.origin == str(path):
            name = dotted
        else:
            name = f"{_root_package(root)}.{dotted}"
        if name not in sys.modules:
            with _siblings_first(root, path.parent), _as_model_error(where, path):
                _execute(name, path)
        return sys.modules[name]


def _stamp(file: str) -> int:
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return -1


def _root_package(root: Path) -> str:
    """A package, made of nothing but the folder, so that the model's relative imports work too."""
    name = _PREFIX + hashlib.blake2b(str(root).encode(), digest_size=6).hexdigest()
    if name not in sys.modules:
        package = types.ModuleType(name, "The folder of a model that was loaded by its path.")
        package.__path__ = [str(root)]
        sys.modules[name] = package
    return name


def _execute(name: str, path: Path) -> None:
    importlib.import_module(name.rpartition(".")[0])
    if name in sys.modules:
        return
    # Not import_module: a file may be called `01-model.py` or `model.v2.py`.
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise


@contextlib.contextmanager
def _siblings_first(root: Path, folder: Path) -> Iterator[None]:
    """Let a model's file import the files beside it, as `python path/file.py` would.

    Two models often have siblings of one name (`agents.py`): those of another folder step aside
    meanwhile. Afterwards the folder stays at the end of the path, for imports inside functions.
    """
    names = {file.stem for file in folder.glob("*.py")} - sys.stdlib_module_names
    others = {name for loaded in _loaded.values() for name in loaded}
    aside = {
        name: sys.modules.pop(name)
        for name in list(sys.modules)
        if (top := name.partition(".")[0]) in names | {entry.name for entry in folder.iterdir()}
        and (name in others or (name in names and not hasattr(sys.modules[name], "__path__")))
        and not str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder))
        and top != "__main__"
    }
    before = set(sys.modules)
    entries = list(dict.fromkeys([str(folder), str(root)]))
    sys.path[:0] = entries
    try:
        yield
    except BaseException:
        for name in set(sys.modules) - before:
            if _is_inside(name, root):
                del sys.modules[name]
        raise
    finally:
        for entry in entries:
            sys.path.remove(entry)
        sys.path += [entry for entry in entries if entry not in sys.path]
        for name in set(sys.modules) - before:
            if _is_inside(name, root):
                file = str(sys.modules[name].__file__)
                _loaded[root][name] = (file, _stamp(file))
        for name, module in aside.items():
            if name not in others:
                sys.modules[name] = module


def _is_inside(name: str, root: Path) -> bool:
    """Whether a module is the model author's own: under the folder, but not installed there."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if not isinstance(file, str) or name.partition(".")[0] in ("mesa_lab", "__main__"):
        return False
    path = Path(file)
    return path.is_relative_to(root) and "site-packages" not in path.relative_to(root).parts
