"""How each run goes and what is measured: replications, seeds, stop rules, outcomes, agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import solara

from mesa_lab.app.components.controls import Choose, TextInput, Toggle
from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.design.over_time_form import OverTimeForm
from mesa_lab.drafts.draft import Draft, Row
from mesa_lab.formatting import listing

if TYPE_CHECKING:
    from mesa_lab.preparation.models import ModelDescription

__all__ = ["ConstraintsForm", "MeasureForm", "RunsForm", "outcome_text", "read_outcome", "suggested_outcomes"]


def outcome_text(outcome: tuple[str, str]) -> str:
    """Write an outcome as one text: its source, or "name = source".

    Example:
        >>> outcome_text(("", "Wolves")), outcome_text(("energy", "mean(Wolf.energy)"))
        ('Wolves', 'energy = mean(Wolf.energy)')
    """
    name, source = outcome
    return source if name in ("", source) else f"{name} = {source}"


def read_outcome(text: str, known: tuple[str, ...] = ()) -> tuple[str, str]:
    """Read what `outcome_text` wrote; a reporter's own name may hold an equals sign."""
    if text in known or " = " not in text:
        return "", text.strip()
    name, _, source = text.partition(" = ")
    return name.strip(), source.strip()


def suggested_outcomes(description: ModelDescription | None) -> list[str]:
    """Return what a model offers to measure: its reporters, counts of its agents, attributes and property layers."""
    return [] if description is None else description.outcomes()


@solara.component
def RunsForm(value: Draft, on_value: Callable[..., None], errors: Mapping[str, str]) -> None:
    """Replications and seeds.

    Args:
        value: The draft.
        on_value: Called with the names and new values of fields that change.
        errors: Mistakes by field.
    """
    listed = bool(value.seeds.strip())
    opened, set_opened = solara.use_state(listed)
    with tag("div", "ml-grid"):
        Field(value, on_value, errors, "replications", "Replications", "Runs of each point.", disabled=listed)
        Field(value, on_value, errors, "seed", "Seed", "All seeds derive from it.")
        Field(value, on_value, errors, "max_steps", "Steps", _steps_hint(value))
    Toggle(
        "Common random numbers",
        value.common_random_numbers and not listed,
        lambda on: on_value(common_random_numbers=on),
        hint="Give all points the same seeds, to compare them pair by pair.",
    )
    with More("More on seeds", opened or listed, set_opened):
        Field(
            value,
            on_value,
            errors,
            "seeds",
            "List of seeds",
            "Explicit seeds, one for each replication and the same for all points; takes the place of replications.",
        )


def _steps_hint(value: Draft) -> str:
    """What the typed number of steps means."""
    typed = value.max_steps.strip()
    if typed == "0":
        return "None: only the state after the set-up is measured."
    if not typed:
        other = value.stop_when.strip() or value.max_time.strip()
        return "As many as it takes until the rule below holds." if other else "Left out: 1,000 for each run."
    return "At most, for each run."


@solara.component
def MeasureForm(
    value: Draft,
    on_value: Callable[..., None],
    errors: Mapping[str, str],
    description: ModelDescription | None,
    *,
    point: Mapping[str, Any] = {},
    max_steps: int | None = None,
) -> None:
    """Stop rules, outcomes and agent data.

    Args:
        value: The draft.
        on_value: Called with the names and new values of fields that change.
        errors: Mistakes by field.
        description: The model's, for suggestions.
        point: The parameters' values of a run that is tried.
        max_steps: The most steps of a run, None when another rule stops it.
    """
    reporters = description.model_reporters if description else ()
    every = f"all: {listing(list(reporters))}" if reporters else "counts of agents, means of their attributes"
    kind = description.agent_types[0] if description and description.agent_types else "Agent"
    Chosen(
        "Outcomes",
        [outcome_text(outcome) for outcome in value.outcomes],
        lambda texts: on_value(outcomes=tuple(read_outcome(text, reporters) for text in texts)),
        suggested_outcomes(description),
        hint=f"Empty for {every}. Also attributes of the model, count({kind}), mean({kind}.attribute), name = source.",
        error=errors.get("outcomes", ""),
    )
    looked_at, look_at = solara.use_state(False)
    with More("Over the steps of a run: mean, largest value, when it happens", looked_at, look_at):
        OverTimeForm(
            value,
            lambda outcomes: on_value(outcomes=outcomes),
            suggested_outcomes(description),
            reporters or tuple(suggested_outcomes(description)),
            point=point,
            max_steps=max_steps,
        )
    Field(
        value,
        on_value,
        errors,
        "stop_when",
        "Stop a run when",
        f"An expression over reporters and attributes of the model, such as {_example(reporters)} == 0.",
    )
    advanced = any(
        (
            value.max_time,
            value.timeout,
            value.period != "1",
            value.agents != "none",
            value.on_error != "missing",
        )
    )
    opened, set_opened = solara.use_state(advanced)
    with More("More on time limits and agent data", opened, set_opened):
        with tag("div", "ml-grid"):
            Field(value, on_value, errors, "period", "Collect every", "Steps; -1 for the end only.")
            Field(
                value,
                on_value,
                errors,
                "timeout",
                "Give up after",
                "Seconds that a run may take.",
                suffix="s",
            )
            Field(value, on_value, errors, "max_time", "Simulated time", "A run stops when it is reached.")
        Choose(
            "When an outcome raises an error",
            value.on_error,
            lambda cost: on_value(on_error=cost),
            [("missing", "It has no value"), ("fail", "Its run fails")],
            hint="Either way the reason is kept.",
            error=errors.get("on_error", ""),
        )
        kinds = [("none", "None"), ("all", "The model's agent reporters"), ("chosen", "Chosen attributes")]
        Choose(
            "Data on each agent",
            value.agents,
            lambda kind: on_value(agents=kind),
            kinds,
            hint="Every agent at every collected step; can be large.",
            error=errors.get("agents", "") if value.agents != "chosen" else "",
        )
        if value.agents == "chosen":
            Chosen(
                "Attributes",
                list(value.agent_names),
                lambda names: on_value(agent_names=tuple(names)),
                _attributes(description),
                hint=f"Such as pos for all agents, or {kind}.pos for one type.",
                error=errors.get("agents", ""),
            )


@solara.component
def ConstraintsForm(value: Draft, on_value: Callable[..., None], errors: Mapping[str, str]) -> None:
    """Constraints between parameters, and which of them go together.

    Args:
        value: The draft.
        on_value: Called with the names and new values of fields that change.
        errors: Mistakes by field.
    """
    numbers = [row.name for row in value.rows if row.kind in ("real", "integer")]
    example = _constraint(value)
    TextInput(
        "Constraints, one on each line",
        value.constraints,
        lambda text: on_value(constraints=text),
        hint=f"Points that break one are left out, such as {example}.",
        error=errors.get("constraints", ""),
        lines=2,
        classes="ml-mono",
    )
    if value.constraints.strip():
        Toggle(
            "Redraw points that break one",
            value.redraw,
            lambda on: on_value(redraw=on),
            hint="Continue the design until as many points hold; Sobol’, Halton and Monte Carlo can.",
        )
    opened, set_opened = solara.use_state(bool(value.correlations.strip()))
    pair = ", ".join(numbers[:2]) if len(numbers) > 1 else "a, b"
    with More("More on parameters that go together", opened, set_opened):
        TextInput(
            "Correlations, one on each line",
            value.correlations,
            lambda text: on_value(correlations=text),
            hint=f"Rank correlations for designs that fill space, such as {pair} = 0.6.",
            error=errors.get("correlations", ""),
            lines=2,
            classes="ml-mono",
        )


def _constraint(value: Draft) -> str:
    """An example of a constraint, between two parameters that are of one kind, which leaves as much as one between them can."""
    for kind in ("integer", "real"):
        rows = [row for row in value.rows if row.kind == kind]
        if len(rows) > 1:
            low, high = sorted(rows[:2], key=_middle)
            return f"{low.name} < {high.name}"
    return "a < b"


def _middle(row: Row) -> float:
    """The middle of a range as far as it is typed."""
    try:
        return float(row.low) + float(row.high)
    except ValueError:
        return 0.0


@solara.component
def Field(
    value: Draft,
    on_value: Callable[..., None],
    errors: Mapping[str, str],
    name: str,
    label: str,
    hint: str,
    *,
    disabled: bool = False,
    suffix: str = "",
) -> None:
    """One text field of the draft."""
    TextInput(
        label,
        getattr(value, name),
        lambda text: on_value(**{name: text}),
        hint=hint,
        error=errors.get(name, ""),
        disabled=disabled,
        suffix=suffix,
    )


@solara.component
def Chosen(
    label: str,
    value: list[str],
    on_value: Callable[[list[str]], None],
    items: list[str],
    *,
    hint: str,
    error: str,
) -> None:
    """Several texts, chosen from suggestions or typed."""
    solara.v.Combobox(
        label=label,
        v_model=value,
        on_v_model=lambda texts: on_value([str(text) for text in texts or () if str(text).strip()]),
        items=items,
        multiple=True,
        chips=True,
        closable_chips=True,
        clearable=True,
        hide_selected=True,
        hint=hint,
        persistent_hint=True,
        error=bool(error),
        error_messages=[error] if error else [],
        density="compact",
        variant="outlined",
        color="primary",
        class_="ml-field",
    )


@solara.component
def More(
    label: str,
    opened: bool,
    on_opened: Callable[[bool], None],
    children: list[Any] = [],  # noqa: B006
) -> None:
    """What is needed rarely, out of the way until it is asked for."""
    button = tag(
        "button",
        "ml-more",
        icon("mdi-chevron-down" if opened else "mdi-chevron-right"),
        tag("span", "", label),
        type="button",
        aria_expanded="true" if opened else "false",
    )
    solara.v.use_event(button, "click", lambda *_: on_opened(not opened))
    tag("div", "ml-more-body", *(children if opened else []))


def _example(reporters: tuple[str, ...]) -> str:
    return next((name for name in reporters if name.isidentifier()), "count")


def _attributes(description: ModelDescription | None) -> list[str]:
    if description is None:
        return []
    typed = [f"{kind}.{name}" for kind, names in description.agenttype_reporters.items() for name in names]
    return [*description.agent_reporters, *typed]
