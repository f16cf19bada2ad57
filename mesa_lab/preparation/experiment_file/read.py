"""Reads experiment files: every field is checked by name, and nothing is run.

Models, functions and point files are named in the text and looked up only when the experiment runs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from mesa_lab.errors import ExperimentError, MesaLabError, ParameterError, suggest
from mesa_lab.files import check_path
from mesa_lab.preparation.encoding import decode
from mesa_lab.preparation.experiment_data import ExperimentData
from mesa_lab.preparation.experiment_file.write import toml_text
from mesa_lab.preparation.limits import KEY_PARTS, NESTING, shortened, too_large
from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, Real
from mesa_lab.preparation.settings import DESIGN_WORDS, RUN_WORDS, meant

__all__ = ["from_toml", "read", "read_with_search"]


class _Document(BaseModel):
    """The fields of an experiment file and their types."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    replications: int = 1
    seed: int = 0
    seeds: list[int] | None = None
    common_random_numbers: bool = False
    max_steps: int | None = None
    max_time: float | int | None = None
    stop_when: str | None = None
    timeout: float | int | None = None
    period: int = 1
    outcomes: str | list[str | dict[str, str | int]] | dict[str, str | dict[str, str | int]] | None = None
    agents: bool | str | list[str] | dict[str, str | list[str]] = False
    constraints: str | list[str] = []
    redraw: bool = False
    on_error: str = "missing"
    question: str | None = None
    enums: dict[str, str | list[str]] | None = None
    correlations: dict[str, dict[str, float | int]] | None = None
    claims: list[dict[str, str]] = []
    parameters: dict[str, Any] = {}
    design: dict[str, Any] | None = None
    search: dict[str, Any] | None = None


_FORMS: Final = {
    "model": 'text: "package.module:Class" or "path/file.py:Class"',
    **dict.fromkeys(("replications", "seed", "max_steps", "period"), "a whole number"),
    **dict.fromkeys(("max_time", "timeout"), "a number"),
    "seeds": "a list of whole numbers, one for each replication",
    **dict.fromkeys(("common_random_numbers", "redraw"), "true or false"),
    "on_error": '"missing" or "fail"',
    "question": 'the name of a question, such as "matter"',
    "stop_when": 'text, such as "Wolves == 0"',
    "outcomes": 'a list of names, such as ["Wolves", "count(Sheep)"], or { name = "what to measure" }; over the steps of a run '
    '{ outcome = "infected", over = "max" }',
    "agents": 'true, a list of attributes such as ["energy"], or { Wolf = ["energy"] }',
    "constraints": 'a list of texts, such as ["a < b"]',
    "correlations": "a table for each parameter, such as { a = { b = 0.6 } }",
    "enums": 'a table from parameter to where its Enum is, such as { mood = "town.py:Mood" }',
    "claims": "tables, [[claims]], each with a name and what holds, such as holds = \"mean('Wolves') > 20\"",
    "parameters": "a table, [parameters], with one line for each",
    "design": 'a table, [design], with a type, such as type = "Sobol"',
    "search": 'a table, [search], with a method, such as method = "optimise"',
}


_MISTAKES: Final = 5
"""So many unknown fields are named at once."""

_PART: Final = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY: Final = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{KEY_PARTS}}}")
"""A dotted key of more parts: tomllib takes the square of their number, and more, for each. Possessive throughout, so that the
search itself takes no longer than the text."""


# ---------------------------------------------------------------- reading


def read[E: ExperimentData](path: Path, kind: type[E]) -> E:
    """Read an experiment file; relative paths in it are relative to its folder. Its table `[search]` is left out.

    Args:
        path: The file.
        kind: The class to make, such as `Experiment`.

    Raises:
        ExperimentError: If it is missing, unreadable, no TOML, or does not describe an experiment.
    """
    return read_with_search(path, kind)[0]


def read_with_search[E: ExperimentData](path: Path, kind: type[E]) -> tuple[E, dict[str, Any] | None]:
    """Read an experiment file with what it says of a search.

    Args:
        path: The file.
        kind: The class to make, such as `Experiment`.

    Returns:
        The experiment, and the table `[search]`; None where it has none.

    Raises:
        ExperimentError: If it is missing, unreadable, no TOML, or does not describe an experiment.
    """
    check_path(path, ExperimentError)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ExperimentError(f"There is no experiment file '{path}'.{_near_file(path)}") from None
    except IsADirectoryError:
        raise ExperimentError(f"'{path}' is a folder, not an experiment file.") from None
    except UnicodeDecodeError:
        study = f" To go on with a study: mesa-lab resume {path}" if path.suffix == ".study" else ""
        raise ExperimentError(f"'{path}' is no text file, so it is no experiment file.{study}") from None
    except OSError as error:
        raise ExperimentError(f"The experiment file '{path}' cannot be read: {error.strerror}.") from None
    document = _document(_parse(text, str(path)), str(path))
    return _made(document, kind, str(path), path.parent), document.search


def _near_file(path: Path) -> str:
    if not path.parent.is_dir():
        return f" There is no folder '{path.parent}' either."
    # With the ending, a name may be too long, or there is none.
    with contextlib.suppress(OSError, ValueError):
        if path.with_suffix(".toml").exists():
            return f" Did you mean '{path.with_suffix('.toml')}'?"
    return suggest(path.name, [other.name for other in path.parent.glob("*.toml")])


def from_toml[E: ExperimentData](
    text: str, kind: type[E], *, source: str = "The experiment", folder: Path | None = None
) -> E:
    """Read an experiment from TOML text.

    Args:
        text: The text.
        kind: The class to make, such as `Experiment`.
        source: How to call it in error messages.
        folder: Where relative paths start; None leaves them as they are.

    Raises:
        ExperimentError: If it is no TOML, or does not describe an experiment.
    """
    return _made(_document(_parse(text, source), source), kind, source, folder)


def _document(data: dict[str, Any], source: str) -> _Document:
    try:
        return _Document.model_validate(_with_few_unknown(data))
    except ValidationError as error:
        raise ExperimentError(f"{source}: {_explain(error, data)}") from None


def _made[E: ExperimentData](document: _Document, kind: type[E], source: str, folder: Path | None) -> E:
    fields = document.model_dump(exclude_unset=True)
    fields.pop("search", None)
    fields["model"] = _anchor_model(document.model, folder)
    if document.enums:
        fields["enums"] = {
            name: [_anchor_model(kind, folder) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
            for name, kinds in document.enums.items()
        }
    fields["parameters"] = {}
    _refuse_blanks(source, document.parameters)
    for name, form in document.parameters.items():
        try:
            fields["parameters"][name] = _read_parameter(form)
        except MesaLabError as error:
            raise ParameterError(f"{source}: parameter '{name}': {error}") from None
    if document.design is not None:
        fields["design"] = _read_design(source, document.design, folder)
    try:
        return kind(**fields)
    except MesaLabError as error:
        if folder is None:
            raise
        raise type(error)(f"{source}: {error}") from None


def _parse(text: str, source: str) -> dict[str, Any]:
    """Parse TOML; what would take tomllib longer than its length warrants is refused first."""
    if match := _LONG_KEY.search(text):
        raise ExperimentError(
            f"{source} has a key of more than {KEY_PARTS} parts: {shortened(match[0])}. Give it a plain name."
        )
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        model = f" To write one for a model: mesa-lab new {source}" if source.endswith(".py") else ""
        raise ExperimentError(f"{source} is no valid TOML: {error}.{model}") from None
    except RecursionError:
        raise ExperimentError(
            f"{source} has more than {NESTING} lists or tables within each other. No experiment needs so many."
        ) from None
    except ValueError as error:  # Python reads no number of more than some thousand digits
        raise ExperimentError(f"{source} has a number that is too long: {error}.") from None
    if large := too_large(data):
        raise ExperimentError(f"{source} has {large}. No experiment needs that.")
    return data


def _with_few_unknown(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a document, and no more unknown ones than are named in a message: pydantic explains each."""
    unknown = [name for name in data if name not in _Document.model_fields]
    dropped = set(unknown[_MISTAKES:])
    return {name: value for name, value in data.items() if name not in dropped}


def _explain(error: ValidationError, data: Mapping[str, Any]) -> str:
    """One sentence per field: its value, what it should be."""
    known = list(_Document.model_fields)
    lines: dict[str, str] = {}  # a field of several forms fails each of them, and is named once
    for mistake in error.errors():
        name = str(mistake["loc"][0])
        if mistake["type"] == "extra_forbidden":
            lines[name] = f"unknown field {shortened(name)}.{_instead(name, known)}"
        elif mistake["type"] == "missing":
            lines[name] = f"the field '{name}' is missing."
        else:
            lines[name] = f"{name} is {shortened(data[name])}. Write {_FORMS[name]}."
    return " ".join(lines.values())


def _anchor_model(reference: str, folder: Path | None) -> str:
    """Make the path of a model file relative to the experiment's folder."""
    path, colon, name = reference.rpartition(":")
    if not colon and reference.endswith(".py"):
        path, name = reference, ""
    if folder is None or not path.endswith(".py") or Path(path).is_absolute():
        return reference
    beside = folder / path
    return f"{beside.as_posix()}{colon}{name}" if beside.exists() else reference


def _refuse_blanks(source: str, parameters: Mapping[str, Any]) -> None:
    """Name the parameters that a new file leaves to be filled in."""
    blank = {
        name: form["fill_in"]
        for name, form in parameters.items()
        if isinstance(form, Mapping) and "fill_in" in form
    }
    if blank:
        listed = ", ".join(f"{name} ({kind})" for name, kind in blank.items())
        raise ParameterError(
            f"{source}: the model has no default for {listed}. Write a value or a range in place of {{ fill_in = ... }}."
        )


def _read_parameter(form: Any) -> Any:
    if isinstance(form, list):
        return Levels([decode(value) for value in form])
    if not isinstance(form, Mapping) or any(key.startswith("$") for key in form):
        return decode(form)
    options = dict(form)
    kinds = ("distribution", "real", "integer", "choice", "levels", "fixed")
    kind = next((kind for kind in kinds if kind in options), None)
    if kind is None:
        raise ExperimentError(
            f"{_as_written(form)} says no range. Write a plain value to hold it fixed, or one of "
            "{ real = [low, high] }, { integer = [low, high] }, { choice = [...] }, [level, level, ...] "
            'or { distribution = "norm", loc = 0, scale = 1 }. What a model takes as fields of one object is written '
            "field by field, each as a parameter of its own."
        )
    value = options.pop(kind)
    if kind == "fixed":
        _no_more(kind, options)
        held = decode(value)
        return tuple(held) if isinstance(held, list) else held  # a list would be levels again
    if kind == "distribution":
        whole = options.pop("integer", False) is True
        low, high = options.pop("low", None), options.pop("high", None)
        return (Integer if whole else Real)(low, high, distribution=value, arguments=options)
    if not isinstance(value, list):
        raise ExperimentError(f"{kind} is {shortened(value)}. Write a list, such as {{ {kind} = [1, 2] }}.")
    if kind in ("choice", "levels"):
        _no_more(kind, options)
        values = [decode(item) for item in value]
        return Choice(values) if kind == "choice" else Levels(values)
    if len(value) != 2:
        raise ExperimentError(
            f"{kind} is {shortened(value)}. Write its lowest and highest value: [low, high]."
        )
    low, high = value
    if kind == "real":
        log = options.pop("log", False)
        _no_more(kind, options, "log")
        return Real(low, high, log=log)
    step = options.pop("step", 1)
    _no_more(kind, options, "step")
    return Integer(low, high, step=step)


def _instead(name: str, known: list[str]) -> str:
    """What to write instead of a field that there is not."""
    if name == "n_jobs" or RUN_WORDS.get(name) == "n_jobs":
        return " How many processes there are is said where it is run: mesa-lab run -j 2, or ml.run(..., n_jobs=2)."
    return f"{meant(name, known)} There are: {', '.join(known)}. Parameters of the model stand below [parameters]."


def _as_written(form: Mapping[str, Any]) -> str:
    """A short form as it stands in the file."""
    text = shortened(dict(form), 100)
    return text if text.endswith("…") else toml_text(dict(form))


def _no_more(kind: str, options: Mapping[str, Any], *known: str) -> None:
    if options:
        name = next(iter(options))
        has = f"It has: {', '.join([kind, *known])}."
        raise ExperimentError(f"unknown field '{name}'.{suggest(name, known)} {has}")


def _read_design(source: str, form: Mapping[str, Any], folder: Path | None) -> Any:
    from mesa_lab.preparation.designs import DESIGNS, all_designs
    from mesa_lab.preparation.designs.names import near_design

    options = dict(form)
    kind = options.pop("type", None)
    kinds = {design.__name__: design for design in DESIGNS}
    if kind not in kinds:  # looking through what is installed takes longer than all else here
        kinds = {design.__name__: design for design in all_designs()}
    if kind not in kinds:
        near = near_design(kind, kinds) if isinstance(kind, str) else ""
        said = "has no type" if kind is None else f"type {shortened(kind)} is unknown"
        raise ExperimentError(f"{source}: the design {said}.{near} There are: {', '.join(kinds)}.")
    design = kinds[kind]
    fields = {field.name: field for field in dataclasses.fields(design) if field.init}
    hints = _hints(design)
    values: dict[str, Any] = {}
    for name, value in options.items():
        if name not in fields:
            raise ExperimentError(
                f"{source}: design {kind} has no field '{name}'.{meant(name, fields, DESIGN_WORDS)} It has: {', '.join(fields) or 'none'}."
            )
        values[name] = _read_field(f"{source}: design {kind}", name, value, hints.get(name, Any), folder)
    missing = [
        name
        for name, field in fields.items()
        if name not in values
        and field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ExperimentError(f"{source}: design {kind} needs the field '{missing[0]}'.")
    return design(**values)


def _read_field(where: str, name: str, value: Any, hint: Any, folder: Path | None) -> Any:
    if (
        isinstance(value, list)
        and value
        and all(isinstance(item, Mapping) and "type" in item for item in value)
    ):
        return tuple(_read_design(where, item, folder) for item in value)
    if isinstance(value, Mapping) and isinstance(value.get("type"), str):
        return _read_design(where, value, folder)
    if name == "path" and isinstance(value, str) and folder is not None and (folder / value).exists():
        return str(folder / value)
    decoded = decode(value)
    try:
        TypeAdapter(hint).validate_python(decoded, strict=not isinstance(decoded, int | list))
    except ValidationError as error:
        raise ExperimentError(
            f"{where}: {name} is {shortened(value)}: {error.errors()[0]['msg'].lower()}."
        ) from None
    except Exception:  # a hint that pydantic has no schema for: the design checks its own field
        return decoded
    return decoded


def _hints(cls: type) -> dict[str, Any]:
    import typing

    try:
        return typing.get_type_hints(cls)
    except NameError:
        return {}


# ---------------------------------------------------------------- writing
