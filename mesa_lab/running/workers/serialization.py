"""What travels between a driver and its workers: the model on the way there, the results on the way back.

Results are encoded once for a whole batch. A model goes as the reference by which a worker can find it; one that is
defined in a script, a notebook or a module that only this process knows goes as code.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from mesa_lab.errors import RunError
from mesa_lab.preparation.code_permission import elsewhere_of
from mesa_lab.preparation.models import importable, load_enums, load_model, reference_of
from mesa_lab.preparation.models.files import left_behind
from mesa_lab.preparation.outcome_kinds.function import is_reference, load_function
from mesa_lab.preparation.parameters.value_keys import FrozenDict
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.arrow_columns import agent_columns, encode_columns
from mesa_lab.running.simulation.failure import failure_from
from mesa_lab.running.simulation.simulate import Run
from mesa_lab.running.workers.model_code import model_code, things_of
from mesa_lab.study.records import TABLE, Batch, Cell, CodeRecord, FailureRecord, FormRecord, RunRecord

__all__ = ["Payload", "dump_with_code", "encode", "encode_each", "pack"]


def encode(runs: Sequence[Run], code: CodeRecord | None = None) -> Batch:
    """Encode runs as one batch: one Arrow stream for all their series, one for each agent table."""
    names = tuple(dict.fromkeys(name for run in runs for name in (*run.columns, *run.finals)))
    columns: dict[str, list[Cell]] = {name: [] for name in names}
    run_ids: list[int] = []
    steps: list[int] = []
    times: list[float | None] = []
    for run in runs:
        count = len(run.row_steps)
        run_ids += [run.task.run_id] * count
        steps += run.row_steps
        times += run.row_times
        for name, column in columns.items():
            column += run.columns.get(name) or [None] * count
    agents: dict[str, bytes] = {}
    for key in dict.fromkeys(key for run in runs for key, chunks in run.agents.items() if chunks):
        tables = [(run.task.run_id, run.agents[key]) for run in runs if run.agents.get(key)]
        agents[key] = encode_columns(agent_columns(tables))
    for name in dict.fromkeys(name for run in runs for name in run.tables):
        agents[f"{TABLE}{name}"] = _encoded_table([run for run in runs if name in run.tables], name)
    forms = dict.fromkeys(FormRecord(*form) for run in runs if run.forms for form in run.forms)
    finals = tuple(tuple(map(run.finals.get, names)) for run in runs)
    if any(form.form.startswith("datetime") for form in forms):
        finals = tuple(tuple(map(_final, row)) for row in finals)

    def tell(name: str, form: str) -> None:
        forms[FormRecord("", name, form)] = None

    return Batch(
        runs=tuple(_record(run) for run in runs),
        outcome_names=names,
        finals=finals,  # type: ignore[arg-type]
        series=encode_columns({"run_id": run_ids, "step": steps, "time": times, **columns}, tell)
        if steps
        else None,
        agents=agents,
        outputs=tuple(run.output for run in runs if run.output is not None),
        code=code,
        failures=tuple(
            FailureRecord(run.task.run_id, *_astuple(run)) for run in runs if run.failure is not None
        ),
        forms=tuple(forms),
        rows=tuple(run.packed_rows or run.rows for run in runs)
        if any(run.rows is not None for run in runs)
        else None,
    )


def _encoded_table(runs: Sequence[Run], name: str) -> bytes:
    """Encode the rows that some runs have in a table of their data collector."""
    whole: dict[str, list[Any]] = {"run_id": [], "step": []}
    for run in runs:
        rows = run.tables[name]
        before = len(whole["run_id"])
        whole["run_id"] += [run.task.run_id] * len(rows.steps)
        whole["step"] += rows.steps
        for column, values in rows.columns.items():
            known = whole.setdefault(column, [])
            known += [None] * (before - len(known)) + values
    length = len(whole["run_id"])
    return encode_columns({key: values + [None] * (length - len(values)) for key, values in whole.items()})


def _final(value: Cell) -> Cell:
    return value.isoformat() if isinstance(value, datetime) else value


def _record(run: Run) -> RunRecord:
    task = run.task
    return RunRecord(
        task.run_id,
        task.point,
        task.replication,
        task.seed,
        run.status,
        run.steps,
        run.time,
        run.init_seconds,
        run.run_seconds,
        "\n".join(run.notes),
    )


def _astuple(run: Run) -> tuple[str, str, str, str]:
    failure = run.failure
    assert failure is not None
    return failure.stage, failure.error_type, failure.message, failure.traceback


def encode_each(runs: Sequence[Run], code: CodeRecord | None = None) -> Batch:
    """Encode runs of which at least one cannot be: that one fails, the others do not."""
    kept = []
    for run in runs:
        try:
            encode([run])
        except Exception as error:
            task, steps = run.task, run.steps
            failure = failure_from(error, "saving")
            run = Run(task, status="failed", steps=steps, failure=failure, output=run.output)
        kept.append(run)
    return encode(kept, code)


@dataclass(frozen=True, slots=True)
class Payload:
    """The model and the protocol, as they travel to workers.

    Attributes:
        data: See `worker.prepare`.
        model: What the model is called.
        confined: Whether its code may run in confined processes alone.
    """

    data: bytes
    model: str
    confined: bool = False

    @property
    def digest(self) -> str:
        """A short name for the data."""
        return hashlib.blake2b(self.data, digest_size=16).hexdigest()


def pack(protocol: Protocol, *, elsewhere: bool = False, confined: bool = False) -> Payload:
    """Pack what workers need: the model as a reference where they can find it, else as code.

    Args:
        protocol: The model, and how each run is stopped and measured.
        elsewhere: Workers are on other machines, which have the same packages but not the files of this one.
        confined: Whether the caller hands what runs in confined processes alone to such a process.

    Raises:
        ModelError: The model cannot be found.
        OutcomeError: A function that is named by a reference cannot be found.
        RunError: The model's code cannot be sent, or runs in confined processes alone.
    """
    reference = reference_of(protocol.model)
    if elsewhere_of(reference) is not None:
        if not confined:
            raise RunError(f"The model '{reference}' runs in confined processes alone, and this is none.")
        # By name alone: of its code there is nothing here.
        return replace(_sealed(reference, reference, cloudpickle.dumps(protocol), None), confined=True)
    if elsewhere:
        return _pack_all(protocol, reference)
    found = importable(reference)
    model = reference if found else load_model(protocol.model)
    functions = [protocol.stop_when, *(outcome.source for outcome in protocol.outcomes or ())]
    things = [thing for thing in functions if callable(thing)]
    things += [kind for kinds in protocol.enums.values() for kind in kinds if isinstance(kind, type)]
    if not found:
        things += [kind for kind in load_model(protocol.model).__mro__ if kind is not object]
    with _as_code(_unknown(things)):
        packed = cloudpickle.dumps(replace(protocol, model=model))
    # What goes as code is what is here; a worker that imports the model sees for itself what it got.
    code = None if found else model_code(things_of(load_model(protocol.model), protocol))
    return _sealed(reference, reference if found else None, packed, code)


def dump_with_code(value: Any, things: Iterable[Any]) -> bytes:
    """Pickle a value; classes and functions among these things that a worker could not import go as code."""
    with _as_code(_unknown(things)):
        return cloudpickle.dumps(value, protocol=5)  # type: ignore[no-any-return]


def _pack_all(protocol: Protocol, reference: str) -> Payload:
    """Pack all code that is not of an installed package."""
    model_cls = load_model(protocol.model)  # after that its modules are known
    outcomes = protocol.outcomes and tuple(
        replace(outcome, source=outcome.parsed.function()) if outcome.is_reference else outcome
        for outcome in protocol.outcomes
    )
    stop_when = protocol.stop_when
    if isinstance(stop_when, str) and is_reference(stop_when):
        stop_when = load_function(stop_when)
    enums = FrozenDict(load_enums(protocol.enums, model_cls))
    whole = replace(protocol, model=model_cls, outcomes=outcomes, stop_when=stop_when, enums=enums)
    with _as_code(set(_own_modules())):
        try:
            code = model_code(things_of(model_cls, whole))
            return _sealed(reference, None, cloudpickle.dumps(whole), code)
        except Exception as error:
            raise RunError(
                f"The code of the model '{reference}' cannot be sent to a cluster: {error}. Take out of its modules what cannot "
                "be pickled (open files, locks), or install it as a package on all workers."
            ) from error


def _own_modules() -> Iterator[ModuleType]:
    """Yield loaded modules whose code is on this machine alone: neither installed nor of Python or Mesa Lab."""
    folders = {sys.prefix, sys.base_prefix, Path(os.__file__).parent, Path(__file__).parents[2]}
    installed = tuple(f"{folder}{os.sep}" for folder in folders)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        # A folder without __init__.py has no file.
        places = [file] if isinstance(file, str) else _folders_of(module)
        if not places or any(
            place.startswith(installed) or "site-packages" in Path(place).parts for place in places
        ):
            continue
        if name != "__main__":
            yield module


def _folders_of(module: ModuleType) -> list[str]:
    path = getattr(module, "__path__", ())
    # None stands for what must not be imported; it has no name.
    is_own = getattr(module, "__name__", "__main__") != "__main__"
    return [str(place) for place in getattr(path, "_path", path)] if is_own else []


def _sealed(reference: str, found: str | None, packed: bytes, code: CodeRecord | None) -> Payload:
    path = [entry or str(Path.cwd()) for entry in sys.path]
    data = pickle.dumps((path, left_behind(), str(Path.cwd()), found, packed, code), protocol=5)
    return Payload(data, reference)


_packing = threading.Lock()


def _unknown(things: Iterable[Any]) -> set[ModuleType]:
    """Return the modules of things that a worker on this machine could not import."""
    modules: set[ModuleType] = set()
    for thing in things:
        name = getattr(thing, "__module__", None) or "__main__"
        module = sys.modules.get(name)
        if module is not None and name != "__main__" and not importable(f"{name}:_"):
            modules.add(module)
    return modules


@contextmanager
def _as_code(modules: set[ModuleType]) -> Iterator[None]:
    """Pack what comes from some modules as code, not by name."""
    with _packing:
        known = cloudpickle.list_registry_pickle_by_value()
        added = [module for module in modules if module.__name__ not in known]
        for module in added:
            cloudpickle.register_pickle_by_value(module)
        try:
            yield
        finally:
            for module in added:
                cloudpickle.unregister_pickle_by_value(module)
