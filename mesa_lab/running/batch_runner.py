"""BatchRunner: runs any list of run configurations, for those who want a list of dicts and no file.

Everything is kept in memory: for more than a laptop's worth of runs, or for results that survive, use `mesa_lab.run`.
`batch_run`, which has the arguments and rows of Mesa's, is a module of its own.
"""

from __future__ import annotations

import itertools
import json
import secrets
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.models import check_parameters, load_model
from mesa_lab.preparation.run_configuration import Protocol, RunConfiguration
from mesa_lab.preparation.settings import BATCH_WORDS, explain_keywords
from mesa_lab.running.collection.arrow_columns import decode_table
from mesa_lab.running.interruption import Interruption
from mesa_lab.running.progress_bar import Progress, check_progress
from mesa_lab.running.worker_settings import check_number_processes
from mesa_lab.study.records import Batch, FailureRecord, RunRecord, Task

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BatchRunner", "decode_batch"]

type Row = dict[str, Any]


class BatchRunner:
    """Runs configurations and gives their results as a list of dicts.

    Args:
        configurations: What to run; they may be of different models.
        number_processes: Worker processes; None for one on each core.
        display_progress: Show what is done, what failed, and the time left.

    Attributes:
        failures: After `run_all`, one record for each run that failed or timed out.

    Example:
        >>> import mesa_lab as ml
        >>> runs = ml.full_factorial("mesa.examples:Schelling", {"density": [0.6, 0.8]}, max_steps=3, seed=1)
        >>> rows = BatchRunner(runs, display_progress=False).run_all()
        >>> [(row["RunId"], row["Step"], row["density"]) for row in rows][:2]
        [(0, 0.0, 0.6), (0, 1.0, 0.6)]
    """

    @explain_keywords("BatchRunner", BATCH_WORDS)
    def __init__(
        self,
        configurations: Sequence[RunConfiguration],
        number_processes: int | None = 1,
        display_progress: bool = True,
    ) -> None:
        self.configurations = _listed(configurations)
        self.number_processes = check_number_processes(number_processes)
        self.display_progress = check_progress(display_progress, "display_progress")
        self.failures: list[FailureRecord] = []
        self._notices: dict[str, str] = {}

    def __repr__(self) -> str:
        return (
            f"<BatchRunner of {len(self.configurations):,} run configurations, {len(self.failures):,} failed>"
        )

    def run_all(self) -> list[Row]:
        """Run all configurations.

        Returns:
            One row per run and collected step, in the order of the configurations: RunId, iteration, Step (the model's
            time), seed, the parameters, the outcomes. When agent data were asked for, one row per agent instead, with
            AgentID and the agents' values. A failed run has the rows up to its failure; `failures` says which they are.

        Raises:
            ModelError: If a model cannot be found.
            ParameterError: If a model does not take a parameter.
        """
        rows: dict[int, list[Row]] = {}
        for place, record, collected in self._results():
            configuration = self.configurations[place]
            head = {"RunId": configuration.run_id, "iteration": configuration.iteration}
            told = {"seed": record.seed, **configuration.parameters}
            rows[place] = [{**head, "Step": step, **told, **values} for step, values in collected]
        self._tell_failures()
        return [row for place in sorted(rows) for row in rows[place]]

    def _results(self) -> Iterator[tuple[int, RunRecord, list[tuple[float, Row]]]]:
        """Yield for each run its place in the list, its record, and what was collected at each step."""
        from mesa_lab.running.stream import stream

        self.failures, self._notices = [], {}
        for protocol in _distinct(configuration.protocol for configuration in self.configurations):
            model_cls = load_model(protocol.model)
            for configuration in self.configurations:
                if configuration.protocol == protocol:
                    check_parameters(model_cls, configuration.parameters)
        n_jobs = -1 if self.number_processes is None else self.number_processes
        with Interruption(), Progress(len(self.configurations), show=self.display_progress) as progress:
            places = range(len(self.configurations))
            finished = 0
            for protocol, group in itertools.groupby(
                places, key=lambda place: self.configurations[place].protocol
            ):
                tasks = (self._task(place) for place in group)
                for batch in stream(protocol, tasks, n_jobs=n_jobs, tell=self._notices.__setitem__):
                    self.failures += [
                        failure._replace(run_id=self.configurations[failure.run_id].run_id)
                        for failure in batch.failures
                    ]
                    finished += len(batch.runs)
                    progress.update(finished, len(self.failures))
                    yield from decode_batch(batch)

    def _task(self, place: int) -> Task:
        configuration = self.configurations[place]
        return Task(
            run_id=place,
            point=configuration.point,
            replication=configuration.iteration,
            seed=configuration.seed if configuration.seed is not None else secrets.randbits(63),
            parameters=configuration.parameters,
        )

    def _tell_failures(self, stacklevel: int = 3) -> None:
        for notice in self._notices.values():
            warnings.warn(notice, stacklevel=stacklevel)
        if not self.failures:
            return
        first = self.failures[0]
        warnings.warn(
            f"{len(self.failures)} of {len(self.configurations)} runs failed; the first is run {first.run_id}: "
            f"{first.error_type}: {first.message}",
            RuntimeWarning,
            stacklevel=stacklevel,
        )


def _listed(configurations: Any) -> list[RunConfiguration]:
    if isinstance(configurations, RunConfiguration):
        return [configurations]
    if hasattr(configurations, "configurations"):
        raise ExperimentError(
            "BatchRunner takes run configurations, not an experiment. Give those of the experiment: "
            "BatchRunner(experiment.configurations()); or run the experiment: run(experiment)."
        )
    listed = list(configurations) if isinstance(configurations, Iterable) else [configurations]
    for configuration in listed:
        if not isinstance(configuration, RunConfiguration):
            raise ExperimentError(
                f"BatchRunner takes run configurations, not {configuration!r:.80}. "
                "full_factorial, manual and the other designs make them."
            )
    return listed


def _distinct(protocols: Iterable[Protocol]) -> list[Protocol]:
    distinct: list[Protocol] = []
    for protocol in protocols:
        if not any(protocol is known or protocol == known for known in distinct[-1:]):
            distinct.append(replace(protocol))
    return distinct


def decode_batch(batch: Batch) -> Iterator[tuple[int, RunRecord, list[tuple[float, Row]]]]:
    """Take a batch apart: for each run, what was collected at each step, one row for each agent where there are any."""
    series: dict[int, list[tuple[int, float, Row]]] = {}
    if batch.series is not None:
        for (run_id, step, time), values in _rows(decode_table(batch.series), keys=3):
            series.setdefault(run_id, []).append((step, time, values))
    agents: dict[tuple[int, int], list[Row]] = {}
    for agent_type, data in batch.agents.items():
        for (run_id, step, agent_id, *_), values in _rows(decode_table(data), keys=3 if agent_type else 4):
            agents.setdefault((run_id, step), []).append({"AgentID": agent_id, **values})
    for record, finals in zip(batch.runs, batch.finals, strict=True):
        if batch.series is not None:
            collected = series.get(record.run_id, [])
        elif record.status == "done":
            values = {name: _unpack(value) for name, value in zip(batch.outcome_names, finals, strict=True)}
            collected = [(record.steps, record.steps if record.time is None else record.time, values)]
        else:
            collected = []
        rows: list[tuple[float, Row]] = []
        for step, time, values in collected:
            of_agents = agents.get((record.run_id, step), [])
            when = step if time is None else time
            rows += [(when, {**values, **agent}) for agent in of_agents] or [(when, values)]
        yield record.run_id, record, rows


def _rows(table: pa.Table, keys: int) -> Iterator[tuple[tuple[Any, ...], Row]]:
    """Yield the first columns of each row as a tuple, the others as a dict: an outcome may be called "step", too."""
    columns = [column.to_pylist() for column in table.columns]
    names = table.column_names[keys:]
    for row in zip(*columns, strict=True):
        yield row[:keys], {name: _unpack(value) for name, value in zip(names, row[keys:], strict=True)}


def _unpack(value: Any) -> Any:
    """Lists and dicts travel as JSON text; here they are Python's again."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
