"""The model of a run, built and advanced again to look into it: as it was in its study, measured by the same rules.

What was measured may have drawn numbers, so it is measured again. Records are kept, as Mesa keeps them, for who looks at the model.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mesa_lab.preparation.models import load_model
from mesa_lab.preparation.models.collectors import collectors_of
from mesa_lab.preparation.models.working_folder import find_another_folder, working_folder
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.data_collector import RestartError, installed, release
from mesa_lab.running.simulation.cleanup import Surroundings
from mesa_lab.running.simulation.simulate import MOST_ATTEMPTS, Attempt
from mesa_lab.study.records import Cell, Task

__all__ = ["Rebuilt", "rebuild"]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A model that was built again.

    Attributes:
        model: The model.
        steps: The steps that it has taken.
        values: What was measured at the last of them.
    """

    model: Any
    steps: int
    values: Mapping[str, Cell]


def rebuild(protocol: Protocol, task: Task, step: int) -> Rebuilt:
    """Build the model of a run and advance it.

    The random generators of the modules `random` and `numpy.random` are left as the run has them at that step, since a model that
    draws from them goes on by them.

    Args:
        protocol: How the run was stopped and measured. Its time limit does not count.
        task: The run.
        step: How many steps to take; fewer where the model stops earlier.

    Raises:
        ModelError: If the model cannot be found.
        Exception: What the model raises.
    """
    plan = Plan(load_model(protocol.model), replace(protocol, max_steps=step, timeout=None))
    plan.reads_records = True
    surroundings = Surroundings()
    folders = {working_folder(plan.model_cls)}
    with installed():
        for number in itertools.count():
            attempt = Attempt(plan, task, is_final=number >= MOST_ATTEMPTS)
            try:
                surroundings.enter(working_folder(plan.model_cls))
                attempt.go()
            except RestartError:
                continue
            except Exception as error:
                if attempt.recorder.must_restart or attempt.recorder.must_fail_again():
                    continue
                if find_another_folder(error, plan.model_cls, folders, surroundings.folder):
                    continue
                raise
            finally:
                surroundings.restore(None)
                gc.collect()
            for collector in collectors_of(attempt.model).values():
                release(collector)
            return Rebuilt(attempt.model, attempt.steps, dict(attempt.recorder.latest))
    raise AssertionError
