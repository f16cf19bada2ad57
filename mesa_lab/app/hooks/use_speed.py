"""What a run of a model costs: as it was tried, or as its latest study recorded it; read in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesa_lab.app.hooks.use_background import use_fresh
from mesa_lab.workspace.run_time_estimate import learned

if TYPE_CHECKING:
    from mesa_lab.workspace.test_run import Speed, Trial
    from mesa_lab.workspace.workspace import Workspace

__all__ = ["use_speed"]


def use_speed(workspace: Workspace | None, model: str, trial: Trial | None) -> Speed | None:
    """Return what a run costs, None as long as nothing is known of it; a hook.

    Args:
        workspace: The studies of the user.
        model: The model's reference, empty for none.
        trial: What trying it showed, which counts before what studies recorded.
    """
    found = use_fresh(
        lambda: learned(workspace, model) if workspace is not None and model else None,
        model,
        topic=model,
    ).value
    return trial.speed if trial is not None and trial.speed is not None else found
