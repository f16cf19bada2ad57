"""Whether a study still belongs to the design: what changed since it was made, in words.

Changing something earlier in the steps does not touch what ran; it only makes it another experiment's.
That is said where it matters, with what differs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import solara

from mesa_lab.app.components.html import icon, tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import listing

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["GROWING", "Made", "Stale", "changes", "is_another", "use_made"]

GROWING: Final = {"replications", "design", "seeds"}
"""What may change in a study without making it another one."""

_WORDS: Final = {
    "max_steps": "steps",
    "max_time": "simulated time",
    "stop_when": "stop rule",
    "timeout": "time limit",
    "period": "collection period",
    "agents": "agent data",
    "seeds": "list of seeds",
    "on_error": "what an error of an outcome costs",
    "common_random_numbers": "common random numbers",
}
MOST: Final = 4


@dataclass(frozen=True, eq=False)
class Made:
    """A study as far as its steps go.

    Attributes:
        name: What it is called.
        state: "new", "running", "finished" …
        experiment: What it was made from.
        searched: Whether its points and replications come from a search.
    """

    name: str
    state: str
    experiment: Experiment
    searched: bool = False


_FOUND: Final = ("design", "replications", "seeds", "correlations")
"""What a search finds itself, or puts aside."""


def changes(old: Experiment, new: Experiment, *, searched: bool = False) -> list[str]:
    """Return what differs between two experiments, in words; nothing when they are equal.

    Args:
        old: What a study was made from.
        new: What the design page holds.
        searched: Whether the study is a search, which finds its points and replications itself.

    Example:
        >>> import mesa_lab as ml
        >>> one = ml.Experiment("mesa.examples:Schelling", {"density": [0.5, 0.8]}, replications=3)
        >>> changes(one, one.replace(replications=5, parameters={"density": [0.5, 0.9]}))
        ['density', 'replications']
    """
    from mesa_lab.preparation.models import reference_of

    if reference_of(old.model) != reference_of(new.model):
        return ["the model"]
    one, other = old.space.parameters, new.space.parameters
    names = [
        name for name in {**one, **other} if name not in one or name not in other or one[name] != other[name]
    ]
    if not names and list(old.space.varied) != list(new.space.varied):
        names.append("the order of the parameters")
    apart = ("model", "parameters", "question", *(_FOUND if searched else ()))
    rest = [field.name for field in fields(old) if field.name not in apart]
    names += [_WORDS.get(name, name) for name in rest if getattr(old, name) != getattr(new, name)]
    return names


def is_another(made: Made | None, experiment: Experiment | None) -> bool:
    """Tell whether an experiment can only be run as a study of its own: the one at hand cannot grow into it."""
    if made is None or experiment is None:
        return False
    return not set(changes(made.experiment, experiment, searched=made.searched)) <= GROWING


def use_made(workspace: Workspace | None, key: str, version: object) -> Made | None:
    """Return what the study at hand was made from, read in the background; a hook.

    Args:
        workspace: The studies of the user.
        key: The study's key, empty for none.
        version: When it changes, the study is looked at again.
    """

    def read() -> Made | None:
        from mesa_lab.study import Study

        if not key or workspace is None:
            return None
        try:
            ref = workspace.find(key)
        except MesaLabError:  # deleted or renamed meanwhile: what was known of it no longer holds
            return None
        with Study.open(ref.path) as study, study.snapshot():
            return Made(ref.name, study.status().state, study.experiment, study.search is not None)

    return use_fresh(read, version, topic=key).value


@solara.component
def Stale(made: Made, changed: list[str]) -> None:
    """Say that a study was made from an earlier design."""
    said = listing(changed, MOST)
    with tag("div", "ml-notice", role="status"):
        with tag("span"):
            icon("mdi-history")
            tag(
                "span",
                "",
                f" The study “{made.name}” was made from an earlier design; its runs and results stay as they are. ",
            )
            tag("span", "ml-quiet", f"Changed since: {said}.")
        with PageLink("/run", classes=["ml-button"]):
            tag("span", "", "To the runs")
