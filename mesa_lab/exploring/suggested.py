"""What to turn in a model of which nothing was said yet: its own suggestions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mesa_lab.errors import ParameterError

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.models import ModelSignature

__all__ = ["suggested_experiment", "with_suggestions"]

_MOST: Final = 6
_STEPS: Final = 100
_LAST: Final = ("width", "height")
"""The size of the space: rarely the question, and what makes runs slow."""


def suggested_experiment(model: type[Any] | str) -> Experiment:
    """Return an experiment in which a model's parameters vary over the ranges that are suggested for them.

    Args:
        model: A class, or the text that finds one.

    Raises:
        ModelError: If there is no such model.
        ParameterError: If nothing suggests a range for any parameter.

    Example:
        >>> from mesa_lab.exploring.suggested import suggested_experiment
        >>> list(suggested_experiment("mesa.examples:Schelling").space.varied)
        ['density', 'minority_pc', 'homophily', 'radius']
    """
    from mesa_lab.preparation.experiment import Experiment

    return with_suggestions(Experiment(model, max_steps=_STEPS))


def with_suggestions(experiment: Experiment) -> Experiment:
    """Return an experiment in which further parameters vary, up to six in all, over the ranges that are suggested for them.

    Parameters that the experiment holds fixed at another value than the model's default stay so.

    Raises:
        ModelError: If there is no such model.
        ParameterError: If nothing varies then.
    """
    from mesa_lab.preparation.models import load_model, signature

    known = signature(load_model(experiment.model))
    parameters = dict(experiment.parameters)
    varied = dict(experiment.space.varied)
    for name in _candidates(known):
        if len(varied) >= _MOST:
            break
        info = known.parameters[name]
        if name in varied or parameters.get(name, info.default) != info.default:
            continue
        suggestion = info.suggest()
        if suggestion is not None:
            varied[name] = parameters[name] = suggestion
    if not varied:
        raise ParameterError(
            "Nothing suggests a range for any parameter of this model. Design an experiment that gives one, such as Real(0, 1), and "
            "explore that."
        )
    ordered = {name: parameters[name] for name in known.parameters if name in parameters}
    return experiment.replace(parameters={**ordered, **parameters}, design=None)


def _candidates(known: ModelSignature) -> list[str]:
    """The parameters in the order in which they are taken: those that the author gave sliders first, sizes last."""
    names = [name for name in known.parameters if name not in _LAST]
    return sorted(names, key=lambda name: known.parameters[name].suggested_by != "slider")
