"""The author's own pictures of a model: its `app.py`, as Mesa's examples and most projects have one.

Importing it runs the author's code, so this is done for models alone that are trusted already, and in the viewer's process.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import io
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["AuthorPictures", "find_author_pictures"]


@dataclass(frozen=True)
class AuthorPictures:
    """What an author's app shows.

    Attributes:
        model_cls: The class of its model, as the app imported it.
        renderer: Its space renderer, None for none.
        components: Its further components.
        file: Where the app is.
    """

    model_cls: type
    renderer: Any
    components: tuple[Any, ...]
    file: str

    def renderer_for(self, model: Any) -> Any:
        """Return the space renderer for another model, None where there is none or it does not fit."""
        if self.renderer is None:
            return None
        from mesa.visualization import SpaceRenderer

        old = self.renderer
        new = SpaceRenderer(model, backend=old.backend)
        for name, value in vars(old).items():
            if name in (
                "agent_portrayal",
                "propertylayer_portrayal",
                "draw_agent_kwargs",
                "draw_space_kwargs",
            ) or (name in ("space_kwargs", "agent_kwargs", "post_process_func") and value is not None):
                setattr(new, name, value)
        with contextlib.suppress(AttributeError):
            if (after := old.post_process) is not None:
                new.post_process = after
        if old.space_mesh:
            new.draw_structure()
        if old.agent_mesh or not (old.space_mesh or old.propertylayer_mesh):
            new.draw_agents()
        if old.propertylayer_mesh:
            new.draw_propertylayer()
        return new


def find_author_pictures(model_cls: type) -> AuthorPictures | None:
    """Return the pictures of the app that belongs to a model; None when there is none, or it cannot be read.

    Args:
        model_cls: The model class.
    """
    module = _app_of(model_cls)
    if module is None:
        return None
    for value in list(vars(module).values()):
        function: Any = getattr(getattr(value, "component", None), "f", None)
        if getattr(function, "__name__", "") != "SolaraViz":
            continue
        bound = inspect.signature(function).bind_partial(*value.args, **value.kwargs).arguments
        model = bound.get("model")
        model = getattr(model, "value", model)  # a reactive one
        renderer = bound.get("renderer")
        components = bound.get("components") or ()
        if isinstance(components, str):
            components = ()
        if type(model).__name__ != model_cls.__name__ and not isinstance(model, model_cls):
            continue
        return AuthorPictures(type(model), renderer, tuple(components), str(module.__file__))
    return None


def _app_of(model_cls: type) -> ModuleType | None:
    """Import the app beside a model's module, or beside its package."""
    name = model_cls.__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    package = name.rpartition(".")[0]
    with contextlib.redirect_stdout(io.StringIO()):
        logging.disable(logging.INFO)
        try:
            if package and importlib.util.find_spec(f"{package}.app") is not None:
                return importlib.import_module(f"{package}.app")
        except Exception:
            return None
        if not isinstance(file, str):
            return None
        for folder in (Path(file).parent, Path(file).parent.parent):
            path = folder / "app.py"
            if path.is_file() and "SolaraViz" in path.read_text("utf-8", errors="replace"):
                return _import_file(path)
    return None


def _import_file(path: Path) -> ModuleType | None:
    spec = importlib.util.spec_from_file_location("_author_app", path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    except Exception:
        return None
    return module
