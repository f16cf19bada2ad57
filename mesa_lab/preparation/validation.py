"""What a model says to an experiment before anything runs: its parameters, outcomes, agents and stop rule by name.

One model is built, at the first point, and never stepped. A name is refused only when it cannot be a
later one: agents may be born and attributes set while a run is under way. How a name is evaluated is
settled in `running/collection/`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import (
    ExperimentError,
    MesaLabError,
    ModelError,
    NotAllowedError,
    OutcomeError,
    ParameterError,
    suggest,
)
from mesa_lab.preparation.code_permission import elsewhere_of, require_code
from mesa_lab.preparation.expressions.parse import Expression, compile_expression
from mesa_lab.preparation.models import check_parameters, load_enums, load_model
from mesa_lab.preparation.models.collectors import agent_reporters_of
from mesa_lab.preparation.models.inspection.attributes_in_code import may_set
from mesa_lab.preparation.models.inspection.interruption import OutOfTimeError
from mesa_lab.preparation.models.inspection.model_to_look_at import look_at, may_come
from mesa_lab.preparation.models.signatures import plan_of
from mesa_lab.preparation.outcome_kinds import source_of
from mesa_lab.preparation.outcome_kinds.agent_statistic import AgentStatistic, like_types
from mesa_lab.preparation.outcome_kinds.function import check_reference, is_reference
from mesa_lab.preparation.outcome_kinds.model_value import attributes_of, known_names, reporters_of
from mesa_lab.preparation.parameters.choice import Listed
from mesa_lab.preparation.parameters.enum_members import with_members
from mesa_lab.preparation.settings import EXPERIMENT_WORDS

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment_data import ExperimentData

__all__ = ["check"]


def check(
    experiment: ExperimentData, point: Mapping[str, Any] | None = None, reported: Iterable[str] = ()
) -> None:
    """See that everything the experiment names is there; `Experiment.check` says what is raised.

    Args:
        experiment: The experiment.
        point: The point at which to build the model; None for the first of the design, which has its points made.
        reported: What has to be among the outcomes, where the experiment names none and measures what the model reports.
    """
    reported = list(reported) if experiment.outcomes is None else []
    if (elsewhere := elsewhere_of(experiment.model)) is not None:
        require_code(experiment.protocol.named_code)
        # What the model reports is known there alone: names that it cannot have are refused, as if they were asked for.
        plain = [name for name in reported if name.isidentifier()]
        elsewhere.check(experiment.replace(outcomes=plain) if plain else experiment, point)
        return
    model_cls = load_model(experiment.model)
    _check_parameters(experiment, model_cls, experiment.design_matrix().columns if point is None else point)
    _check_fixed(experiment, model_cls)
    protocol = experiment.protocol
    kinds = _enums(experiment)
    if not (protocol.outcomes or protocol.agents or isinstance(protocol.stop_when, str) or reported):
        return
    try:
        first = next(experiment.points()) if point is None else point
        model = look_at(model_cls, with_members(first, kinds), seed=0)
    except MesaLabError:
        raise
    except (Exception, OutOfTimeError, SystemExit):
        return  # a point at which set-up fails is a failed run, and says so there
    for outcome in protocol.outcomes or ():
        condition = outcome.over_time.condition if outcome.over_time else None
        if condition is None:
            outcome.parsed.check(model)
        else:
            _check_condition(f"Outcome '{outcome.name}'", condition, model)
    for name in reported:
        _check_reported(name, model)
    if isinstance(protocol.stop_when, str):
        _check_stop_rule(protocol.stop_when, model)
    _check_agents(protocol.agents, model)


def _check_reported(name: str, model: Any) -> None:
    """Refuse a name that a model does not report by itself; nothing is said of one whose reporters are known later."""
    reporters = reporters_of(model)
    is_there = hasattr(model, name)
    if name in reporters or not (reporters or is_there) or (not reporters and may_come(name, model) is None):
        return
    named = (
        f" '{name}' is an attribute: it is measured when the experiment's outcomes name it."
        if is_there
        else ""
    )
    raise OutcomeError(
        f"'{name}' is looked at, which the model does not report by itself.{suggest(name, reporters)} {known_names(model)}{named}"
    )


def _enums(experiment: ExperimentData) -> dict[str, tuple[type[enum.Enum], ...]]:
    """Find the Enums of parameters, and refuse a text that is nearly the name of a member: as text it would be another value."""
    try:
        kinds = load_enums(experiment.protocol.enums, experiment.model)
    except NotAllowedError:
        raise
    except ModelError as error:
        # Not as an error of the model, which is here: what only waits for a model to come is no error everywhere.
        raise ParameterError(f"enums names what is not there. {error}") from error
    for name, members in kinds.items():
        value = experiment.parameters.get(name)
        for text in value.values if isinstance(value, Listed) else (value,):
            names = [each for kind in members for each in kind.__members__]
            if isinstance(text, str) and text not in names and (near := suggest(text, names)):
                raise ParameterError(
                    f"Parameter '{name}' has the value {text!r:.80}, which is no member of "
                    f"{' or '.join(kind.__name__ for kind in members)}.{near}"
                )
    return kinds


def _check_parameters(experiment: ExperimentData, model_cls: type[Any], names: Iterable[str]) -> None:
    for name in dict.fromkeys([*experiment.parameters, *names, *experiment.protocol.enums]):
        try:
            check_parameters(model_cls, [name])
        except ParameterError as error:
            own = {each.name for each in dataclasses.fields(experiment)}
            setting = name if name in own else EXPERIMENT_WORDS.get(str(name))
            if setting is None:
                raise
            raise ParameterError(
                f"{error} If you mean the experiment's own {setting}: in a file it stands above [parameters]."
            ) from None


def _check_fixed(experiment: ExperimentData, model_cls: type[Any]) -> None:
    """Tell who writes levels as a tuple or a set, as other tools take them, that these are one value here."""
    defaults = {slot.name: slot.default for slot in plan_of(model_cls).slots}
    for name, value in experiment.space.fixed.items():
        if not isinstance(defaults.get(name), int | float | str):
            continue
        kind = next((kind for kind in (tuple, set, frozenset, dict) if isinstance(value, kind)), None)
        if kind is not None:
            levels = (
                "[...]"
                if kind is dict
                else repr(sorted(value, key=repr) if kind is not tuple else list(value))
            )
            raise ParameterError(
                f"Parameter '{name}' is the {kind.__name__} {value!r:.80}, which holds it fixed at that one value. "
                f"Levels are a list, {levels:.80}; a range is Real(low, high) or Integer(low, high)."
            )


def _check_stop_rule(stop_when: str, model: Any) -> None:
    if is_reference(stop_when):
        check_reference("stop_when", stop_when)
        return
    _check_condition("stop_when", compile_expression(stop_when), model)


def _check_condition(what: str, condition: Expression, model: Any) -> None:
    """Refuse a condition over a name that is nearly one of the model's, and none of them."""
    reporters = reporters_of(model)
    for name in condition.names:
        if isinstance(statistic := source_of(name), AgentStatistic):
            if near := like_types(statistic.agent_type, model):
                raise ExperimentError(_unknown_in(what, condition, name, model, near))
            continue
        if name in reporters or hasattr(model, name):
            continue
        set_later = may_come(name, model)
        near = suggest(name, [*reporters, *attributes_of(model)])
        if set_later is False or (set_later is None and near):
            raise ExperimentError(_unknown_in(what, condition, name, model, near))


def _unknown_in(what: str, condition: Expression, name: str, model: Any, near: str) -> str:
    return f"{what} is '{condition.text}', but {type(model).__name__} has no '{name}'. {known_names(model)}{near}"


def _check_agents(agents: Any, model: Any) -> None:
    by_type: Mapping[str, Iterable[str]] = (
        {"Agent": agents} if isinstance(agents, tuple) else agents if isinstance(agents, Mapping) else {}
    )
    reporters = [name for names in agent_reporters_of(model).values() for name in names]
    known_types = {base.__name__ for kind in model.agent_types for base in kind.__mro__} - {"object"}
    for kind, names in by_type.items():
        if near := like_types(kind, model):
            raise OutcomeError(f"agents asks for '{kind}', but there are no such agents.{near}")
        members = [
            agent
            for agent in model.agents
            if kind == "Agent" or any(base.__name__ == kind for base in type(agent).__mro__)
        ]
        types = {type(agent): agent for agent in members}
        for name in names:
            if name in reporters or any(hasattr(agent, name) for agent in members):
                continue
            if name in known_types:
                raise OutcomeError(
                    f"agents asks for '{name}' of each agent, which is a type of agents. To measure something of these: "
                    f"{{'{name}': {_example(name, model)!r}}}."
                )
            if may_set(name, [*types, type(model)]):
                continue
            near = suggest(name, [*reporters, *(key for one in types.values() for key in attributes_of(one))])
            if near:
                raise OutcomeError(f"agents asks for '{name}', but no {kind} has it.{near}")


def _example(kind: str, model: Any) -> list[str]:
    """Some attributes of a type of agents, as they would be asked for."""
    found = [
        name
        for agent in model.agents
        if any(base.__name__ == kind for base in type(agent).__mro__)
        for name in attributes_of(agent)
        if name not in ("model", "unique_id", "pos")
    ]
    return list(dict.fromkeys(found))[:2] or ["unique_id"]
