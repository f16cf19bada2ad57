"""`mesa-lab models` and `mesa-lab new`: which models there are, and a first experiment file for one."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mesa_lab.cli.console import cell, json_option, literal, note, quoted, say, show_json, show_table

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ModelDescription, ParameterInfo

__all__ = ["models", "new"]


_QUIET_SECONDS: Final = 2.0


def described(model: str) -> ModelDescription:
    """Describe a model, and say so when that takes long."""
    from mesa_lab.preparation.models import describe
    from mesa_lab.preparation.models.inspection.model_to_look_at import LOOKING_SECONDS

    text = (
        "Loading the model and building it with its defaults, to see what it reports "
        f"(for {LOOKING_SECONDS:g} s at most, then from its code)…"
    )
    timer = threading.Timer(_QUIET_SECONDS, note, [text])
    timer.daemon = True
    timer.start()
    try:
        return describe(model)
    finally:
        timer.cancel()


@click.command()
@click.argument("model", required=False)
@json_option
def models(model: str | None, as_json: bool) -> None:
    """List the models that are installed, or describe one.

    MODEL is "package.module:Class" or "path/file.py:Class".

    \b
    Examples:
      mesa-lab models
      mesa-lab models mesa.examples:WolfSheep
      mesa-lab models my_model.py:MyModel --json
    """
    if model is not None:
        _describe(model, as_json)
        return
    from mesa_lab.preparation.models import installed_models

    entries = installed_models()
    if as_json:
        show_json([asdict(entry) for entry in entries])
        return
    show_table(
        ["model", "what it is", "from"],
        [[entry.reference, entry.problem or entry.summary, entry.source] for entry in entries],
    )
    note("Describe one: mesa-lab models MODEL. A model of your own: path/file.py:Class.")


def _describe(model: str, as_json: bool) -> None:
    from mesa_lab.preparation.models import REQUIRED

    description = described(model)
    if as_json:
        plain = asdict(description)
        for parameter in plain["parameters"]:
            parameter["required"] = parameter["default"] is REQUIRED
            if parameter["required"]:
                parameter["default"] = None
        show_json(plain)
        return
    say(f"{description.name} ({description.reference})")
    if description.summary:
        say(description.summary)
    say()
    if description.parameters:
        show_table(
            ["parameter", "type", "default", "suggested range", "from", "meaning"],
            [
                [
                    parameter.name,
                    parameter.type,
                    _default(parameter),
                    _range(parameter),
                    "" if parameter.suggested_by == "none" else parameter.suggested_by,
                    parameter.doc,
                ]
                for parameter in description.parameters
            ],
        )
    else:
        say("It takes no parameters.")
    say()
    for label, names in _measured(description).items():
        say(f"{label}: {', '.join(names) or 'none'}")
    for label, texts in (
        ("Attributes that hold a number", () if description.model_reporters else description.numbers),
        ("Property layers", description.layers),
    ):
        if texts:
            say(f"{label}, as outcomes: {', '.join(texts)}")
    if description.tables:
        say(f"Tables: {', '.join(description.tables)}")
    for problem in description.problems:
        say(f"Note: {problem}")
    note(f"Write an experiment file: mesa-lab new {description.reference}")


def _measured(description: ModelDescription) -> dict[str, tuple[str, ...]]:
    rows = {
        "Model reporters": description.model_reporters,
        "Agent types": description.agent_types,
        "Agent reporters": description.agent_reporters,
    }
    for kind, names in description.agenttype_reporters.items():
        rows[f"Reporters of {kind}"] = names
    return rows


def _default(parameter: ParameterInfo) -> str:
    from mesa_lab.preparation.models import REQUIRED

    return "(required)" if parameter.default is REQUIRED else _short(parameter.default)


def _short(value: Any, width: int = 40) -> str:
    text = value if isinstance(value, str) else literal(value, repr)
    return text if len(text) <= width else text[: width - 1] + "…"


def _range(parameter: ParameterInfo) -> str:
    if parameter.choices is not None:
        return _short(", ".join(map(literal, parameter.choices)))
    if parameter.low is None or parameter.high is None:
        return ""
    step = f" step {cell(parameter.step, 6)}" if parameter.step not in (None, 1) else ""
    return f"{cell(parameter.low, 6)} to {cell(parameter.high, 6)}{step}"


@click.command()
@click.argument("model")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; by default the model's name with .toml. '-' prints it.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def new(model: str, output: Path | None, force: bool) -> None:
    """Write a first experiment file for a model.

    It holds every parameter with its default and its range, ready to edit.

    \b
    Examples:
      mesa-lab new mesa.examples:Schelling
      mesa-lab new my_model.py:MyModel -o first.toml
    """
    from mesa_lab.errors import ExperimentError
    from mesa_lab.files import check_path
    from mesa_lab.preparation.experiment_file.template import template

    description = described(model)
    where, _, name = description.reference.rpartition(":")
    if where.endswith(".py") and output is not None and output != Path("-"):
        # In an experiment file the path of a model starts from the file's own folder.
        beside = os.path.relpath(where, output.parent)
        description = replace(description, reference=f"{Path(beside).as_posix()}:{name}")
    text = template(description)
    if output == Path("-"):
        click.echo(text, nl=False)
        return
    path = output or Path(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", description.name).lower() + ".toml")
    check_path(path, ExperimentError)
    if path.exists() and not force:
        raise ExperimentError(
            f"'{path}' is there already. Choose another name with -o, or replace it with --force."
        )
    if not path.parent.is_dir():
        raise ExperimentError(f"There is no folder '{path.parent}' for '{path.name}'. Create it first.")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExperimentError(f"'{path}' cannot be written: {error.strerror}.") from error
    say(f"Wrote {path}. Edit it, then")
    say(f"  mesa-lab design {quoted(path)}    shows the points that it makes")
    say(f"  mesa-lab run {quoted(path)}       runs them")
