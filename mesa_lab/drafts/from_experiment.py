"""The way back from data to typed text: parameters, designs and functions as a draft shows them.

Used when an experiment is loaded from a file or a study, or handed over by a notebook. What it
writes, `to_experiment.py` reads as the same thing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mesa_lab.drafts.design_fields import fields_of
from mesa_lab.drafts.draft import DesignDraft, Draft, Row, completed
from mesa_lab.drafts.points_csv import points_text
from mesa_lab.drafts.value_text import show_value, show_values

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelDescription

__all__ = ["design_draft", "draft_row", "from_experiment", "reference_text"]


def from_experiment(experiment: Experiment, description: ModelDescription | None = None) -> Draft:
    """Return the draft that gives this experiment.

    Args:
        experiment: From a file, a study or a notebook.
        description: The model's, for rows of parameters that the experiment does not mention.

    Raises:
        ParameterError: If a value cannot be written as text.
    """
    from mesa_lab.preparation.models import reference_of, reference_of_enum

    rows = tuple(draft_row(Row(name), given) for name, given in experiment.parameters.items())
    agents = experiment.protocol.agents
    draft = Draft(
        model=reference_of(experiment.model),
        rows=rows,
        design=design_draft(experiment.design),
        replications=str(experiment.replications),
        seed=str(experiment.seed),
        seeds="" if experiment.seeds is None else show_values(experiment.seeds),
        common_random_numbers=experiment.common_random_numbers,
        max_steps=_optional(experiment.max_steps),
        max_time=_optional(experiment.max_time),
        stop_when=reference_text(experiment.stop_when),
        timeout=_optional(experiment.timeout),
        period=str(experiment.period),
        outcomes=tuple((outcome.name, outcome.phrase) for outcome in experiment.protocol.outcomes or ()),
        agents=("all" if agents is True else "chosen") if agents else "none",
        agent_names=_agent_names(agents),
        constraints="\n".join(experiment.constraints),
        claims=tuple((claim.name, claim.holds) for claim in experiment.claims),
        redraw=experiment.redraw,
        on_error=experiment.on_error,
        enums=tuple(
            (name, reference_of_enum(kind))
            for name, kinds in experiment.protocol.enums.items()
            for kind in kinds
        ),
        question=experiment.question or "",
        correlations="\n".join(
            f"{one}, {other} = {show_value(value)}"
            for (one, other), value in (experiment.correlations or {}).items()
        ),
    )
    return completed(draft, description) if description else draft


def draft_row(row: Row, parameter: Any) -> Row:
    """Return a row that shows an experiment's parameter; what the row held in other forms stays."""
    from mesa_lab.preparation.parameters.space import Choice, Integer, Levels, Real

    replace = dataclasses.replace
    if isinstance(parameter, Real | Integer) and parameter.distribution:
        cuts = {"low": parameter.low, "high": parameter.high}
        arguments = {
            **parameter.arguments,
            **{end: value for end, value in cuts.items() if value is not None},
        }
        typed = tuple((name, show_value(value)) for name, value in arguments.items())
        return replace(row, kind="distribution", distribution=parameter.distribution, arguments=typed)
    if isinstance(parameter, Real | Integer):
        low, high = show_value(_short(parameter.low)), show_value(_short(parameter.high))
        if isinstance(parameter, Real):
            return replace(row, kind="real", low=low, high=high, log=parameter.log)
        step = "" if parameter.step == 1 else str(parameter.step)
        return replace(row, kind="integer", low=low, high=high, step=step)
    if isinstance(parameter, Levels):
        return replace(row, kind="levels", levels=show_values(parameter.values))
    if isinstance(parameter, list | range):
        return replace(row, kind="levels", levels=show_values(parameter))
    if isinstance(parameter, Choice):
        return replace(row, kind="choice", choices=show_values(parameter.values))
    return replace(row, kind="fixed", fixed=show_value(parameter))


def design_draft(design: Any) -> DesignDraft:
    """Return the draft of a design."""
    from mesa_lab.preparation.designs.union import Part

    if isinstance(design, Part):
        held = tuple((name, show_value(value)) for name, value in design.fixed.items())
        return dataclasses.replace(design_draft(design.design), fixed=held, vary=tuple(design.vary or ()))
    texts: dict[str, str] = {}
    points = ""
    parts: tuple[DesignDraft, ...] = ()
    kind: type = type(design)
    for field in fields_of(kind):
        value = getattr(design, field.name)
        if field.kind == "points":
            points = points or points_text(value)
        elif field.kind == "designs":
            parts = tuple(design_draft(part) for part in value)
        elif isinstance(value, Mapping):
            texts.update((f"{field.name}.{name}", show_value(item)) for name, item in value.items())
        elif callable(value):
            texts[field.name] = reference_text(value)
        elif field.required or value != field.default:
            texts[field.name] = show_value(value)
    return DesignDraft(type(design).__name__, tuple(texts.items()), points, parts)


def reference_text(source: Any) -> str:
    """Return an expression as it is, a function by where it is found, None as an empty text."""
    from mesa_lab.preparation.outcomes import Outcome

    return "" if source is None else source if isinstance(source, str) else Outcome("function", source).text


def _agent_names(agents: Any) -> tuple[str, ...]:
    if isinstance(agents, Mapping):
        return tuple(f"{kind}.{name}" for kind, names in agents.items() for name in names)
    return () if isinstance(agents, bool) else tuple(agents)


def _optional(value: Any) -> str:
    return "" if value is None else show_value(value)


def _short(value: Any) -> Any:
    """1.0 as 1, as people write the end of a range."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
