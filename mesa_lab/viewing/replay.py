"""A run carried out anew, step by step, up to the step that somebody wants to see."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

from mesa_lab.preparation.models import build
from mesa_lab.preparation.models.working_folder import find_another_folder, working_folder, working_in
from mesa_lab.preparation.parameters.enum_members import with_members
from mesa_lab.running.collection.collection_plan import Plan
from mesa_lab.running.collection.notes import Notes
from mesa_lab.running.collection.other_outcomes import OtherOutcomes
from mesa_lab.running.collection.random_states import RandomStates
from mesa_lab.running.collection.series import time_of
from mesa_lab.running.simulation.step import stepper
from mesa_lab.study.records import Task

__all__ = ["Replay"]


class Replay:
    """A model at a step of a run; there is no way back but to begin anew.

    Args:
        plan: The model, and how its runs are stopped.
        task: The parameters and the seed.
        model_cls: The class to build, where it is not the plan's: an author's pictures know the classes of their own import.

    Attributes:
        model: The model as it is now; None when it could not be set up.
        step: How many steps it has made.
        problem: What it raised, empty when nothing.
    """

    def __init__(self, plan: Plan, task: Task, model_cls: type | None = None) -> None:
        self._plan, self._task = plan, task
        self._model_cls: Any = model_cls or plan.model_cls
        self.model: Any = None
        self._begin()

    def _begin(self) -> None:
        self.step, self.problem = 0, ""
        self.model, self._advance = None, None
        try:
            self.model = self._built()
            self._advance = stepper(self.model)
        except Exception as error:
            self.problem = f"{type(error).__name__} while setting up: {error}"

    def _built(self) -> Any:
        folders = {working_folder(self._model_cls)}
        parameters = with_members(dict(self._task.parameters), self._plan.enums)
        while True:
            try:
                with working_in(working_folder(self._model_cls)):
                    return build(self._model_cls, parameters, self._task.seed)
            except Exception as error:
                if not find_another_folder(error, self._model_cls, folders):
                    raise

    @property
    def is_over(self) -> bool:
        """Whether the run has come to its end here: its steps are made, the model has stopped itself, or it has failed."""
        protocol, model = self._plan.protocol, self.model
        return (
            bool(self.problem)
            or self.step >= self._plan.limit
            or not getattr(model, "running", True)
            or (protocol.max_time is not None and (time_of(model) or 0.0) >= protocol.max_time)
        )

    def go(self, step: int, last: int | None = None, tell: Callable[[int], bool] = lambda at: True) -> None:
        """Go to a step, or to the end of the run if that comes first.

        Args:
            step: The step; one that lies behind has the run begin anew.
            last: The step at which the run ended in its study, where that is known: its stop rule is not looked at again.
            tell: Called after each step with its number; False gives up.
        """
        if step < self.step:
            self._begin()
        goal = step if last is None else min(step, last)
        while self.step < goal and not self.is_over:
            try:
                assert self._advance is not None
                with working_in(working_folder(self._model_cls)):
                    self._advance()
            except Exception as error:
                self.problem = f"{type(error).__name__} in step {self.step + 1}: {error}"
                return
            self.step += 1
            if not tell(self.step):
                return

    def collected(self) -> dict[str, Any]:
        """Return what is known of the model at this step, as far as these are plain values.

        What its data collector holds, and what else the run is asked for: statistics over its agents, and attributes. Of a model
        whose data collector has no such value, what a study says of such a model. Functions are not called: they may count how often they are.
        """
        variables = getattr(getattr(self.model, "datacollector", None), "model_vars", None) or {}
        is_even = len({len(values) for values in variables.values()}) == 1
        reported = _plain({name: values[-1] for name, values in variables.items() if values and is_even})
        with contextlib.suppress(Exception):  # what cannot be measured is not compared
            reported |= _plain(self._measured(reported))
        return reported

    def _measured(self, reported: dict[str, Any]) -> dict[str, Any]:
        if self._plan.protocol.outcomes is None:
            if reported:
                return {}
            with RandomStates(self.model):
                return dict(OtherOutcomes({}, Notes()).describe(self.model, self.step))
        asked, _, others = self._plan.sources({name: ("", name) for name in reported}, (), False)
        quiet = {
            name: pair
            for name, pair in others.items()
            if isinstance(pair[0].source, str) and not pair[0].is_reference and pair[0].over_time is None
        }
        measured = dict(OtherOutcomes(quiet, Notes()).measure(self.model, self.step))
        return {name: reported[source] for name, (_, source) in asked.items()} | measured


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return what can be written down and compared, as Python's own types."""
    found = {}
    for name, given in values.items():
        value = given.item() if hasattr(given, "item") and getattr(given, "ndim", 1) == 0 else given
        if isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
            found[name] = value
    return found
