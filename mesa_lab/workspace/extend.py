"""How a study may grow: more replications, or more points where the design can be continued."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import StudyError

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["grown", "size_of", "why_no_points", "why_no_replications"]


def size_of(experiment: Experiment) -> int | None:
    """Return the size of a design that keeps its points when it gets larger, None for other designs."""
    size = getattr(experiment.design, "size", None)
    return size if isinstance(size, int) and getattr(experiment.design, "extensible", False) else None


def why_no_points(experiment: Experiment) -> str:
    """Return why a study cannot have more points; an empty text when it can."""
    from mesa_lab.drafts.design_fields import label_of

    if size_of(experiment) is not None:
        return ""
    kind = label_of(type(experiment.design).__name__)
    if hasattr(experiment.design, "size"):
        return f"{kind}: a larger one has other points altogether. Sobol, Halton and Monte Carlo designs can grow."
    return f"{kind}: its points follow from levels or a table, which the design page can change."


def why_no_replications(experiment: Experiment) -> str:
    """Return why a study cannot have more replications; an empty text when it can."""
    if experiment.seeds is None:
        return ""
    return "This study lists its seeds: the design page can add some, one for each further replication."


def grown(experiment: Experiment, replications: int | None = None, size: int | None = None) -> Experiment:
    """Return a larger experiment, of which the given one is a part.

    Args:
        experiment: The experiment.
        replications: How many replications it shall have; None to leave them.
        size: How large its design shall be; None to leave it.

    Raises:
        StudyError: If it cannot grow so, or would shrink.

    Example:
        >>> import mesa_lab as ml
        >>> small = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, ml.Sobol(8), replications=2)
        >>> grown(small, replications=5, size=16).n_runs
        80
    """
    changes: dict[str, Any] = {}
    if replications is not None and replications != experiment.replications:
        if why_not := why_no_replications(experiment):
            raise StudyError(why_not)
        if replications < experiment.replications:
            raise StudyError(
                f"The study asks for {experiment.replications:,} replications already. Ask for more."
            )
        changes["replications"] = replications
    if size is not None:
        now = size_of(experiment)
        if now is None:
            raise StudyError(why_no_points(experiment))
        if size < now:
            raise StudyError(f"The study has {now:,} points already. Ask for more.")
        if size > now:
            changes["design"] = dataclasses.replace(experiment.design, size=size)  # type: ignore[type-var]
    return experiment.replace(**changes) if changes else experiment
