"""Plain values that a caller gives as settings: numbers, flags and keywords, with one sentence for each mistake.

It knows which names other tools have for a setting of Mesa Lab's, and neither models nor experiments.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, overload

from mesa_lab.errors import ExperimentError, MesaLabError, suggest
from mesa_lab.preparation.limits import COUNT, LARGEST_SEED, shortened
from mesa_lab.preparation.parameters.value_keys import is_finite

__all__ = [
    "BATCH_WORDS",
    "DESIGN_WORDS",
    "EXPERIMENT_WORDS",
    "RUN_WORDS",
    "check_flag",
    "check_positive",
    "check_seeds",
    "check_whole",
    "explain_keywords",
    "meant",
]

EXPERIMENT_WORDS: Final[Mapping[str, str]] = {
    word: setting
    for setting, words in {
        "model": "model_cls model_class",
        "parameters": "params parameter variable_parameters variable_params fixed_parameters factors space ranges",
        "design": "sampler sampling doe method samples n_samples sample_size n_points n size",
        "replications": "iterations repetitions repetition replicates replication reps repeats runs n_runs n_reps "
        "n_replications replicas",
        "max_steps": "steps step n_steps num_steps nsteps run_length length ticks max_ticks horizon until",
        "seed": "rng random_state random_seed rng_seed",
        "outcomes": "reporters reporter model_reporters measure measures metrics outputs responses response collect",
        "agents": "agent agent_reporters agenttype_reporters agent_data",
        "constraints": "constraint where",
        "period": "data_collection_period every interval collect_every collection_period",
        "max_time": "time end_time duration time_limit",
        "stop_when": "stop stop_if stop_condition stopping_rule stop_rule terminate",
        "common_random_numbers": "crn",
        "on_error": "errors error_handling on_errors catch error_score",
    }.items()
    for word in words.split()
}
"""What other tools call the settings of an experiment."""

DESIGN_WORDS: Final[Mapping[str, str]] = {
    word: setting
    for setting, words in {
        "size": "n samples n_samples sample_size n_points points count",
        "levels": "n_levels num_levels steps resolution",
        "base": "base_case center centre",
        "level": "depth order",
    }.items()
    for word in words.split()
}
"""What other tools call the settings of a design."""

RUN_WORDS: Final[Mapping[str, str]] = {
    word: setting
    for setting, words in {
        "path": "study file filename output out save_to",
        "n_jobs": "jobs number_processes processes n_processes num_processes workers n_workers cores nprocs",
        "progress": "display_progress verbose show_progress",
        "retry_failed": "retry",
        "overwrite": "force replace",
    }.items()
    for word in words.split()
}
"""What other tools call the settings of `mesa_lab.run`."""


BATCH_WORDS: Final[Mapping[str, str]] = {
    word: argument
    for argument, words in {
        "model_cls": "model model_class",
        "parameters": "variable_parameters fixed_parameters params",
        "number_processes": "n_jobs jobs nr_processes n_processes processes workers cores",
        "iterations": "replications repetitions reps runs",
        "data_collection_period": "period collect_every",
        "max_steps": "steps n_steps",
        "display_progress": "progress verbose",
        "rng": "seed seeds random_state",
        "configurations": "configs runs experiments",
    }.items()
    for word in words.split()
}
"""What other tools, and `mesa_lab.run`, call the arguments of `batch_run` and `BatchRunner`."""


@overload
def check_whole(name: str, value: Any, least: int, *, most: int = COUNT, hint: str = "") -> int: ...
@overload
def check_whole(
    name: str, value: Any, least: int, *, most: int = COUNT, optional: bool, hint: str = ""
) -> int | None: ...
def check_whole(
    name: str, value: Any, least: int, *, most: int = COUNT, optional: bool = False, hint: str = ""
) -> int | None:
    """Return a setting as a whole number; integers of numpy are some too.

    Args:
        name: What it is called, for the message.
        value: What was given.
        least: The smallest number that makes sense.
        most: The largest that can be kept.
        optional: Whether None may be given.
        hint: A further sentence for the message, with a blank before it.

    Raises:
        ExperimentError: If it is no whole number, too small or too large.

    Example:
        >>> import numpy as np
        >>> check_whole("replications", np.int64(3), least=1)
        3
    """
    if value is None and optional:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    if isinstance(value, float) and value.is_integer() and least <= value <= most:
        raise ExperimentError(f"{name} is {value!r}, a number with a point. Write {int(value)}.")
    if isinstance(value, bool) or number < least:
        raise ExperimentError(f"{name} is {_shown(value)}. Give a whole number of at least {least}.{hint}")
    if number > most:
        raise ExperimentError(f"{name} is {_shown(value)}. Give a whole number of at most {shortened(most)}.")
    return number


def check_positive(name: str, value: Any, what: str) -> float | None:
    """Return a setting as a finite number above 0; None stays None.

    Raises:
        ExperimentError: If it is none of these.
    """
    if value is None:
        return None
    number = value.item() if hasattr(value, "item") and getattr(value, "shape", None) == () else value
    try:
        amount = float(number) if isinstance(number, numbers.Real) else math.nan
    except OverflowError:  # a whole number beyond all floats
        amount = math.inf
    if isinstance(number, bool) or not math.isfinite(amount) or amount <= 0:
        raise ExperimentError(f"{name} is {_shown(value)}. Give {what} above 0, or leave it out.")
    return int(number) if isinstance(number, numbers.Integral) else amount


def check_level(value: Any) -> float:
    """Return a level of confidence as a number.

    Raises:
        ExperimentError: If it is no share from one half to below 1.
    """
    level = float(value) if is_finite(value) else math.nan
    if not 0.5 <= level < 1:
        raise ExperimentError(f"level is {_shown(value)}. Give a level of confidence such as 0.95.")
    return level


def check_flag(name: str, value: Any) -> bool:
    """Return a setting as yes or no: a text such as "no" would count as yes.

    Raises:
        ExperimentError: If it is neither.
    """
    try:
        return (False, True)[operator.index(value.item() if hasattr(value, "item") else value)]
    except (TypeError, ValueError, IndexError):
        raise ExperimentError(f"{name} is {_shown(value)}. Write True or False.") from None


def check_seeds(seeds: Any, below: int) -> tuple[int, ...]:
    """Return explicit seeds as whole numbers.

    Args:
        seeds: Any number of them, in a list, a range or an array.
        below: What each must be smaller than.

    Raises:
        ExperimentError: If it is no such list, is empty, or one of them is no seed.
    """
    if isinstance(seeds, str | bytes | Mapping) or not isinstance(seeds, Iterable):
        raise ExperimentError(
            f"seeds is {_shown(seeds)}. Give a list of whole numbers, one for each replication."
        )
    listed = tuple(check_whole("A seed in seeds", seed, least=0, most=LARGEST_SEED) for seed in seeds)
    if not listed:
        raise ExperimentError("seeds is empty. Give one whole number for each replication, or leave it out.")
    for seed in listed:
        if seed >= below:
            raise ExperimentError(
                f"The seed {seed} is too large. Seeds are below 2**{below.bit_length() - 1}."
            )
    return listed


def meant(word: str, known: Iterable[str], words: Mapping[str, str] = EXPERIMENT_WORDS) -> str:
    """Return a sentence that names the setting which an unknown word stands for, or is nearest to.

    Args:
        word: What was written.
        known: The settings that there are.
        words: What other tools call them.

    Returns:
        `" Did you mean 'max_steps'?"`, with a leading blank, or an empty text when nothing is near.

    Example:
        >>> meant("steps", ["max_steps", "seeds"])
        " Did you mean 'max_steps'?"
    """
    known = list(known)
    setting = words.get(word.lower())
    return f" Did you mean '{setting}'?" if setting in known else suggest(word, known)


def explain_keywords[**Arguments, Result](
    owner: str,
    words: Mapping[str, str] = EXPERIMENT_WORDS,
    elsewhere: Callable[[str, Mapping[str, Any]], str] = lambda word, given: "",
    error: type[MesaLabError] = ExperimentError,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Let a function say which keyword was meant, where it is called with one that it does not take.

    Args:
        owner: What is called, as its callers know it.
        words: What other tools call its settings.
        elsewhere: A function of the keyword and of all that was given by name: a sentence when the keyword belongs to
            something else, an empty one otherwise.
        error: The class of the error that is raised.

    Returns:
        A decorator.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        parameters = inspect.signature(function).parameters.values()
        names = [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]
        known = [name for name in names if name != "self"]
        takes_any = len(names) < len(parameters)

        @functools.wraps(function)
        def explained(*arguments: Arguments.args, **settings: Arguments.kwargs) -> Result:
            for word in () if takes_any else settings:
                if word not in known:
                    said = elsewhere(word, dict(zip(names, arguments, strict=False)) | settings)
                    said = (
                        f" {said}" if said else f"{meant(word, known, words)} It takes: {', '.join(known)}."
                    )
                    raise error(f"{owner} takes no '{word}'.{said}")
            return function(*arguments, **settings)

        return explained

    return decorate


def _shown(value: Any) -> str:
    """A value in a message; a long one is cut off."""
    return shortened(value, 80)
