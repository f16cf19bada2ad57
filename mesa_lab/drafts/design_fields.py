"""The form of a design, read from the fields of its dataclass: what to ask for, and how to read the answer.

A new design appears in the app with no edit there: its fields' types say which control fits and how
the typed text becomes a value, its documentation says what to write beside them. This module knows
designs only as dataclasses, and no page.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from mesa_lab.drafts.value_text import parse_number, parse_value, show_value
from mesa_lab.errors import DesignError, ParameterError

__all__ = ["FormField", "designs", "fields_of", "label_of", "summary_of"]

_PROPER: Final = {
    "Box behnken": "Box–Behnken",
    "EFAST": "eFAST",
    "Monte carlo": "Monte Carlo",
    "Plackett burman": "Plackett–Burman",
    "Sobol": "Sobol’",
}

KINDS: Final = ("whole", "number", "flag", "choice", "each", "designs", "points", "value")


@dataclass(frozen=True)
class FormField:
    """One thing that a design's form asks for.

    Attributes:
        name: The dataclass field.
        label: How to call it on a page.
        help: What the design's documentation says about it.
        kind: "whole" and "number" for numbers, "flag" for yes or no, "choice" for one of `choices`, "each" for a value
            by parameter (and, when `common`, one for all), "designs" for designs within, "points" for rows of a table,
            "value" for anything else that can be typed.
        default: The value when nothing is typed; `dataclasses.MISSING` when something must be.
        choices: What a "choice" offers, None for the default that stands for "none of them".
        common: Whether a field by parameter also takes one value for all.
        whole: Whether the values by parameter are whole numbers.
    """

    name: str
    label: str
    help: str
    kind: str
    default: Any
    choices: tuple[Any, ...] = ()
    common: bool = False
    whole: bool = False

    @property
    def required(self) -> bool:
        """Whether something must be typed."""
        return self.default is dataclasses.MISSING

    @property
    def hint(self) -> str:
        """The default as text, for an empty field."""
        return "" if self.required or self.default is None else show_value(self.default)

    def read(self, text: str) -> Any:
        """Turn typed text into the field's value; an empty text stands for the default.

        Raises:
            DesignError: If the text does not fit, saying what would.
        """
        text = text.strip()
        if not text:
            if self.required:
                raise DesignError(f"{self.label} is missing.")
            return self.default
        try:
            if self.kind == "whole" or (self.kind == "each" and self.whole):
                return parse_number(text, whole=True)
            if self.kind == "number":
                return parse_number(text)
            value = parse_value(text)
        except ParameterError as error:
            raise DesignError(str(error)) from None
        if self.kind == "flag" and not isinstance(value, bool):
            raise DesignError(f"{self.label} is {value!r}. Write True or False.")
        if self.kind == "choice" and value not in self.choices:
            listed = ", ".join(show_value(choice) for choice in self.choices)
            raise DesignError(f"{self.label} is {value!r}. There are: {listed}.")
        return value


@cache
def designs() -> dict[str, type]:
    """Return all designs by name, looked up once: asking what is installed takes long enough to feel it."""
    from mesa_lab.preparation.designs import all_designs

    return {design.__name__: design for design in all_designs()}


@cache
def fields_of(design: type) -> tuple[FormField, ...]:
    """Return what a design's form asks for, in the order of its fields.

    Example:
        >>> from mesa_lab.preparation.designs import LatinHypercube
        >>> fields_of(LatinHypercube)[0].name
        'size'
    """
    try:
        hints = typing.get_type_hints(design)
    except (NameError, TypeError):
        hints = {}
    docs = _argument_docs(design)
    fields = [
        _field(field, hints.get(field.name, Any), docs.get(field.name, ""))
        for field in dataclasses.fields(design)
        if field.init
    ]
    if any(field.kind == "points" for field in fields):
        # A page takes the points themselves: a path would be one on the server's machine.
        fields = [field for field in fields if field.name != "path"]
    return tuple(fields)


def summary_of(design: type) -> str:
    """Return the sentence that says when to use a design: the first line of its documentation."""
    return inspect.cleandoc(design.__doc__ or "").partition("\n")[0].strip()


def label_of(name: str) -> str:
    """Return the name of a class or a field as a heading: `LatinHypercube` becomes "Latin hypercube".

    Example:
        >>> label_of("OneAtATime"), label_of("max_steps"), label_of("MonteCarlo")
        ('One at a time', 'Max steps', 'Monte Carlo')
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", name).split()
    phrase = " ".join(word if word.isupper() and len(word) > 1 else word.lower() for word in words)
    phrase = phrase[:1].upper() + phrase[1:]
    return _PROPER.get(phrase, phrase)


def _field(field: dataclasses.Field[Any], hint: Any, doc: str) -> FormField:
    default = field.default
    if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    kind, choices, common, whole = _kind(field.name, hint)
    help_text = str(field.metadata.get("help", "")) or doc
    return FormField(field.name, label_of(field.name), help_text, kind, default, choices, common, whole)


def _kind(name: str, hint: Any) -> tuple[str, tuple[Any, ...], bool, bool]:
    options = [option for option in _options(hint) if option is not type(None)]
    if any(_holds_designs(option) for option in options):
        return "designs", (), False, False
    if name in ("data", "rows", "source") or any(
        getattr(option, "__name__", "") == "DataFrame" for option in options
    ):
        return "points", (), False, False
    mappings = [option for option in options if _origin(option) in (dict, Mapping)]
    if mappings:
        inner = typing.get_args(mappings[0])
        return "each", (), len(options) > len(mappings), len(inner) == 2 and inner[1] is int
    literals = [
        value
        for option in options
        if typing.get_origin(option) is typing.Literal
        for value in typing.get_args(option)
    ]
    if literals and all(typing.get_origin(option) is typing.Literal for option in options):
        numbers = all(isinstance(value, int) and not isinstance(value, bool) for value in literals)
        return "choice", (*((None,) if type(None) in _options(hint) else ()), *literals), False, numbers
    for kind, names in (("flag", {bool}), ("whole", {int}), ("number", {float, int})):
        if options and set(options) <= names:
            return kind, (), False, False
    return "value", (), False, False


def _options(hint: Any) -> tuple[Any, ...]:
    if isinstance(hint, typing.TypeAliasType):
        return _options(hint.__value__)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(inner for option in typing.get_args(hint) for inner in _options(option))
    return (hint,)


def _origin(hint: Any) -> Any:
    origin = typing.get_origin(hint) or hint
    return Mapping if isinstance(origin, type) and issubclass(origin, Mapping) else origin


def _holds_designs(hint: Any) -> bool:
    inner = [hint, *typing.get_args(hint)]
    return any(
        callable(getattr(option, "points", None)) or getattr(option, "__name__", "") == "Design"
        for option in inner
    )


def _argument_docs(cls: type) -> dict[str, str]:
    """The entries of the `Args:` or `Attributes:` section of a class, each on one line."""
    found: dict[str, str] = {}
    name, depth = "", -1
    for line in inspect.cleandoc(cls.__doc__ or "").splitlines():
        indent = len(line) - len(line.lstrip())
        if line.strip() in ("Args:", "Attributes:"):
            depth = indent
        elif depth >= 0 and line.strip():
            if indent <= depth:
                break
            entry = re.match(r"(\w+)\s*(?:\([^)]*\))?:\s+(.*)", line.strip())
            if entry and indent == depth + 4:
                name = entry[1]
                found[name] = entry[2].strip()
            elif name:
                found[name] += f" {line.strip()}"
    return found
