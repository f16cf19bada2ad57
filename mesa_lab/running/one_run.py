"""One run of a study, to be carried out once more in this process: to look at its model, or into what went wrong.

Code is loaded only where that is permitted (`preparation.code_permission`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import RunError
from mesa_lab.formatting import plural
from mesa_lab.preparation.code_permission import require_code
from mesa_lab.preparation.models import load_enums
from mesa_lab.preparation.parameters.enum_members import with_members
from mesa_lab.preparation.run_configuration import RunConfiguration
from mesa_lab.running.cells import stored
from mesa_lab.running.simulation.rebuild import rebuild
from mesa_lab.running.workers.model_code import model_code, things_of
from mesa_lab.study.records import Cell, Task

if TYPE_CHECKING:
    from mesa_lab.study import Study

__all__ = ["configuration_of", "rebuild_run"]

_OURS: Final = str(Path(__file__).parents[1])
_KEYS: Final = 3  # run_id, step and time


def configuration_of(study: Study, run_id: int) -> RunConfiguration:
    """Return what a run of a study was given.

    Args:
        study: The study.
        run_id: The run, whether or not it has a result.

    Raises:
        RunError: If the study asks for no such run.
        NotAllowedError: If its code may not be loaded here.
    """
    experiment = study.experiment
    require_code(experiment.protocol.named_code)
    task = _task(study, run_id)
    protocol = experiment.protocol
    return RunConfiguration(
        model_cls=protocol.model,
        run_id=task.run_id,
        iteration=task.replication,
        parameters=with_members(task.parameters, load_enums(protocol.enums, protocol.model)),
        max_steps=protocol.max_steps,
        data_collection_period=protocol.period,
        seed=task.seed,
        point=task.point,
        max_time=protocol.max_time,
        stop_when=protocol.stop_when,
        timeout=protocol.timeout,
        outcomes=protocol.outcomes,
        agents=protocol.agents,
        on_error=protocol.on_error,
    )


def rebuild_run(study: Study, run_id: int, step: int | None = None) -> Any:
    """Return the model of a run as it was after a step.

    Args:
        study: The study.
        run_id: The run.
        step: The step; None for the last that the run completed.

    Raises:
        RunError: If the study has no such run, or the run did not come to that step.
        NotAllowedError: If its code may not be loaded here.
        Exception: What the model raises.
    """
    from mesa_lab.preparation.models import load_model

    protocol = study.experiment.protocol
    require_code(protocol.named_code)
    task = _task(study, run_id)
    steps = study.steps_of(run_id)
    if steps is None:
        raise RunError(f"Run {run_id} has no result yet. Run it first: mesa-lab resume {study.path}.")
    wanted = steps if step is None else step
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 0 <= wanted <= steps:
        raise RunError(
            f"Run {run_id} came to step {steps}, and step {step!r} is asked for. Give a whole number from 0 to {steps}, or None "
            "for the last."
        )
    said = _code_differs(study, run_id, load_model(protocol.model))
    found = rebuild(protocol, task, wanted)
    if not said and found.steps < wanted:
        said = f"it stops after {plural(found.steps, 'step')} now"
    for name, here, there in _unlike(study, run_id, wanted, found.values) if not said else ():
        said = f"'{name}' is {here!r:.60} now and {there!r:.60} in the study at step {wanted}"
        break
    if said:
        warnings.warn(
            f"The model that was rebuilt may not be that of run {run_id}: {said}. Its code or a package that it uses has changed "
            "since, or it draws from something that is not seeded.",
            skip_file_prefixes=(_OURS,),
        )
    return found.model


def _task(study: Study, run_id: int) -> Task:
    whole = study.plan()
    if isinstance(run_id, bool) or not isinstance(run_id, int) or run_id not in whole.run_id:
        last = int(whole.run_id.max()) if len(whole) else 0
        raise RunError(f"'{study.path}' asks for no run {run_id!r}. Its runs have the numbers 0 to {last}.")
    return Task._make(next(iter(study.tasks([run_id]))))


def _code_differs(study: Study, run_id: int, model_cls: type[Any]) -> str:
    then = study.code_of(run_id)
    if then is None:
        return ""
    now = model_code(things_of(model_cls, study.experiment.protocol))
    if now.digest == then.digest:
        return ""
    here = dict(now.files)
    names = [name for name in {**then.files, **here} if then.files.get(name) != here.get(name)]
    return f"the code of {', '.join(names[:5]) or 'the model'} is not the one that the run was of"


def _unlike(
    study: Study, run_id: int, step: int, values: Mapping[str, Cell]
) -> Iterator[tuple[str, Cell, Any]]:
    """Yield outcomes that are not what the study has of a step: name, value here and value there."""
    for table in study.series_tables([run_id]):
        for row in table.to_pylist():
            if row["step"] == step:
                for name, there in list(row.items())[_KEYS:]:
                    here = stored(values.get(name))
                    if not _alike(here, there):
                        yield name, here, there


def _alike(here: Cell, there: Any) -> bool:
    if isinstance(there, str) and not isinstance(here, str):
        return there == (here.isoformat() if isinstance(here, datetime) else str(here))
    if isinstance(here, float) and isinstance(there, float) and math.isnan(here):
        return math.isnan(there)
    try:
        return bool(here == there)
    except TypeError:  # a time with a zone and one without
        return False
