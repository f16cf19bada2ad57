"""Import a model from a file by its path, together with the files beside it.

A model's file usually imports its neighbours (`from agents import Wolf`), and two models often have
neighbours of one name. It may lie in a package and import relatively, be called `01-model.py`, and
be edited while the app runs. This module makes all of that work inside one process; it knows Python's
import system and nothing about models.
"""

import contextlib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path

__all__ = ["find_module", "import_file", "is_from_file"]

_PREFIX = "mesa_lab_model_"
_lock = threading.RLock()
# Root folder -> modules that were imported from there -> (file, time stamp), so that an edited
# file is read again and neighbours of one name are kept apart.
_imported: dict[Path, dict[str, tuple[str, int]]] = {}


def import_file(path: Path) -> types.ModuleType:
    """Import a Python file under a module name that derives from its path.

    A second call gives the same module, unless the file or a neighbour that it imported has changed.

    Args:
        path: An existing file, absolute and resolved.

    Returns:
        The module, also in `sys.modules`. Its folder stays at the end of `sys.path`.
    """
    root = path.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    # `model.v2.py` is no submodule of `model`.
    dotted = ".".join([*path.parent.relative_to(root).parts, path.stem.replace(".", "%2E")])
    with _lock:
        known = _imported.setdefault(root, {})
        if any(_stamp(file) != stamp for file, stamp in known.values()):
            for name in known:
                if is_from_file(name):
                    sys.modules.pop(name, None)
            known.clear()
            importlib.invalidate_caches()
        # A package that is importable anyway keeps its name, so that its classes exist only once.
        spec = find_module(dotted) if root != path.parent else None
        name = dotted if spec and spec.origin == str(path) else f"{_root_package(root)}.{dotted}"
        if name not in sys.modules:
            with _neighbours_first(root, path.parent):
                _execute(name, path)
        return sys.modules[name]


def is_from_file(module: str) -> bool:
    """Whether a module exists in this process because of `import_file`."""
    file = getattr(sys.modules.get(module), "__file__", None)
    by_file = file is not None and any(known.get(module, ("",))[0] == file for known in _imported.values())
    return by_file or module.startswith(_PREFIX)


def find_module(name: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module without importing it or the packages in which it lies."""
    spec: importlib.machinery.ModuleSpec | None = None
    folders: list[str] | None = None
    parts = name.split(".")
    for end, part in enumerate(parts, start=1):
        full_name = ".".join(parts[:end])
        spec = _find_one(full_name, folders)
        plain_folders = [str(Path(folder, part)) for folder in folders or () if Path(folder, part).is_dir()]
        if spec is None and plain_folders:
            # A folder without __init__.py, which Python finds only once the parent is imported.
            spec = importlib.machinery.ModuleSpec(full_name, None, is_package=True)
            folders = plain_folders
        elif spec is None:
            return None
        else:
            folders = list(spec.submodule_search_locations or ())
    return spec


def _find_one(name: str, folders: list[str] | None) -> importlib.machinery.ModuleSpec | None:
    for finder in sys.meta_path:
        # Whatever a third party's finder raises, the next one may know.
        with contextlib.suppress(Exception):
            spec = finder.find_spec(name, folders)
            if spec is not None:
                return spec
    return None


def _stamp(file: str) -> int:
    try:
        return Path(file).stat().st_mtime_ns
    except OSError:
        return -1


def _root_package(root: Path) -> str:
    """A package that is nothing but the folder, so that relative imports have something to start from."""
    name = _PREFIX + hashlib.blake2b(str(root).encode(), digest_size=6).hexdigest()
    if name not in sys.modules:
        spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(root)]
        sys.modules[name] = importlib.util.module_from_spec(spec)
    return name


def _execute(name: str, path: Path) -> None:
    if "." in name:
        importlib.import_module(name.rpartition(".")[0])
    if name in sys.modules:
        return
    # Not import_module: a file may be called `01-model.py` or `model.v2.py`.
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise


@contextlib.contextmanager
def _neighbours_first(root: Path, folder: Path) -> Iterator[None]:
    """Let a file import the files beside it, as `python folder/file.py` would."""
    aside = _set_aside(folder)
    before = set(sys.modules)
    entries = list(dict.fromkeys([str(folder), str(root)]))
    sys.path[:0] = entries
    importlib.invalidate_caches()
    done = False
    try:
        yield
        done = True
    finally:
        for entry in entries:
            sys.path.remove(entry)
        # For imports inside functions, which come later; at the end, where they hide nothing.
        sys.path += [entry for entry in entries if entry not in sys.path]
        for name in set(sys.modules) - before:
            file = _own_file(name, root)
            if file and done:
                _imported[root][name] = (file, _stamp(file))
            elif file:
                del sys.modules[name]
        sys.modules.update(aside)


def _set_aside(folder: Path) -> dict[str, types.ModuleType]:
    """Take modules from elsewhere that have a neighbour's name out of the way.

    Returns:
        Those to put back afterwards; another model's neighbours have done their work.
    """
    files = {file.stem for file in folder.glob("*.py")} - sys.stdlib_module_names
    packages = {entry.name for entry in folder.iterdir() if entry.is_dir()}
    aside = {}
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        file = getattr(module, "__file__", None)
        if name == "__main__" or not isinstance(file, str) or Path(file).is_relative_to(folder):
            continue
        if top in files | packages and is_from_file(name):
            del sys.modules[name]
        elif name in files and not hasattr(module, "__path__"):
            aside[name] = sys.modules.pop(name)
    return aside


def _own_file(name: str, root: Path) -> str | None:
    """The file of a module that belongs to the model's author: under the root, not installed there."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if not isinstance(file, str) or name.partition(".")[0] in ("mesa_lab", "__main__"):
        return None
    path = Path(file)
    if not path.is_relative_to(root) or {"site-packages", "dist-packages"} & set(path.parts):
        return None
    return file
