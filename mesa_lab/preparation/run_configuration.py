"""RunConfiguration and Protocol: one run, and what it shares with the other runs of its experiment.

A run configuration is complete in itself: any tool can make them, and any tool can run them. This
module knows neither designs nor files, and looks at no model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mesa_lab.errors import ExperimentError
from mesa_lab.preparation.code_permission import CodeReference, parse_reference
from mesa_lab.preparation.expressions.parse import compile_expression
from mesa_lab.preparation.limits import LARGEST_SEED, shortened
from mesa_lab.preparation.outcome_kinds.function import is_reference
from mesa_lab.preparation.outcomes import AgentSelection, Outcome, parse_agents, parse_outcomes
from mesa_lab.preparation.parameters.enum_members import NO_ENUMS, Enums
from mesa_lab.preparation.settings import check_positive, check_whole

__all__ = ["DEFAULT_MAX_STEPS", "ON_ERROR", "CollectorRows", "Protocol", "RunConfiguration"]

DEFAULT_MAX_STEPS: Final = 1000
"""The stop rule when none is given, as in Mesa's batch_run."""

ON_ERROR: Final = ("missing", "fail")
"""What an outcome that raises an error costs: its value, or its run."""


@dataclass(frozen=True, slots=True)
class CollectorRows:
    """That runs answer with the rows of Mesa's `batch_run`, and how models are built for it.

    Attributes:
        period: Every so many collections from the first on; -1 for the last one alone.
        as_given: Parameters reach the model as they are given, its seed among them, without a look at its type hints.
        from_records: Made of what the model's collector recorded; otherwise the model is measured as in any other run.
    """

    period: int
    as_given: bool
    from_records: bool = True


@dataclass(frozen=True, slots=True)
class Protocol:
    """How every run of an experiment is stopped and measured.

    Attributes:
        model: A Mesa model class, `"package.module:Class"` or `"path/file.py:Class"`.
        max_steps: Stop after so many steps.
        max_time: Stop when the model's simulated time reaches this.
        stop_when: Stop when this holds after a step: an expression over the model's attributes (`"Wolves == 0"`), a
            function of the model, or `"package.module:function"`.
        timeout: Wall-clock seconds after which a run is ended and recorded as timed out.
        period: Collect every so many steps, and the last; -1 only at the end.
        outcomes: What is measured of the model, None for every model reporter.
        agents: What is measured of the agents.
        on_error: What an outcome that raises costs: "missing", its value; "fail", its run.
        rows: Answer with rows made of the records of the model's own DataCollector; None for all but `batch_run`.
        enums: Where the Enums are of which parameters take members (see `Experiment`).
    """

    model: type | str
    max_steps: int | None = None
    max_time: float | None = None
    stop_when: str | Callable[[Any], Any] | None = None
    timeout: float | None = None
    period: int = 1
    outcomes: tuple[Outcome, ...] | None = None
    agents: AgentSelection = False
    on_error: str = "missing"
    rows: CollectorRows | None = None
    enums: Enums = NO_ENUMS

    def __post_init__(self) -> None:
        model: Any = self.model
        if not isinstance(model, str | type):
            from mesa_lab.preparation.models import load_model

            load_model(model)  # says what it is and what to give instead
        if self.max_steps is None and self.max_time is None and self.stop_when is None:
            object.__setattr__(self, "max_steps", DEFAULT_MAX_STEPS)
        settle = object.__setattr__
        settle(self, "max_steps", check_whole("max_steps", self.max_steps, least=0, optional=True))
        settle(self, "max_time", check_positive("max_time", self.max_time, "a simulated time"))
        settle(self, "timeout", check_positive("timeout", self.timeout, "wall-clock seconds"))
        hint = " Write -1 to collect at the end only."
        settle(self, "period", -1 if self.period == -1 else check_whole("period", self.period, 1, hint=hint))
        if isinstance(self.stop_when, str):
            if not is_reference(self.stop_when):
                compile_expression(self.stop_when)
        elif self.stop_when is not None and not callable(self.stop_when):
            raise ExperimentError(
                f'stop_when is {shortened(self.stop_when)}. Write an expression such as "Wolves == 0", or a function of the model.'
            )
        settle(self, "outcomes", parse_outcomes(self.outcomes))
        settle(self, "agents", parse_agents(self.agents))
        if self.on_error not in ON_ERROR:
            raise ExperimentError(
                f'on_error is {shortened(self.on_error)}. Write "missing" (an outcome that raises an error has no value) or "fail" '
                "(its run fails)."
            )
        for outcome in self.outcomes or ():
            if outcome.over_time is not None and outcome.over_time.carried and self.max_steps is None:
                raise ExperimentError(
                    f"Outcome '{outcome.name}' counts runs with their last value until max_steps, and there is none. Set max_steps."
                )

    @property
    def named_code(self) -> tuple[CodeReference, ...]:
        """The code that runs load by name: the model, and the functions that measure and stop."""
        model = (parse_reference(self.model),) if isinstance(self.model, str) else ()
        rule = Outcome("stop_when", self.stop_when).named_code if isinstance(self.stop_when, str) else ()
        measured = (code for outcome in self.outcomes or () for code in outcome.named_code)
        enums = (kind for kinds in self.enums.values() for kind in kinds)
        named = (parse_reference(kind, "function") for kind in enums if isinstance(kind, str))
        return (*model, *measured, *rule, *named)


@dataclass(frozen=True)
class RunConfiguration:
    """Everything that one run needs, as data.

    Attributes:
        model_cls: A Mesa model class, or the text that finds one (`"package.module:Class"`, `"path/file.py:Class"`).
        run_id: The run's number in its experiment, from 0.
        iteration: The number of the replication, from 0.
        parameters: What the model is built with, the seed apart.
        max_steps: Stop after so many steps.
        data_collection_period: Collect every so many steps, and the last; -1 only at the end.
        seed: One plain integer that reproduces the run, None for a run that need not be reproducible.
        point: The number of the design point, from 0.
        max_time: Stop when the model's simulated time reaches this.
        stop_when: Stop when this holds after a step (see `Protocol`).
        timeout: Wall-clock seconds after which the run is ended.
        outcomes: What is measured of the model, None for every model reporter.
        agents: What is measured of the agents.
        on_error: What an outcome that raises costs: "missing", its value; "fail", its run.

    Raises:
        ExperimentError: If a number is out of range.
        OutcomeError: If an outcome is malformed.

    Example:
        >>> from mesa.examples import Schelling
        >>> RunConfiguration(Schelling, run_id=0, iteration=0, parameters={"density": 0.7}, max_steps=10, seed=1).seed
        1
    """

    model_cls: type | str
    run_id: int
    iteration: int
    parameters: Mapping[str, Any]
    max_steps: int | None = None
    data_collection_period: int = 1
    seed: int | None = None
    point: int = 0
    max_time: float | None = None
    stop_when: str | Callable[[Any], Any] | None = None
    timeout: float | None = None
    outcomes: tuple[Outcome, ...] | None = None
    agents: AgentSelection = False
    on_error: str = "missing"

    def __post_init__(self) -> None:
        settle = object.__setattr__
        protocol = self.protocol
        for name in ("max_steps", "max_time", "timeout", "outcomes", "agents"):
            settle(self, name, getattr(protocol, name))
        settle(self, "data_collection_period", protocol.period)
        for name in ("run_id", "iteration", "point"):
            settle(self, name, check_whole(name, getattr(self, name), least=0))
        settle(self, "seed", check_whole("seed", self.seed, least=0, most=LARGEST_SEED, optional=True))
        if not isinstance(self.parameters, Mapping):
            raise ExperimentError(
                f"parameters is {shortened(self.parameters, 80)}. Give a dict from each parameter to its value in this run."
            )
        settle(self, "parameters", dict(self.parameters))

    @property
    def protocol(self) -> Protocol:
        """What this run shares with the other runs of its experiment."""
        return Protocol(
            model=self.model_cls,
            max_steps=self.max_steps,
            max_time=self.max_time,
            stop_when=self.stop_when,
            timeout=self.timeout,
            period=self.data_collection_period,
            outcomes=self.outcomes,
            agents=self.agents,
            on_error=self.on_error,
        )
