"""Where the study of a session is: beside the study that is explored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesa_lab.search.methods.by_hand import ByHand
from mesa_lab.study import Study

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["session_of"]


def session_of(path: Path) -> tuple[Experiment, Path, Path | None]:
    """Return how a study is explored.

    Args:
        path: Any study, also one of a session.

    Returns:
        Its experiment; the file of the session, which need not be there yet; the other study whose results are used, None for none.

    Raises:
        StudyError: If there is no such study.
    """
    with Study.open(path) as study:
        described, state = study.described_experiment, study.search
    if state is not None and state.search.get("method") == ByHand.name:
        return described, path, _beside(path, state.search.get("study"))
    number, own = 1, path.with_name(f"{path.stem}_explore{path.suffix}")
    while own.exists() and not _is_of(own, path.name):
        number += 1
        own = path.with_name(f"{path.stem}_explore_{number}{path.suffix}")
    return described, own, path


def _beside(path: Path, name: object) -> Path | None:
    """Return the study of a name in the folder of another; a name that leads elsewhere is none."""
    if not isinstance(name, str) or not name or Path(name).name != name:
        return None
    found = path.with_name(name)
    return found if found.is_file() and found != path else None


def _is_of(path: Path, base: str) -> bool:
    """Whether a study is a session of exploring another one."""
    with Study.open(path) as study:
        state = study.search
    return (
        state is not None and state.search.get("method") == ByHand.name and state.search.get("study") == base
    )
