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
import os
import sys
import threading
import types
from collections.abc import Collection, Iterable, Iterator, Set
from pathlib import Path

__all__ = [
    "extend_path",
    "find_module",
    "import_file",
    "is_from_file",
    "left_behind",
    "name_in_project",
    "use_path",
]

_PREFIX = "mesa_lab_model_"
_HIGHEST = 6
"""So many folders above a file may be the root of its project."""
_lock = threading.RLock()
# Root folder -> modules that were imported from there -> (file, time stamp), so that an edited
# file is read again and neighbours of one name are kept apart.
_imported: dict[Path, dict[str, tuple[str, int]]] = {}


def import_file(path: Path) -> types.ModuleType:
    """Import a Python file under a module name that derives from its path.

    A file may import from the root of its project (`from src.app.agents import Wolf` in `src/app/model.py`): where a module is
    missing that one of the folders above holds, the file is imported as a module of that folder.

    A second call gives the same module, unless the file or a neighbour that it imported has changed.

    Args:
        path: An existing file, absolute and resolved.

    Returns:
        The module, also in `sys.modules`. Its folder stays at the end of `sys.path`.
    """
    with _lock:
        project = _projects.get(path)
        if project is None:
            try:
                return _import_below(_root_of(path), path)
            except ImportError as error:
                project = _project_with(error, path)
                if project is None:
                    raise
        if path.is_relative_to(project):
            module = _import_below(project, path, is_project=True)
        else:
            module = _import_below(_root_of(path), path, beside=project)
        _projects[path] = project
        return module


# Files that import from a folder above -> that folder, or the one called src in it.
_projects: dict[Path, Path] = {}


def _root_of(path: Path) -> Path:
    """The folder in which the outermost package of a file lies; its own folder without packages."""
    root = path.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    return root


def _project_with(error: ImportError, path: Path) -> Path | None:
    """The nearest folder above a file, or the one called src in it, from which the file could import what it did not find."""
    missing = (error.name or "").split(".")
    wanted = getattr(error, "name_from", None)
    for above in list(path.parents)[1 : _HIGHEST + 1] if missing[0] else ():
        parts = path.relative_to(above).with_suffix("").parts
        for folder in (above, above / "src"):
            module = folder.joinpath(*missing)
            is_there = module.with_suffix(".py").is_file() or module.is_dir()
            if is_there and (wanted is None or _holds(module, wanted)) and all(map(str.isidentifier, parts)):
                return folder
    return None


def _holds(module: Path, name: str) -> bool:
    return (module / f"{name}.py").is_file() or (module / name).is_dir()


def _import_below(
    root: Path, path: Path, *, is_project: bool = False, beside: Path | None = None
) -> types.ModuleType:
    # `model.v2.py` is no submodule of `model`.
    dotted = ".".join([*path.parent.relative_to(root).parts, path.stem.replace(".", "%2E")])
    known = _imported.setdefault(root, {})
    changed = any(_stamp(file) != stamp for file, stamp in known.values())
    # Another project's modules may have taken the names of those that this file imports from beside it.
    taken = beside is not None and any(
        getattr(sys.modules.get(name), "__file__", file) != file for name, (file, _) in known.items()
    )
    if changed or taken:
        for name in known:
            if is_from_file(name):
                sys.modules.pop(name, None)
        known.clear()
        importlib.invalidate_caches()
    # A package that is importable anyway keeps its name, so that its classes exist only once.
    spec = find_module(dotted) if root != path.parent else None
    keeps_name = is_project or (spec is not None and spec.origin == str(path))
    name = dotted if keeps_name else f"{_root_package(root)}.{dotted}"
    loaded = sys.modules.get(name)
    if loaded is None or (is_project and getattr(loaded, "__file__", None) != str(path)):
        with _neighbours_first(root, path.parent, is_project, beside):
            sys.modules.pop(name, None)
            _execute(name, path)
    return sys.modules[name]


def is_from_file(module: str) -> bool:
    """Whether a module exists in this process because of `import_file`."""
    file = getattr(sys.modules.get(module), "__file__", None)
    by_file = file is not None and any(known.get(module, ("",))[0] == file for known in _imported.values())
    return by_file or module.startswith(_PREFIX)


def name_in_project(module: str) -> str:
    """Return the name that a module has for its author, without the package that stands for its folder here."""
    return module.partition(".")[2] or module if module.startswith(_PREFIX) else module


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
def _neighbours_first(root: Path, folder: Path, is_project: bool, beside: Path | None) -> Iterator[None]:
    """Let a file import the files beside it, as `python folder/file.py` would; those of its project before them."""
    aside = _set_aside(*([folder, root] if is_project else [folder]))
    hidden = _hide_other_projects(folder, beside)
    before = set(sys.modules)
    entries = list(dict.fromkeys([str(root), str(folder)] if is_project else [str(folder), str(root)]))
    if is_project and (folder / f"{folder.relative_to(root).parts[0]}.py").is_file():
        # In model/model.py, `model` is the folder: a file of that name would be found before a folder without __init__.py.
        entries.remove(str(folder))
        _left_behind.add(str(folder))
    if beside is not None:
        entries.append(str(beside))
    left = [entry for entry in sys.path if entry in _left_behind and entry not in entries]
    sys.path[:] = [*entries, *(entry for entry in sys.path if entry not in _left_behind)]
    importlib.invalidate_caches()
    done = False
    try:
        yield
        done = True
    finally:
        for entry in entries:
            sys.path.remove(entry)
        # For imports inside functions, which come later; at the end, where they hide nothing.
        sys.path += [entry for entry in (*entries, *left) if entry not in sys.path]
        _left_behind.update(entry for entry in entries if entry in sys.path[-len(entries) - len(left) :])
        new = set(sys.modules) - before
        for name in new:
            file = _own_file(name, root) or (beside and _own_file(name, beside))
            if file and done:
                _imported[root][name] = (file, _stamp(file))
            elif file or (not done and _is_own_folder(name, root)):
                del sys.modules[name]
        sys.modules.update(aside)
        taken = {name.partition(".")[0] for name in new & sys.modules.keys()}
        sys.modules.update(
            {name: module for name, module in hidden.items() if name.partition(".")[0] not in taken}
        )


# Entries of sys.path that imports of files have left at its end.
_left_behind: set[str] = set()


def left_behind() -> set[str]:
    """Return the entries of sys.path that are there for the models imported so far; those of the next do not see them."""
    return _left_behind & set(sys.path)


def extend_path(entries: Iterable[str], left: Iterable[str]) -> None:
    """Add entries to sys.path as another process has them.

    Args:
        entries: All of its entries, in order.
        left: What `left_behind` returned there.
    """
    sys.path += [entry for entry in entries if entry not in sys.path]
    _left_behind.update(left)


def _hide_other_projects(folder: Path, beside: Path | None) -> dict[str, types.ModuleType]:
    """Take the modules of other projects out of the way, which may have the names of this one's."""
    roots = {*_imported, *_projects.values()} - {beside}
    others = roots - {folder, *folder.parents}
    names = {name for other in others for name in _imported.get(other, ()) if not name.startswith(_PREFIX)}
    names |= _loaded_below(others)  # those too that were imported while its model ran
    folders = _folders_below(others)
    return {
        name: sys.modules.pop(name)
        for name in (*names, *folders)
        if name in sys.modules and name != "__main__"
    }


def _loaded_below(folders: Collection[Path]) -> set[str]:
    """The names of modules whose files lie below some folders, without installed ones."""
    below = {str(folder) for folder in folders}
    installed = tuple(f"{folder}{os.sep}" for folder in (sys.prefix, sys.base_prefix))
    return {
        name
        for name, module in list(sys.modules.items())
        if isinstance(file := getattr(module, "__file__", None), str)
        and not file.startswith(installed)
        and not name.startswith(_PREFIX)
        and name.partition(".")[0] not in ("mesa_lab", "__main__", "__mp_main__")
        and _lies_below(file, below)
        and not {"site-packages", "dist-packages"} & set(Path(file).parts)
    }


def _folders_below(roots: Collection[Path]) -> list[str]:
    """The names of modules that are folders of some projects, without files of their own."""
    below = {str(root) for root in roots}
    return [
        name
        for name in list(sys.modules)
        if any(place in below or _lies_below(place, below) for place in _places_of_folder(name))
    ]


def _lies_below(path: str, folders: Set[str]) -> bool:
    """Whether a path lies in one of many folders: each folder above it is looked up, so that their number does not matter."""
    return any(above in folders for above in map(str, Path(path).parents))


def use_path(entries: Iterable[str], left: Iterable[str]) -> None:
    """Make the search path what it is in another process, and forget the projects that were imported here.

    For a process that has run another model before: modules of two projects may have the same names.

    Args:
        entries: All entries of sys.path there, in order.
        left: What `left_behind` returned there.
    """
    with _lock:
        roots = {*_imported, *_projects.values()}
        for name in [
            *_loaded_below(roots),
            *_folders_below(roots),
            *(n for n in sys.modules if n.startswith(_PREFIX)),
        ]:
            sys.modules.pop(name, None)
        _imported.clear()
        _projects.clear()
        _left_behind.clear()
        sys.path[:] = list(entries)
        _left_behind.update(left)
        importlib.invalidate_caches()


def _set_aside(*folders: Path) -> dict[str, types.ModuleType]:
    """Take modules from elsewhere that have a neighbour's name out of the way.

    Returns:
        Those to put back afterwards; another model's neighbours have done their work.
    """
    files = {file.stem for folder in folders for file in folder.glob("*.py")} - sys.stdlib_module_names
    packages = {entry.name for folder in folders for entry in folder.iterdir() if entry.is_dir()}
    names = files | packages
    aside = {}
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        # Few have such a name; where a file lies takes long to say of thousands.
        if name == "__main__" or (top not in names and name not in names):
            continue
        file = getattr(module, "__file__", None)
        if not isinstance(file, str):
            continue
        if any(Path(file).is_relative_to(folder) for folder in folders):
            continue
        if top in names and is_from_file(name):
            del sys.modules[name]
        elif name in files and not hasattr(module, "__path__"):
            aside[name] = sys.modules.pop(name)
    return aside


def _is_own_folder(name: str, root: Path) -> bool:
    """Whether a module is a folder of a project, without a file of its own."""
    return any(Path(place).is_relative_to(root) for place in _places_of_folder(name))


def _places_of_folder(name: str) -> list[str]:
    """Where a module lies that is a folder without a file of its own; nothing for all others."""
    module = sys.modules.get(name)
    if getattr(module, "__file__", None) is not None or name.startswith(_PREFIX):
        return []
    # Python asks for the parent's path when that of a folder is read, and the parent may be gone: the places as last found.
    places = getattr(module, "__path__", ())
    return [str(place) for place in getattr(places, "_path", places)]


def _own_file(name: str, root: Path) -> str | None:
    """The file of a module that belongs to the model's author: under the root, not installed there."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if not isinstance(file, str) or name.partition(".")[0] in ("mesa_lab", "__main__"):
        return None
    path = Path(file)
    if not path.is_relative_to(root) or {"site-packages", "dist-packages"} & set(path.parts):
        return None
    return file
