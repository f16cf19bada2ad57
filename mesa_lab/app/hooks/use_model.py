"""Descriptions of models for pages: read off the page's thread, kept until a model's file changes.

Describing imports the model and builds it once, which takes from nothing to seconds.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import solara
import solara.lab

from mesa_lab.drafts.to_experiment import Parsed, parse
from mesa_lab.errors import MesaLabError
from mesa_lab.preparation.code_permission import parse_reference
from mesa_lab.workspace.trust import is_trusted

if TYPE_CHECKING:
    from mesa_lab.drafts.draft import Draft
    from mesa_lab.preparation.models import ModelDescription

__all__ = ["Described", "describe_model", "use_description", "use_parsed"]


@dataclass(frozen=True, eq=False)
class Described:
    """A model's description, or why there is none.

    Attributes:
        description: The description, None while it is read and when it cannot be.
        problem: Why it cannot be.
        models: References to choose from, where a file or module holds several models and none was named.
    """

    description: ModelDescription | None = None
    problem: str = ""
    models: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether it is still being read."""
        return self.description is None and not self.problem


_known: dict[tuple[str, int], Described] = {}
_importing = threading.Lock()


def describe_model(reference: str) -> Described:
    """Describe a model; what is wrong with it is said, not raised."""
    key = _key(reference)
    if key not in _known:
        from mesa_lab.preparation.models import describe

        # One at a time: two threads that import the same module see it half made.
        with _importing:
            try:
                description = describe(reference)
                # A file is known by the name of its class as well, which is what a page calls it from then on.
                _known[key] = _known[_key(description.reference)] = Described(description)
            except MesaLabError as error:
                models = tuple(f"{reference}:{name}" for name in getattr(error, "models", ()))
                return Described(problem=str(error), models=models)
    return _known[key]


def use_description(reference: str) -> Described:
    """Describe a model without holding up the page; a hook.

    Args:
        reference: The model; an empty text for none, which stays pending.
    """
    key = _key(reference)
    known = _known.get(key)
    task = solara.lab.use_task(
        lambda: describe_model(reference) if reference and known is None else None, dependencies=[key]
    )
    if known is not None:
        return known
    if not reference or not task.finished or task.value is None:
        return Described()
    return task.value


def use_parsed(draft: Draft) -> Parsed | None:
    """Read a draft with what is known of its model, so that all pages read it alike; a hook.

    Returns:
        What it amounts to, None while there is no model or it is still being looked at.
    """
    described = use_description(draft.model if is_trusted(draft.model) else "")
    description = described.description
    return solara.use_memo(
        lambda: None if described.pending else parse(draft, description), dependencies=[draft, description]
    )


def _key(reference: str) -> tuple[str, int]:
    """A model of a file is another one when the file has changed."""
    named = parse_reference(reference)
    try:
        return reference, Path(named.place).expanduser().stat().st_mtime_ns if named.is_file else 0
    except (OSError, ValueError, RuntimeError):  # what is wrong with the path is said when it is opened
        return reference, 0
