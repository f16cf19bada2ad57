"""What a model says to an experiment before anything runs: its parameters, outcomes, agents and stop rule by name.

One model is built, at the first point, and never stepped. A name is refused only when it cannot be a
later one: agents may be born and attributes set while a run is under way. How a name is evaluated is
the business of running.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ExperimentError, MesaLabError, OutcomeError, ParameterError, suggest
from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.models import build, check_parameters, load_model
from mesa_lab.preparation.models.signatures import plan_of
from mesa_lab.preparation.outcomes import Outcome

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["check"]


def check(experiment: Experiment) -> None:
    """See that everything the experiment names is there; `Experiment.check` says what is raised."""
    model_cls = load_model(experiment.model)
    _check_parameters(experiment, model_cls)
    _check_fixed(experiment, model_cls)
    protocol = experiment.protocol
    if not (protocol.outcomes or protocol.agents or isinstance(protocol.stop_when, str)):
        return
    try:
        model = build(model_cls, next(experiment.points()), seed=0)
    except MesaLabError:
        raise
    except Exception:
        return  # a point at which set-up fails is a failed run, and says so there
    for outcome in protocol.outcomes or ():
        _check_outcome(outcome, model)
    if isinstance(protocol.stop_when, str):
        _check_stop_rule(protocol.stop_when, model)
    _check_agents(protocol.agents, model)


def _check_parameters(experiment: Experiment, model_cls: type[Any]) -> None:
    for name in dict.fromkeys([*experiment.parameters, *experiment.design_matrix().columns]):
        try:
            check_parameters(model_cls, [name])
        except ParameterError as error:
            if name not in {each.name for each in dataclasses.fields(experiment)}:
                raise
            raise ParameterError(
                f"{error} If you mean the experiment's own {name}: in a file it stands above [parameters]."
            ) from None


def _check_fixed(experiment: Experiment, model_cls: type[Any]) -> None:
    """Tell who writes levels as a tuple, as other tools take them, that a tuple is one value here."""
    defaults = {slot.name: slot.default for slot in plan_of(model_cls).slots}
    for name, value in experiment.space.fixed.items():
        if isinstance(value, tuple) and isinstance(defaults.get(name), int | float | str):
            raise ParameterError(
                f"Parameter '{name}' is the tuple {value!r}, which holds it fixed at that one value. "
                f"Levels are a list, {list(value)!r}; a range is Real(low, high) or Integer(low, high)."
            )


def _check_reference(what: str, reference: str) -> None:
    """Functions without a name of their own leave one in a file that leads nowhere."""
    if "<lambda>" in reference or "<locals>" in reference:
        raise OutcomeError(
            f"{what} was a function that only the program which made it knows ('{reference}'). Give it again, as in "
            f"experiment.replace(...), or write it in a module and name it: 'module:function'."
        )


def _check_outcome(outcome: Outcome, model: Any) -> None:
    if callable(outcome.source):
        return
    if outcome.is_reference:
        _check_reference(f"Outcome '{outcome.name}'", outcome.source)
        return
    if (statistic := outcome.statistic) is not None:
        near = _near_type(statistic.agent_type, model)
        if near:
            raise OutcomeError(
                f"Outcome '{outcome.source}' counts no agents: there is no '{statistic.agent_type}'.{near}"
            )
        return
    reporters = _reporters(model)
    if outcome.source in reporters or hasattr(model, outcome.source):
        return
    known = ", ".join(reporters) if reporters else "no model reporters; its attributes can be measured too"
    raise OutcomeError(
        f"Unknown outcome '{outcome.source}'. {type(model).__name__} reports: {known}."
        f"{suggest(outcome.source, [*reporters, *_attributes(model)])}"
    )


def _check_stop_rule(stop_when: str, model: Any) -> None:
    if Outcome("stop_when", stop_when).is_reference:
        _check_reference("stop_when", stop_when)
        return
    reporters = _reporters(model)
    for name in compile_expression(stop_when).names:
        if (statistic := Outcome("stop_when", name).statistic) is not None:
            near = _near_type(statistic.agent_type, model)
        elif name in reporters or hasattr(model, name) or _mentioned(name, [type(model)]):
            continue
        else:
            near = suggest(name, [*reporters, *_attributes(model)])
        if near:
            raise ExperimentError(
                f"stop_when is '{stop_when}', but {type(model).__name__} has no '{name}'.{near}"
            )


def _check_agents(agents: Any, model: Any) -> None:
    by_type: Mapping[str, Iterable[str]] = (
        {"Agent": agents} if isinstance(agents, tuple) else agents if isinstance(agents, Mapping) else {}
    )
    collector = getattr(model, "datacollector", None)
    reporters = [
        *(getattr(collector, "agent_reporters", None) or ()),
        *(
            name
            for own in (getattr(collector, "agenttype_reporters", None) or {}).values()
            for name in own or ()
        ),
    ]
    for kind, names in by_type.items():
        if near := _near_type(kind, model):
            raise OutcomeError(f"agents asks for '{kind}', but there are no such agents.{near}")
        members = [
            agent
            for agent in model.agents
            if kind == "Agent" or any(base.__name__ == kind for base in type(agent).__mro__)
        ]
        types = {type(agent): agent for agent in members}
        for name in names:
            if name in reporters or any(hasattr(agent, name) for agent in members) or _mentioned(name, types):
                continue
            near = suggest(name, [*reporters, *(key for one in types.values() for key in _attributes(one))])
            if near:
                raise OutcomeError(f"agents asks for '{name}', but no {kind} has it.{near}")


def _near_type(name: str, model: Any) -> str:
    """A sentence when there are no agents of this type but some of a like name, else nothing: they may be born yet."""
    kinds = {base.__name__ for kind in model.agent_types for base in kind.__mro__}
    return "" if name in kinds else suggest(name, {kind.__name__ for kind in model.agent_types})


def _reporters(model: Any) -> list[str]:
    return list(getattr(getattr(model, "datacollector", None), "model_reporters", None) or ())


def _attributes(thing: Any) -> list[str]:
    return [name for name in getattr(thing, "__dict__", ()) if not name.startswith("_")]


def _mentioned(name: str, classes: Iterable[type]) -> bool:
    """Whether a method of these classes names it, and so may set it while a run is under way."""
    return any(
        name in getattr(getattr(member, "__code__", None), "co_names", ())
        for own in classes
        for base in own.__mro__
        for member in vars(base).values()
    )
