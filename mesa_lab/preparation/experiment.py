"""Experiment: a model, a parameter space, a design, and how each run is stopped and measured; and its file.

Frozen data (`experiment_data`). It runs nothing, and opening one from a file imports no model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from mesa_lab.errors import ExperimentError, MesaLabError
from mesa_lab.files import path_of
from mesa_lab.preparation.experiment_data import ExperimentData
from mesa_lab.preparation.settings import EXPERIMENT_WORDS, RUN_WORDS, explain_keywords

__all__ = ["Experiment"]


@dataclass(frozen=True, repr=False)
class Experiment(ExperimentData):
    """A model, the points at which to run it, and how to run and measure it.

    Args:
        model: A Mesa model class, `"package.module:Class"` or `"path/file.py:Class"`.
        parameters: What varies and what is held fixed, by name: `Real`, `Integer`, `Choice` or a list of levels vary, a
            plain value is held fixed. The model's defaults hold for the rest.
        design: How points are chosen from the space. None means a full factorial.
        replications: Runs of each point, each with a seed of its own.
        max_steps: Stop a run after so many steps. Without any stop rule: 1000, as in Mesa's batch_run.
        seed: The experiment's seed, from which the seed of every run and of the design derive.
        outcomes: What is measured: None for every model reporter; names of reporters or model attributes, statistics
            over agents such as `"count(Wolf)"` or `"mean(Wolf.energy)"`; or a mapping from name to a function of the model.
        agents: Agent-level data: False for none, True for the model's agent reporters, names of attributes, or a mapping
            from agent type to such names.
        constraints: Expressions between parameters; points that break one are dropped (`"initial_wolves < initial_sheep"`).
        period: Collect every so many steps, and the last; -1 only at the end.
        max_time: Stop a run when the model's simulated time reaches this.
        stop_when: Stop a run when this holds after a step: an expression over the model's attributes, or a function of it.
        timeout: Wall-clock seconds after which a run is ended and recorded as timed out.
        common_random_numbers: Give all points the same seed in a replication, for paired comparisons.
        seeds: Explicit seeds, one for each replication and the same for all points; takes the place of `replications`.
        correlations: Rank correlations between parameters that are drawn together, `{("a", "b"): 0.6}` or
            `{"a": {"b": 0.6}}`; for designs that fill the unit cube.
        redraw: Continue the design until as many points as it asks for keep the constraints, in place of dropping some.
        on_error: What an outcome that raises an error costs: `"missing"`, its value (the reason is noted, see `Results.notes`); or
            `"fail"`, its run, which ends at that step as a failed one.
        enums: Where the Enum of a parameter is found whose values are members of one, `{"mood": "town.py:Mood"}`. Filled in by itself
            from the values; files and tables have the members' names.
        question: What the experiment is for, by name, such as `"matter"` (`mesa_lab.preparation.questions.QUESTIONS`): which
            conclusion comes first. It changes no run.

    Raises:
        ExperimentError: If a number is out of range, or two settings contradict each other.
        ParameterError: If a parameter is unknown to the model class, or its range is wrong.
        OutcomeError: If an outcome is malformed.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=3, max_steps=20)
        >>> experiment.n_points, experiment.n_runs
        (2, 6)
    """

    def check(self) -> None:
        """Import the model and see that all that is asked of it by name exists, before anything runs.

        Raises:
            ModelError: If the model cannot be found.
            ParameterError: If it does not take one of the parameters.
            OutcomeError: If it, or its agents, have none of that name to measure.
            ExperimentError: If `stop_when` speaks of something that it does not have.
        """
        from mesa_lab.preparation.validation import check

        check(self)

    def save(self, path: str | Path) -> None:
        """Write the experiment as TOML.

        Raises:
            ExperimentError: If the file cannot be written, or a function in it has no name by which a reader of the file
                would find it, such as a lambda.
        """
        from mesa_lab.preparation.experiment_file.write import write

        write(self, path_of(path, "experiment", ExperimentError))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read an experiment from a TOML file. Nothing in it is run.

        Raises:
            ExperimentError: If the file is missing, is no TOML, or does not describe an experiment.
        """
        from mesa_lab.preparation.experiment_file.read import read

        return read(path_of(path, "experiment", ExperimentError), cls)

    def to_toml(self) -> str:
        """Return the experiment as TOML text."""
        from mesa_lab.preparation.experiment_file.write import to_toml

        return to_toml(self)

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """Read an experiment from TOML text. Nothing in it is run.

        Raises:
            ExperimentError: If it is no TOML, or does not describe an experiment.
        """
        from mesa_lab.preparation.experiment_file.read import from_toml

        return from_toml(text, cls)


def _elsewhere(word: str, given: Mapping[str, Any]) -> str:
    """Where a keyword belongs that is no setting of an experiment: to `run`, or to the model."""
    from mesa_lab.preparation.models import load_model
    from mesa_lab.preparation.models.signatures import plan_of

    if word in _OF_RUN or RUN_WORDS.get(word) in _OF_RUN:
        name = word if word in _OF_RUN else RUN_WORDS[word]
        return f"How it is carried out is said to run: ml.run(experiment, {name}=...)."
    if EXPERIMENT_WORDS.get(word) == "design" and isinstance(given[word], int):
        return f"How many points there are is a matter of the design: design=LatinHypercube({given[word]})."
    model = given.get("model")
    if isinstance(model, type):
        with contextlib.suppress(MesaLabError):
            if word in plan_of(load_model(model)).names:
                return f"It is a parameter of {model.__name__}: parameters={{'{word}': {given[word]!r:.40}}}."
    return ""


_OF_RUN: Final = ("path", "n_jobs", "backend", "progress", "retry_failed", "overwrite", "shard")

# The generated __init__ would say that 'steps' may be 'seeds'.
Experiment.__init__ = explain_keywords("Experiment", elsewhere=_elsewhere)(Experiment.__init__)  # type: ignore[method-assign]
