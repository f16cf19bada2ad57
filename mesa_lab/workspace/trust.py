"""Which models the app offers, and which code a draft from elsewhere would load that its user has not agreed to.

A link, a file or a study may name any model and any function, and loading one runs its code. What the app offers by
itself is trusted, and so is what its user opened here before; for everything else a local app asks first, and an app
for others refuses. What a draft names is found by reading the draft as the app does when it makes an experiment of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mesa_lab.drafts.design_fields import designs
from mesa_lab.drafts.field_errors import Mistakes
from mesa_lab.drafts.read_design import read_design
from mesa_lab.errors import MesaLabError
from mesa_lab.preparation.code_permission import CodeReference, parse_reference
from mesa_lab.workspace.access import access, agree, installed, is_allowed

if TYPE_CHECKING:
    from mesa_lab.drafts.draft import DesignDraft, Draft
    from mesa_lab.preparation.models import ModelEntry

__all__ = ["code_in", "in_full", "is_trusted", "offered_models", "trust", "untrusted"]


def in_full(references: Iterable[str]) -> tuple[str, ...]:
    """Return references that name the class too.

    What a file alone holds is found by loading it. An app that offers listed models only compares whole references, and a model
    that was opened is known by its class.

    Args:
        references: What `load_model` takes.

    Raises:
        ModelError: If a file or module that stands alone cannot be loaded, or holds not exactly one model.

    Example:
        >>> in_full(["mesa.examples:Schelling", "mesa.examples.basic.schelling.model"])
        ('mesa.examples:Schelling', 'mesa.examples:Schelling')
    """
    from mesa_lab.preparation.models import load_model, reference_of
    from mesa_lab.preparation.models.references import names_class

    return tuple(each if names_class(each) else reference_of(load_model(each)) for each in references)


def offered_models() -> list[ModelEntry]:
    """Return the models that every user may use here: the listed ones, else all that are installed."""
    from mesa_lab.preparation.models import listed_model

    granted = access()
    known = {entry.reference: entry for entry in installed()}
    listed = [known.get(reference) or listed_model(reference) for reference in granted.models]
    return listed or (list(known.values()) if granted.opens_code else [])


def code_in(draft: Draft) -> tuple[CodeReference, ...]:
    """Return the code that a draft names: its model, then the functions that measure, stop, or make its points.

    Example:
        >>> from mesa_lab.drafts.draft import Draft
        >>> draft = Draft("wolf.py:Wolf", outcomes=(("", "happy"), ("", "tools:count")))
        >>> [code.text for code in code_in(draft)]
        ['wolf.py:Wolf', 'tools:count']
    """
    model = [parse_reference(draft.model)] if draft.model else []
    texts = [*(source for _, source in draft.outcomes), draft.stop_when]
    functions = [code for text in texts for code in _in_outcome(text)]
    return tuple(dict.fromkeys([*model, *functions, *_in_design(draft.design)]))


def _in_outcome(text: str) -> tuple[CodeReference, ...]:
    from mesa_lab.preparation.outcomes import typed_outcome

    try:
        return typed_outcome(text).named_code
    except MesaLabError:  # such a draft makes no experiment
        return ()


def _in_design(typed: DesignDraft) -> Iterator[CodeReference]:
    """The code that a design and the designs within it name; each is read by itself, so that no mistake hides another."""
    if typed.kind in designs():
        yield from getattr(read_design(typed, {}, Mistakes()), "named_code", ())
    for part in typed.parts:
        yield from _in_design(part)


def untrusted(draft: Draft) -> tuple[CodeReference, ...]:
    """Return the code that a draft names and that is neither offered nor agreed to."""
    return tuple(code for code in code_in(draft) if not is_allowed(code))


def is_trusted(model: str) -> bool:
    """Whether a model may be loaded without a question."""
    return bool(model) and is_allowed(parse_reference(model))


def trust(model: str) -> None:
    """Note that the user of a local app agreed to load a model. In an app for others nobody can agree."""
    agree(parse_reference(model))
