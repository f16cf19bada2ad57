"""What all runs of one protocol share, worked out once in each process."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.models import load_enums
from mesa_lab.preparation.outcome_kinds.function import is_reference, load_function
from mesa_lab.preparation.outcome_kinds.reported_entry import Member
from mesa_lab.preparation.outcomes import Outcome
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.outcome_values import Measure
from mesa_lab.study.records import CodeRecord

__all__ = ["Plan", "StopRule"]

type StopRule = Callable[[Callable[[str], Any], Any], bool]


class Plan:
    """What all runs of one protocol share, and what was learned about the model on the way.

    Args:
        model_cls: The model's class.
        protocol: How runs are stopped and measured.
        code: What code the runs are of, None where that is not known.

    Attributes:
        reads_records: The model reads back what its collector recorded, so records are kept. Learned: a run that finds it
            out is done again.
        collects: Whether the model collects by itself, though not while it is set up. None until it is known: then the first
            step tells. Learned in the same way, in both directions.
        late: What a collector reports that the model makes after it was set up; empty until such a one is met.
        limit: Steps after which every run ends.
        stop: The condition that ends a run, as a function of the names' values and the model.
        enums: The Enums of parameters that are members of one: the study has their names.
        own: The outcomes that were asked for, each with a function of the model in case that it is no reporter.

    Raises:
        OutcomeError: If a function that is named by a reference cannot be found.
    """

    def __init__(self, model_cls: Any, protocol: Protocol, code: CodeRecord | None = None) -> None:
        self.model_cls = model_cls
        self.protocol = protocol
        self.code = code
        self.reads_records = False
        self.collects: bool | None = None
        self.late: frozenset[str] = frozenset()
        self.limit = math.inf if protocol.max_steps is None else protocol.max_steps
        self.own = {outcome.name: (outcome, outcome.parsed.function()) for outcome in protocol.outcomes or ()}
        self.stop = _stop_rule(protocol.stop_when)
        self.enums = load_enums(protocol.enums, protocol.model)

    def sources(
        self, reported: Mapping[str, tuple[str, str]], fields: Iterable[str], waits_for_late: bool
    ) -> tuple[
        dict[str, tuple[str, str]], dict[tuple[str, str], list[Outcome]], dict[str, tuple[Outcome, Measure]]
    ]:
        """Tell where each outcome comes from.

        Args:
            reported: What the model's collectors report, each with the collector's name and the reporter's.
            fields: Fields of its data sets that no collector reports.
            waits_for_late: The collector that reports what is in `late` is still to be made.

        Returns:
            The outcomes that are reporters, as in `reported`; by reporter those that are entries of what one gives; and the
            others, each with a function of the model.
        """
        if self.protocol.outcomes is None:
            data = [Outcome(field, field) for field in fields]
            return dict(reported), {}, {each.name: (each, each.parsed.function()) for each in data}
        asked: dict[str, tuple[str, str]] = {}
        entries: dict[tuple[str, str], list[Outcome]] = {}
        others: dict[str, tuple[Outcome, Measure]] = {}
        for name, (outcome, measure) in self.own.items():
            if outcome.over_time is not None and outcome.over_time.condition is not None:
                continue
            source = outcome.source.strip() if isinstance(outcome.source, str) else ""
            base = outcome.parsed.base if isinstance(outcome.parsed, Member) else source
            if source in reported and not outcome.is_spread:
                asked[name] = reported[source]
            elif base in reported:
                entries.setdefault(reported[base], []).append(outcome)
            elif not waits_for_late or base not in self.late:
                others[name] = outcome, measure
        return asked, entries, others


def _stop_rule(stop_when: Any) -> StopRule | None:
    if stop_when is None:
        return None
    if isinstance(stop_when, str) and not is_reference(stop_when):
        expression = compile_expression(stop_when)
        return lambda value_of, model: bool(
            expression.evaluate({name: value_of(name) for name in expression.names})
        )
    function = load_function(stop_when) if isinstance(stop_when, str) else stop_when
    return lambda value_of, model: bool(function(model))
