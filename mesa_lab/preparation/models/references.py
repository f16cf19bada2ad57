"""Find a model class by what a person writes, and write down where a class can be found again.

A model may live in a package, in a file, or in the notebook at hand. Of Mesa this module knows only
what a model class is. Whatever goes wrong is said in one message, with the nearest right name.
"""

import contextlib
import enum
import importlib
import inspect
import pkgutil
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mesa_lab.errors import ModelError, suggest
from mesa_lab.files import check_path, shown
from mesa_lab.preparation.code_permission import CodeReference, elsewhere_of, parse_reference, require_code
from mesa_lab.preparation.models.files import find_module, import_file, is_from_file
from mesa_lab.preparation.models.imports import import_trouble
from mesa_lab.preparation.models.working_folder import folder_with, remember, working_in
from mesa_lab.preparation.parameters.enum_members import Enums

__all__ = [
    "import_code",
    "importable",
    "load_enums",
    "load_model",
    "names_class",
    "reference_of",
    "reference_of_enum",
]

_FORMS = "Write 'package.module:Class', 'path/file.py:Class', or pass the class itself."
# Classes that were loaded by a file's path -> that file.
_files: weakref.WeakKeyDictionary[type[Any], Path] = weakref.WeakKeyDictionary()


def load_model(reference: type[Any] | str) -> type[Any]:
    """Find a model class.

    Args:
        reference: The class itself, `"package.module:Class"`, `"path/file.py:Class"`, or the module
            or file alone when it holds exactly one Mesa model.

    Returns:
        The class, a subclass of `mesa.Model`. A file that has changed since is read again. For a model that is loaded in
        confined processes alone, a class that takes what it takes.

    Raises:
        ModelError: It cannot be found or imported, or is no Mesa model.
        NotAllowedError: It may not be loaded here (see `code_permission`).

    Example:
        >>> load_model("mesa.examples:Schelling").__name__
        'Schelling'
    """
    if isinstance(reference, type):
        return _checked(reference, reference.__qualname__)
    if not isinstance(reference, str) or not reference.strip():
        raise ModelError(_no_reference(reference))
    named = parse_reference(reference)
    require_code([named])  # before a look at the file: whether there is one is not to be told
    if (elsewhere := elsewhere_of(reference)) is not None:
        return elsewhere.stand_in(reference)
    where = named.place
    if not named.is_file:
        return _pick(_import_module(where), named.name, where)
    path = _path_named(where)
    if not path.is_file():
        raise ModelError(_no_file(where))
    path = path.resolve()
    import mesa  # noqa: F401  before the file, so that it does not count as the file's own

    with _as_model_error(where, path):
        module = _import_where_it_reads(lambda: import_file(path), path)
    model_cls = _pick(module, named.name, where)
    if is_from_file(model_cls.__module__):
        _files[model_cls] = path
    return model_cls


def _import_where_it_reads(load: Callable[[], types.ModuleType], path: Path) -> types.ModuleType:
    """Import a module; one that reads a file while it is imported, in the folder that has the file."""
    try:
        return load()
    except Exception as error:
        found = folder_with(error, [path])
        if found is None:
            raise
    with working_in(found[0]):
        module = load()
    remember(path, *found)
    return module


def import_code(reference: CodeReference) -> types.ModuleType:
    """Import the module or file of a function that a text names.

    Raises:
        NotAllowedError: If it may not be loaded here.
        FileNotFoundError: If there is no such file.
        Exception: Whatever its import raises.
    """
    require_code([reference])
    if not reference.is_file:
        return importlib.import_module(reference.place)
    path = _path_named(reference.place)
    if not path.is_file():
        raise FileNotFoundError(reference.place)
    return import_file(path.resolve())


def load_enums(enums: Enums, model: type[Any] | str) -> dict[str, tuple[type[enum.Enum], ...]]:
    """Find the Enums of parameters, once the model is loaded.

    Args:
        enums: For each parameter the Enums, or the texts that find them.
        model: The model; an Enum is that which its modules know.

    Raises:
        ModelError: If there is none of that name.
        NotAllowedError: If its code may not be loaded here.
    """
    if enums:
        load_model(model)
    return {
        name: tuple(kind if isinstance(kind, type) else _load_enum(kind) for kind in kinds)
        for name, kinds in enums.items()
    }


def _load_enum(text: str) -> type[enum.Enum]:
    named = parse_reference(text, "function")
    require_code([named])
    path = _path_named(named.place)
    loaded = (
        # The module that the model has imported, under whatever name: a second import would make other members.
        [
            each
            for each in list(sys.modules.values())
            if getattr(each, "__file__", None) == str(path.resolve())
        ]
        if named.is_file
        else [sys.modules[named.place]]
        if named.place in sys.modules
        else []
    )
    try:
        found: Any = loaded[0] if loaded else import_code(named)
        for part in named.name.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        raise ModelError(f"No Enum '{text}': {error}.") from error
    if not (isinstance(found, type) and issubclass(found, enum.Enum)):
        raise ModelError(f"'{text}' is no Enum but {found!r:.80}.")
    return found


def reference_of_enum(kind: type[enum.Enum] | str) -> str:
    """Write down where an Enum is found: in a module, or in a file beside its model."""
    if isinstance(kind, str):
        return kind
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if not is_from_file(kind.__module__) or not isinstance(file, str):
        return f"{kind.__module__}:{kind.__qualname__}"
    path = Path(file)
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return f"{path.as_posix()}:{kind.__qualname__}"


def reference_of(model: type[Any] | str) -> str:
    """Write down where a model class can be found again.

    Args:
        model: A class, or a reference, which is returned as it is.

    Returns:
        A string that `load_model` understands. A class loaded from a file gives that file, relative to the
        current folder if it lies below. A class defined in a script or notebook gives
        `"__main__:Class"`, which only that process can find.

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
    path = _files.get(model)
    if path is None:
        return f"{module}:{name}"
    with contextlib.suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return f"{path.as_posix()}:{name}"


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
    named = parse_reference(reference)
    if named.is_file:
        return Path(named.place).expanduser().is_file()
    module = named.place
    return module != "__main__" and bool(module) and find_module(module) is not None


def names_class(reference: str) -> bool:
    """Whether a reference names the class, and not its module or file alone."""
    return bool(parse_reference(reference).name)


def _checked(value: Any, label: str) -> type[Any]:
    import mesa

    if not isinstance(value, type):
        raise ModelError(f"'{label}' is no class but {value!r:.80}. Name the model class itself.")
    if not issubclass(value, mesa.Model):
        raise ModelError(f"'{label}' is a class but no Mesa model: it does not inherit from mesa.Model.")
    if value is mesa.Model:
        raise ModelError("mesa.Model itself is no model to run. Name a class that inherits from it.")
    return value


def _no_reference(given: Any) -> str:
    """What is wrong with something that is neither a class nor a text, and what to give instead."""
    import mesa

    if isinstance(given, mesa.Model):
        name = type(given).__name__
        return f"The model is one that has been built, of the class {name}. Give the class, {name}, without calling it."
    if isinstance(given, types.ModuleType):
        models = _models_in(given)
        listed = ", ".join(sorted(models)) or "none"
        return f"The model is the module '{given.__name__}'. Give a class that is in it. Its Mesa models: {listed}."
    if inspect.isroutine(given):
        name = getattr(given, "__name__", "")
        return (
            f"The model is the function {name}. Give the class that inherits from mesa.Model; what a function sets up "
            "belongs into its __init__, and what varies into its parameters."
        )
    if isinstance(given, list | tuple) and len(given) and all(isinstance(each, type) for each in given):
        return f"The model is {given!r:.80}. Give one class: an experiment has one model. {_FORMS}"
    shown = " ".join(repr(given).split())
    return f"The model is {shown:.80}, which names no model. {_FORMS}"


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
        error = ModelError(
            f"'{where}' holds several Mesa models: {listed}. Name one: '{where}:{min(models)}'."
        )
        error.models = tuple(sorted(models))
        raise error
    if "<locals>" in name:
        raise ModelError(
            f"'{where}:{name}' is defined inside a function, where no name leads to it. "
            "Pass the class itself, or move it to the top of its module."
        )
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            raise ModelError(
                f"No model '{name}' in '{where}'.{suggest(name, models)} Its Mesa models: {listed}."
            )
        value = getattr(value, part)
    return _checked(value, f"{where}:{name}")


def _import_module(name: str) -> types.ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    if "/" in name or "\\" in name or (not name.isidentifier() and _path_named(name).exists()):
        raise ModelError(_no_file(name))
    if not all(part.isidentifier() for part in name.split(".")):
        raise ModelError(f"'{name}' is no module and no file. {_FORMS}")
    top, cwd = name.partition(".")[0], Path.cwd()
    if find_module(top) is None and (_path_named(f"{top}.py").is_file() or (cwd / top).is_dir()):
        # A command starts without the current folder on the path; `python` has it there.
        sys.path.append(str(cwd))
        importlib.invalidate_caches()
    spec = find_module(name)
    if spec is None:
        raise ModelError(_no_module(name))
    with _as_model_error(name, None):
        return _import_where_it_reads(lambda: importlib.import_module(name), Path(spec.origin or ""))


def _no_module(name: str) -> str:
    parent, _, last = name.rpartition(".")
    while parent and find_module(parent) is None:
        parent, _, last = parent.rpartition(".")
    spec = find_module(parent) if parent else None
    folders = list(spec.submodule_search_locations or ()) if spec else None
    near = suggest(last, [module.name for module in pkgutil.iter_modules(folders) if module.name[0] != "_"])
    if parent:
        return f"No module '{last}' in '{parent}'.{near}"
    from mesa_lab.preparation.models.catalogue import installed_models

    for entry in installed_models():
        if entry.name.lower() == name.lower():
            near = f" Did you mean '{entry.reference}'?"
    return f"No module '{last}'.{near} {_FORMS}"


def _path_named(where: str) -> Path:
    """Return the path that a reference names; whether there is something does not matter.

    Raises:
        ModelError: If nothing can be called so here.
    """
    try:
        path = Path(where).expanduser()
    except RuntimeError:
        raise ModelError(
            f"'{shown(Path(where))}': there is no such user here. Write the whole path."
        ) from None
    check_path(path, ModelError)
    return path


def _no_file(where: str) -> str:
    path = _path_named(where)
    folder = path if path.is_dir() else path.parent
    names = sorted(file.name for file in folder.glob("*.py")) if folder.is_dir() else []
    if path.is_dir():
        return f"'{where}' is a folder. Name a file in it: {', '.join(names) or 'it holds no .py file'}."
    if not folder.is_dir():
        return f"No file '{where}': there is no folder '{folder}'."
    if path.is_file():
        return f"'{where}' is no Python file. A model is loaded from a '.py' file or from a module."
    near = suggest(path.name if path.suffix else f"{path.name}.py", names)
    return f"No file '{where}' (looked in {folder.resolve()}).{near}"


@contextlib.contextmanager
def _as_model_error(label: str, path: Path | None) -> Iterator[None]:
    """Say in one message what went wrong while a model's module was imported."""
    try:
        yield
    except SyntaxError as error:
        text = f": {error.text.strip()}" if error.text else ""
        place = error.filename if error.filename and error.filename != str(path) else label
        raise ModelError(
            f"'{label}' cannot be read: {error.msg} ({place}, line {error.lineno}{text})"
        ) from error
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"'{label}' cannot be imported{_line(error, path)}: {import_trouble(error)}"
        ) from error


def _line(error: BaseException, path: Path | None) -> str:
    """The last line of the model's own file that took part in an error."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if path is not None and trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {line})" if line else ""
