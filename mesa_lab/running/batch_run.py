"""batch_run: the arguments and the rows of Mesa 3.5.1's function of that name.

Rows are made of what the model's own DataCollector has recorded (`collection/collector_rows`), so they hold the objects that
its reporters returned. With one process runs are carried out in this one, as Mesa does it. What differs from Mesa's, and
why, is listed in docs/batch_run.md.
"""

from __future__ import annotations

import inspect
import itertools
import secrets
import warnings
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mesa_lab.errors import ExperimentError, ParameterError
from mesa_lab.formatting import plural
from mesa_lab.preparation.models import check_parameters, describe, load_model
from mesa_lab.preparation.models.signatures import SEED_KEYWORDS, plan_of, seed_keywords_of
from mesa_lab.preparation.run_configuration import CollectorRows, Protocol
from mesa_lab.preparation.settings import BATCH_WORDS, check_whole, explain_keywords
from mesa_lab.running.batch_runner import decode_batch
from mesa_lab.running.interruption import Interruption
from mesa_lab.running.progress_bar import Progress, check_progress
from mesa_lab.running.worker_settings import check_number_processes
from mesa_lab.study.records import Batch, FailureRecord, Task

__all__ = ["BatchRows", "batch_run"]

type Row = dict[str, Any]

_NOTHING_COLLECTED = "the model's DataCollector was never asked to collect, so there are no rows"


class BatchRows(list[Row]):
    """The rows of `batch_run`: a list of dicts, and what its columns do not hold.

    Attributes:
        seeds: The seed of each run by its RunId, also where none was given: `rng=[rows.seeds[3]]` repeats run 3.
        failures: One record for each run that failed.
        notes: What should be known about some runs, such as cells that could not be measured, with their RunIds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seeds: dict[int, Any] = {}
        self.failures: list[FailureRecord] = []
        self.notes: dict[str, list[int]] = {}


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: its task, and the columns of its rows that are known before."""

    task: Task
    head: Row
    told: Row
    seed: Any


@explain_keywords("batch_run", BATCH_WORDS)
def batch_run(
    model_cls: type | str,
    parameters: Mapping[str, Any],
    number_processes: int | None = 1,
    iterations: int | None = None,
    data_collection_period: int = -1,
    max_steps: int = 1000,
    display_progress: bool = True,
    rng: Any = None,
) -> BatchRows:
    """Run a model at all combinations of parameter values, with the arguments and rows of Mesa 3.5.1's `batch_run`.

    Every model runs, also under Mesa 4, which has no `batch_run`. A run that raises costs its own rows and a warning, not
    all of them, and a reporter that raises costs its cell. Nothing process-wide is set, so it works from notebooks and
    unguarded scripts.

    Args:
        model_cls: The model class, or the text that finds one.
        parameters: Values by name: one value, or an iterable of them (text counts as one value).
        number_processes: Worker processes; 1 for this process itself, None for one on each core.
        iterations: How many runs of each combination, with seeds of their own. Deprecated by Mesa: `rng=[None] * 5` says
            the same. Not together with `rng`.
        data_collection_period: Every so many collections, from the first on; -1 for the last one only.
        max_steps: Stop a run after so many steps.
        display_progress: Show what is done, what failed, and the time left.
        rng: A seed, or an iterable of seeds: one run of each combination for each.

    Returns:
        A list with one dict for each run, collection and (where the model reports agents) agent: RunId, iteration, Step, the
        parameters, the seed under its keyword (`seed` or `rng`) as it was given, the model's reporters, AgentID, the agents'
        reporters. Its attribute `seeds` has the seed of each run, `failures` what went wrong.

    Raises:
        ModelError: If the model cannot be found.
        ParameterError: If the model does not take a parameter, or one has no values.
        ExperimentError: If `iterations` and `rng` are both given, or a number is out of range.

    Example:
        >>> from mesa.examples import Schelling
        >>> rows = batch_run(Schelling, {"density": [0.6, 0.8]}, rng=[1, 2], max_steps=5, display_progress=False)
        >>> len({row["RunId"] for row in rows})
        4
    """
    if iterations is not None and rng is not None:
        raise ExperimentError("Give iterations or rng, not both. rng lists one seed for each iteration.")
    if data_collection_period != -1:
        data_collection_period = check_whole(
            "data_collection_period", data_collection_period, least=1, hint=" Write -1 for the last step."
        )
    processes = check_number_processes(number_processes)
    show = check_progress(display_progress, "display_progress")
    max_steps = check_whole("max_steps", max_steps, least=0)
    if not isinstance(parameters, Mapping):
        raise ExperimentError(
            f"parameters is {parameters!r:.80}. Give a dict from each parameter to its value or values: "
            '{"density": [0.6, 0.8], "width": 20}.'
        )
    model = load_model(model_cls)
    plan = plan_of(model)
    whole = plan.scenario_keyword if plan.scenario_class and not plan.is_mesa_scenario else ""
    check_parameters(model, [name for name in parameters if name not in (*SEED_KEYWORDS, whole)])
    given = _given_seeds(rng, iterations)
    if iterations is not None:
        warnings.warn(
            f"The `iterations` argument of batch_run is deprecated, as in Mesa: use `rng` instead (rng=[None] * {iterations} is "
            "the same, and rng=[1, 2, 3] can be repeated).",
            DeprecationWarning,
            stacklevel=3,  # the caller of batch_run, which is wrapped
        )
    protocol, runs = _runs(model, parameters, given, rng, max_steps, data_collection_period)
    rows = _carry_out(protocol, runs, processes, show)
    if not rows and not rows.failures and not _asks_to_collect(model):
        # It has a collector and no use for it: measured as a model without one.
        protocol = replace(protocol, rows=replace(_rule(protocol), from_records=False))
        rows = _carry_out(protocol, runs, processes, show)
    else:
        _tell(rows, len(runs))
    return rows


def _rule(protocol: Protocol) -> CollectorRows:
    assert protocol.rows is not None
    return protocol.rows


def _runs(
    model: type[Any],
    parameters: Mapping[str, Any],
    given: list[Any],
    rng: Any,
    max_steps: int,
    period: int,
) -> tuple[Protocol, list[_Run]]:
    """Return all runs in Mesa's order: for each seed every combination of values."""
    plan = plan_of(model)
    swept = [name for name in parameters if name in SEED_KEYWORDS]
    if len(swept) > 1 or (swept and rng is not None):
        ways = [f"parameters['{name}']" for name in swept] + ["rng"] * (rng is not None)
        raise ExperimentError(
            f"The seeds are given twice, by {' and '.join(ways)}. Give them once: rng=[1, 2, 3]."
        )
    keyword = _seed_keyword(model)
    by_field = plan.is_mesa_scenario or (plan.scenario_class and plan.scenario_keyword not in parameters)
    takes_more = by_field or plan.positional or plan.simulators
    as_given = not takes_more and {keyword, *swept} <= seed_keywords_of(model)
    combinations = [
        dict(zip(parameters, values, strict=True))
        for values in itertools.product(*(_values(name, value) for name, value in parameters.items()))
    ]
    runs: list[_Run] = []
    for iteration, from_rng in enumerate(given):
        for point, combination in enumerate(combinations):
            told = dict(combination)
            if not swept:
                told[keyword] = from_rng
            elif as_given:  # Mesa passes a seed of None beside it
                told.setdefault(keyword, None)
            holder = swept[0] if swept else keyword
            number = _number(told[holder])
            seed = number if told[holder] is None or isinstance(told[holder], np.integer) else told[holder]
            if as_given:
                own = {**told, holder: seed}
            else:
                own = {name: value for name, value in told.items() if name not in SEED_KEYWORDS}
            task = Task(len(runs), point, iteration, number, own)
            runs.append(_Run(task, {"RunId": len(runs), "iteration": iteration}, told, seed))
    rule = CollectorRows(period, bool(as_given))
    # The period is for models without a collector; the rows of all others are made of its records.
    return Protocol(model, max_steps=max_steps, period=-1 if period == -1 else 1, rows=rule), runs


def _carry_out(protocol: Protocol, runs: list[_Run], processes: int | None, show: bool | str) -> BatchRows:
    """Carry out all runs."""
    from mesa_lab.running.stream import stream

    found: dict[int, list[Row]] = {}
    rows = BatchRows()
    rows.seeds = {run.task.run_id: run.seed for run in runs}
    where: dict[str, Any] = {"backend": "sequential"} if processes == 1 else {"n_jobs": processes or -1}

    def tell(topic: str, text: str) -> None:
        rows.notes.setdefault(text, [])

    with Interruption(), Progress(len(runs), show=show) as progress:
        for batch in stream(protocol, (run.task for run in runs), tell=tell, **where):
            rows.failures += batch.failures
            for record, collected in zip(batch.runs, _collected(batch, protocol), strict=True):
                run = runs[record.run_id]
                found[record.run_id] = [
                    {**run.head, "Step": step, **run.told, **values, **agent}
                    for step, values, agents in collected
                    for agent in agents or ({},)
                ]
                lines = record.notes.splitlines()
                if record.status == "done" and not collected:
                    lines.append(_NOTHING_COLLECTED)
                for line in lines:
                    rows.notes.setdefault(line, []).append(record.run_id)
            progress.update(len(found), len(rows.failures))
    for run_id in sorted(found):
        rows += found[run_id]
    rows.failures.sort(key=lambda failure: failure.run_id)
    return rows


def _collected(batch: Batch, protocol: Protocol) -> Iterator[list[tuple[Any, Row, list[Row]]]]:
    """Yield what was collected in each run of a batch: by the model's collector, or in place of one."""
    from mesa_lab.running.workers.objects import unpack_rows

    period = _rule(protocol).period
    measured = {run_id: steps for run_id, _, steps in decode_batch(batch)}
    by_run = unpack_rows(batch.rows) if batch.rows is not None else [None] * len(batch.runs)
    for record, recorded in zip(batch.runs, by_run, strict=True):
        if recorded is not None:
            yield recorded
        else:
            steps = measured.get(record.run_id, [])
            yield [(step, values, []) for step, values in (steps if period == -1 else steps[::period])]


def _asks_to_collect(model: type[Any]) -> bool:
    """Whether the code of a model names its collector's `collect`."""
    for kind in model.__mro__:
        try:
            if kind.__module__ not in ("mesa.model", "builtins") and ".collect(" in inspect.getsource(kind):
                return True
        except (OSError, TypeError):  # there is no source
            continue
    return False


def _tell(rows: BatchRows, count: int) -> None:
    """Warn the caller of batch_run of what failed and what is missing; where Mesa has the same rows nothing is said."""
    if rows.failures:
        first = rows.failures[0]
        warnings.warn(
            f"{len(rows.failures)} of {count} runs failed; the first is run {first.run_id}: "
            f"{first.error_type}: {first.message}",
            RuntimeWarning,
            stacklevel=4,
        )
    for line, run_ids in rows.notes.items():
        if line == _NOTHING_COLLECTED:
            continue
        where = (
            f"In {plural(len(run_ids), 'run')} of {count:,}, first in run {min(run_ids)}: " if run_ids else ""
        )
        warnings.warn(f"{where}{line}", RuntimeWarning, stacklevel=4)


def _seed_keyword(model: type[Any]) -> str:
    """The keyword under which Mesa passes the seed, which is also its column."""
    if "seed" in inspect.signature(model).parameters or describe(model).seed_keyword == "seed":
        return "seed"
    return "rng"


def _values(name: str, value: Any) -> list[Any]:
    """The values of one parameter, by the rules of Mesa 3: text is one value, anything else iterable is several."""
    if isinstance(value, str | bytes | Mapping):
        return [value]
    try:
        values = list(value)
    except TypeError:
        return [value]
    if not values:
        raise ParameterError(f"The parameter '{name}' has no values: {value!r}. Give at least one.")
    return values


def _given_seeds(rng: Any, iterations: int | None) -> list[Any]:
    """One seed for each iteration, as it was given; None for one that is to be drawn."""
    if rng is None:
        return [None] * (check_whole("iterations", iterations, least=1, optional=True) or 1)
    several = list(rng) if isinstance(rng, Iterable) else [rng]
    if not several:
        raise ExperimentError("rng is empty. Give one seed for each run of a combination, or leave it out.")
    return several


def _number(seed: Any) -> int:
    """One plain integer for whatever numpy takes as a seed, for the global generators; an integer is itself."""
    if seed is None:
        return secrets.randbits(63)
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool) and 0 <= seed < 2**63:
        return int(seed)
    generator = getattr(seed, "bit_generator", seed)
    if isinstance(generator, np.random.BitGenerator):  # which must not be drawn from before the model does
        return zlib.crc32(repr(generator.state).encode())
    try:
        return int(np.random.default_rng(seed).integers(2**63))
    except (TypeError, ValueError):
        raise ExperimentError(
            f"rng holds {seed!r}, which is no seed. Give whole numbers of at least 0."
        ) from None
