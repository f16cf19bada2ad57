"""Where the study of a session is, beside the study that is explored; how both are read, and the one is made."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from mesa_lab.errors import StudyError
from mesa_lab.exploring.remembered import Remembered, read_remembered
from mesa_lab.search.methods.by_hand import ByHand
from mesa_lab.search.search import Search
from mesa_lab.study import Study

if TYPE_CHECKING:
    from mesa_lab.exploring.dials import Dial
    from mesa_lab.exploring.measured import Measured
    from mesa_lab.exploring.surfaces import Surfaces
    from mesa_lab.preparation.experiment import Experiment

__all__ = ["opened", "read_base", "read_notes", "read_own", "read_search", "session_of"]


def session_of(path: Path) -> tuple[Experiment, Path, Path | None]:
    """Return how a study is explored.

    Args:
        path: Any study, also one of a session.

    Returns:
        Its experiment; the file of the session, which need not be there yet; the other study whose results are used, None for none
        or where the study of that name is one of another experiment.

    Raises:
        StudyError: If there is no such study.
    """
    with Study.open(path) as study:
        described, state = study.described_experiment, study.search
    if state is not None and state.search.get("method") == ByHand.name:
        base = _beside(path, state.search.get("study"))
        if base is not None:
            with Study.open(base) as study:
                base = base if _run_alike(described, study.described_experiment) else None
        return described, path, base
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


def read_search(path: Path, found: Path, measured: Measured) -> None:
    """Read the results of a search that a session handed over to; those of another experiment are left out.

    Args:
        path: The study of the session.
        found: The study of the search.
        measured: Takes the results in.

    Raises:
        StudyError: If there is no such study.
    """
    with Study.open(path) as own, Study.open(found) as study:
        if _run_alike(own.described_experiment, study.described_experiment):
            measured.read(study)


def _run_alike(one: Experiment, other: Experiment) -> bool:
    """Whether a setting and a number mean the same run in both: the same model, seeds, fixed parameters and way to run it."""
    return all(
        of(one) == of(other)
        for of in (
            lambda each: str(each.model),
            lambda each: (each.seed, each.common_random_numbers, each.seeds),
            lambda each: dict(each.space.fixed),
            lambda each: each.protocol,
        )
    )


def opened(path: Path, experiment: Experiment, base: Path | None, *, was_there: bool = False) -> Study:
    """Open the study of a session, made when there is none yet.

    Raises:
        StudyError: If there was one and somebody has deleted or renamed it: it is not made again.
    """
    if path.exists():
        return Study.open(path)
    if was_there:
        raise StudyError(
            f"The study '{path.stem}' of this session was deleted or renamed. Begin a new one to explore on."
        )
    search = Search(experiment, ByHand(base.name if base is not None else ""))
    path.parent.mkdir(parents=True, exist_ok=True)
    return Study.for_search(experiment, search.to_plain(), path)


def read_base(path: Path, measured: Measured, surfaces: Surfaces) -> None:
    """Read the results of the study that is explored."""
    with Study.open(path) as study:
        measured.read(study)
        common = study.described_experiment.common_random_numbers
    if common:
        surfaces.read_shared(path)


def read_notes(path: Path, dials: tuple[Dial, ...]) -> Remembered:
    """Read what a session has noted beside its runs.

    Raises:
        StudyError: If that study is no session of exploring.
    """
    with Study.open(path) as study:
        state = study.search
        if state is None or state.search.get("method") != ByHand.name:
            raise StudyError(
                f"'{path.name}' is no session of exploring: its points were not chosen by hand. Give another name."
            )
        return read_remembered(study.batches, dials)


def read_own(path: Path, measured: Measured, searches: tuple[str, ...] = ()) -> None:
    """Read the results of a session, and before them those of the searches that it handed over to.

    Args:
        path: The study of the session.
        measured: Takes the results in.
        searches: Names of files beside it. One that leads elsewhere, is gone, cannot be read, or holds runs of something else is passed over:
            the names come from the file, which may be anybody's.
    """
    for name in searches:
        found = _beside(path, name)
        if found is not None:
            with suppress(StudyError):
                read_search(path, found, measured)
    with Study.open(path) as study:
        if study.outcome_names or study.status().finished:
            measured.read(study)
