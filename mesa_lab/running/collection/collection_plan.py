"""What all runs of one protocol share, worked out once in each process."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.outcome_values import function_of, load_function
from mesa_lab.running.collection.side_effects import is_quiet, traits_of

__all__ = ["Plan", "StopRule"]

type StopRule = Callable[[Callable[[str], Any], Any], bool]


class Plan:
    """What all runs of one protocol share, and what was learned about the model on the way.

    Args:
        model_cls: The model's class.
        protocol: How runs are stopped and measured.

    Attributes:
        traits: What the model's code says about itself.
        complete: Collect all that Mesa would, every time.
        draws: The model draws from the global generators of `random` and `numpy.random`, so that they need be
            seeded for each run; None until a first run has shown it. Assumed where that cannot be found out.
        unforeseen: A run may end at any step, so each step is measured as if it were the last.
        limit: Steps after which every run ends.
        stop: The condition that ends a run, as a function of the names' values and the model.
        is_simple: A row for each collection and nothing else, as far as the protocol goes.
        sources: The reporter behind each outcome, once a run has shown that these are all that there is to be recorded,
            by a collector that the model calls; see `simple_runs`.
        own: The outcomes that were asked for, each with a function of the model in case that it is no reporter.

    Raises:
        OutcomeError: If a function that is named by a reference cannot be found.
    """

    def __init__(self, model_cls: Any, protocol: Protocol) -> None:
        self.model_cls = model_cls
        self.protocol = protocol
        self.traits = traits_of(model_cls)
        self.complete = self.traits.reads_records
        # A run with a time limit is not to be done twice for want of seeds: its limit may be counted over both.
        certain = self.traits.handles_generators or protocol.timeout is not None
        self.draws: bool | None = True if certain else None
        self.unforeseen = (
            protocol.period == 1
            or self.traits.stops_itself
            or protocol.max_steps is None
            or protocol.max_time is not None
            or protocol.stop_when is not None
        )
        self.limit = math.inf if protocol.max_steps is None else protocol.max_steps
        self.own = {outcome.name: (outcome, function_of(outcome)) for outcome in protocol.outcomes or ()}
        self.stop = _stop_rule(protocol.stop_when)
        self.is_simple = protocol.period == 1 and protocol.agents is False and self.stop is None
        self.sources: dict[str, str] | None = None
        self._quiet: dict[tuple[Any, ...], bool] = {}
        self._latest_key: tuple[Any, ...] | None = None

    def is_quiet(self, collector: Any) -> bool:
        """Whether this collector's reporters may be left out without a trace."""
        key = tuple([_key(reporter) for reporter in collector.model_reporters.values()])
        if collector.agent_reporters or collector.agenttype_reporters:
            key += tuple(map(_key, _of_agents(collector)))
        if key == self._latest_key:  # which code answers at once for itself, but is slow to be hashed
            return True
        quiet = self._quiet.get(key)
        if quiet is None:
            reporters = [*collector.model_reporters.values(), *_of_agents(collector)]
            quiet = is_quiet(reporters, self.model_cls)
            if None not in key:
                self._quiet[key] = quiet
        if quiet and None not in key:
            self._latest_key = key
        return quiet


def _of_agents(collector: Any) -> list[Any]:
    special = collector.agenttype_reporters.values()
    return [
        *collector.agent_reporters.values(),
        *(each for reporters in special for each in reporters.values()),
    ]


def _key(reporter: Any) -> Any:
    """What two models' reporters have in common if they do the same; None when that is not plain to see."""
    if type(reporter) is FunctionType and reporter.__closure__ is None:
        return reporter.__code__
    if isinstance(reporter, str):
        return reporter
    function = getattr(reporter, "__func__", reporter)
    if type(function) is not FunctionType:
        return None
    if function.__closure__ is None:
        return function.__code__
    if function.__module__ == "mesa.datacollection":  # an attribute's name, or a function with arguments
        held = tuple(cell.cell_contents for cell in function.__closure__)
        return held if all(isinstance(part, str) for part in held) else None
    return None


def _stop_rule(stop_when: Any) -> StopRule | None:
    if stop_when is None:
        return None
    if isinstance(stop_when, str) and not Outcome("stop_when", stop_when).is_reference:
        expression = compile_expression(stop_when)
        return lambda value_of, model: bool(
            expression.evaluate({name: value_of(name) for name in expression.names})
        )
    function = load_function(stop_when) if isinstance(stop_when, str) else stop_when
    return lambda value_of, model: bool(function(model))
