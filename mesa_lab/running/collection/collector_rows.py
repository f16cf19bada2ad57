"""The rows that Mesa 3.5.1's `batch_run` makes of a run, from what the model's own DataCollector has recorded.

Values stay the objects that the reporters returned. How runs become a list of dicts is said in `running/batch_run.py`.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesa_lab.preparation.models.collectors import collectors_of
from mesa_lab.running.collection.adopted_collector import AdoptedCollector
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import RestartError
from mesa_lab.running.collection.recorder import Recorder
from mesa_lab.running.collection.reporters import AgentReporters

__all__ = ["CollectedStep", "CollectorRecorder", "collected_steps"]

type CollectedStep = tuple[Any, dict[str, Any], list[dict[str, Any]]]
"""A collected step: its number or time, the model reporters' values, and one dict for each reported agent."""

_RECORDS = ("model_vars", "_agent_records", "_agenttype_records")
_REPORTERS = ("model_reporters", "agent_reporters", "agenttype_reporters")


class CollectorRecorder(Recorder):
    """Lets the model's DataCollector record as it does under Mesa, and makes rows of its records after the run.

    A reporter that raises costs its cell and not the run. A model without such a collector is measured as in any other
    run.

    Args:
        plan: What is to be measured; its protocol has `rows`.
        is_final: See `Recorder`.
    """

    def __init__(self, plan: Plan, is_final: bool = False) -> None:
        super().__init__(plan, is_final)
        self._keeps_records = True
        self._has_records = False

    def begin(self, model: Any) -> None:
        """Look at a model that was just set up."""
        super().begin(model)
        self._has_records = has_records(model)
        if self._has_records:
            self._collects_for_model = self._is_waiting = self.measures_more = False

    def _collect(self, adopted: AdoptedCollector, model: Any, keeps_records: bool) -> None:
        if not keeps_records:
            super()._collect(adopted, model, keeps_records)
            return
        if not adopted.is_settled:  # a reporter was added since
            self._settle(collectors_of(model))
        self._is_waiting = False
        adopted.record(model)
        collector = adopted.collector
        if collector.agent_reporters or collector.agenttype_reporters:
            AgentReporters(collector, self._note_cell).record(collector, model)

    def _note_cell(self, reporter: str, error: Exception) -> None:
        self.notes.add(reporter, self.step, error)

    def close(self, model: Any, last: bool) -> None:
        """Complete a step.

        Raises:
            RestartError: The run has to be done again.
        """
        if not self._has_records:
            super().close(model, last)
        elif self.must_restart:
            raise RestartError

    def must_fail_again(self) -> bool:
        """Whether a run that failed has to be done again."""
        return self.must_restart if self._has_records else super().must_fail_again()

    def counted_steps(self, model: Any, step: int) -> int:
        """Steps as Mesa's `batch_run` counts them: those that the model counts, its set-up's included."""
        counted = getattr(model, "steps", step) if self._has_records else step
        return counted if isinstance(counted, int) else step

    def rows(self, model: Any, is_done: bool) -> list[CollectedStep] | None:
        """Return the collected steps of a run that came to its end, or of one that failed as far as it came.

        Args:
            model: The model after its last step, None when it could not be set up.
            is_done: The run came to its end.

        Returns:
            The steps; None when the model has no collector whose records can be read.
        """
        rule = self._protocol.rows
        if rule is None or not has_records(model):
            return None
        if not is_done:
            return [] if rule.period == -1 else list(collected_steps(model, rule.period))
        return list(collected_steps(model, rule.period))


def has_records(model: Any) -> bool:
    """Whether a model has a collector that reports something, and keeps records as Mesa's DataCollector does."""
    collector = getattr(model, "datacollector", None)
    if not all(hasattr(collector, name) for name in _RECORDS):
        return False
    return any(getattr(collector, name, True) for name in _REPORTERS)


def collected_steps(model: Any, period: int) -> Iterator[CollectedStep]:
    """Yield what the model's DataCollector has recorded, as Mesa 3.5.1's `batch_run` picks it.

    Args:
        model: A model after its run.
        period: Every so many collected steps from the first on; -1 for the last one alone.

    Yields:
        For each step its number or time, the model reporters' values by name, and a dict for each agent that was
        reported then: those of the agent reporters first, then those of the agent-type reporters.
    """
    collector = model.datacollector
    recorded: Sequence[Any] | None = getattr(collector, "_collection_steps", None)
    if recorded is None:
        for step in _steps_by_count(model, period):
            yield step, *_by_agent_records(collector, step)
        return
    if not recorded and not collector.model_vars:
        # Mesa counts collections by its model reporters, so that agents' data alone would be lost.
        recorded = list(dict.fromkeys([*collector._agent_records, *collector._agenttype_records]))
    for step in list(recorded[-1:] if period == -1 else recorded[::period]):
        place = bisect.bisect_right(recorded, step) - 1  # of several collections at one time, the last
        yield step, _values_at(collector.model_vars, max(place, 0)), _agents_at(collector, step)


def _steps_by_count(model: Any, period: int) -> list[int]:
    """The steps of a collector that does not know when it collected, as it was before Mesa 3.4."""
    steps = list(range(0, model.steps, period))
    if not steps or steps[-1] != model.steps - 1:
        steps.append(model.steps - 1)
    return steps


def _by_agent_records(collector: Any, step: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The values of a collector that does not know when it collected: found by the times of its agents' records."""
    known = sorted(collector._agent_records)
    if step not in known:
        step = max((each for each in known if each <= step), default=0)
    place = known.index(step) if step in known else 0
    return _values_at(collector.model_vars, place), _agents_at(collector, step)


def _values_at(recorded: Mapping[str, Sequence[Any]], place: int) -> dict[str, Any]:
    return {name: values[place] if place < len(values) else None for name, values in recorded.items()}


def _agents_at(collector: Any, step: Any) -> list[dict[str, Any]]:
    found = [
        {"AgentID": number, **dict(zip(collector.agent_reporters, values, strict=False))}
        for _, number, *values in collector._agent_records.get(step, ())
    ]
    for kind, records in collector._agenttype_records.get(step, {}).items():
        names = collector.agenttype_reporters[kind]
        found += [
            {"AgentID": number, **dict(zip(names, values, strict=False))} for _, number, *values in records
        ]
    return found
