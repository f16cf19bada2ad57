"""Carry out a search, here or in a process of its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ExperimentError, StudyMismatchError
from mesa_lab.preparation.settings import RUN_WORDS, check_flag, explain_keywords
from mesa_lab.running.driver import Ending, drive
from mesa_lab.running.progress_bar import check_progress
from mesa_lab.running.worker_settings import check_backend, check_n_jobs
from mesa_lab.search.loop import Loop
from mesa_lab.search.search import Search
from mesa_lab.study import Study

if TYPE_CHECKING:
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Writer

__all__ = ["drive_search", "search", "search_of", "study_for"]


@explain_keywords("search", RUN_WORDS)
def search(
    search: Search,
    path: str | Path | None = None,
    *,
    n_jobs: int = -1,
    backend: str = "loky",
    progress: bool | str = True,
    retry_failed: bool = False,
    overwrite: bool = False,
) -> Results:
    """Carry out a search and return its results.

    What it asks for and what came out is kept on disk. Run it again after an interruption, and it goes on as if there had
    been none; with a larger budget, it goes on from where it ended.

    Args:
        search: What is searched, and how.
        path: The study file, which is made, or gone on with when it is there. None keeps the results in a temporary file, for as
            long as they are in use.
        n_jobs: Worker processes; -1 for one on each core. What is asked for does not depend on it.
        backend: Where to run, as in `mesa_lab.run`.
        progress: Show what is done and the best so far; or how: "terminal", "lines" or "notebook".
        retry_failed: Run runs that failed or timed out before once more.
        overwrite: Start anew, in the place of a study that is there.

    Returns:
        The results of all runs in the study: it is a study like any other.

    Raises:
        ExperimentError: If it is no search, or a setting makes no sense.
        ModelError: If the model cannot be found.
        OutcomeError: If there is nothing of that name to measure.
        StudyMismatchError: If the study holds runs of something else.
        StudyBusyError: If another process is running this study.
        KeyboardInterrupt: After Ctrl-C, once the runs that are done are on disk.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": ml.Real(0.5, 0.9)}, max_steps=5)
        >>> method = ml.Optimise("happy", goal="max", engine="random")
        >>> len(ml.search(ml.Search(experiment, method, budget=8), n_jobs=1, progress=False).runs)
        8
    """
    n_jobs, backend = check_n_jobs(n_jobs), check_backend(backend)
    overwrite, retry_failed = check_flag("overwrite", overwrite), check_flag("retry_failed", retry_failed)
    check_progress(progress)
    if not isinstance(search, Search):
        raise ExperimentError(
            f"search takes a Search, not {search!r:.80}. Make one: Search(experiment, Optimise('loss'), budget=240)."
        )
    search.check()
    study = study_for(search, path, overwrite=overwrite)
    ending = drive_search(
        study, search, n_jobs=n_jobs, backend=backend, progress=progress, retry_failed=retry_failed
    )
    for notice in (*study.notices, *ending.notices):
        warnings.warn(notice, stacklevel=3)  # search's caller: search is wrapped
    if ending.how == "interrupted":
        raise KeyboardInterrupt(ending.message)
    from mesa_lab.processing.results import Results

    return Results(study)


def study_for(search: Search, path: str | Path | None = None, *, overwrite: bool = False) -> Study:
    """Return the study in which a search is carried out: made, or opened to go on.

    Raises:
        StudyMismatchError: If the file holds runs of something else.
        StudyBusyError: If another process drives the study.
    """
    return Study.for_search(
        search.experiment, search.to_plain(), path, budget=search.budget_runs, overwrite=overwrite
    )


def search_of(study: Study) -> Search:
    """Return the search that a study is of.

    Raises:
        StudyMismatchError: If it is none.
    """
    state = study.search
    if state is None:
        raise StudyMismatchError(f"'{study.path}' is no search, but a study of a fixed design.")
    return Search.from_plain(study.described_experiment, state.search)


def drive_search(
    study: Study,
    search: Search | None = None,
    *,
    n_jobs: int = -1,
    backend: str = "loky",
    progress: bool | str = True,
    retry_failed: bool = False,
    token: str | None = None,
    on_start: Callable[[Writer], None] | None = None,
) -> Ending:
    """Carry a search on in this process until it has ended, or somebody asks it to stop.

    Args:
        study: The study, from `study_for`.
        search: What is searched; None for what the study says.
        n_jobs: Worker processes; -1 for one per processor.
        backend: Where to run.
        progress: Whether to show it; or how.
        retry_failed: Run again what failed or timed out.
        token: Name for the study's lease, when another process waits for it.
        on_start: Called once the lease is taken.

    Raises:
        ExperimentError: If what the method needs is not installed here, and it has not ended.
    """
    search = search or search_of(study)
    if study.search is None or not study.search.over:
        search.method.require()  # else the study would say for ever that the search ended for it
    options: dict[str, Any] = {"token": token, "on_start": on_start}
    return drive(
        study,
        n_jobs=n_jobs,
        backend=backend,
        progress=progress,
        retry_failed=retry_failed,
        planner=Loop(study, search),
        **options,
    )
