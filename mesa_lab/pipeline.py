"""Where the stages meet: carry out an experiment and get its results; open a study and get its results.

The only place that knows both running and processing, and it holds nothing else.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesa_lab.errors import ExperimentError, OutcomeError, StudyError
from mesa_lab.files import path_of
from mesa_lab.formatting import plural
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.run_configuration import RunConfiguration
from mesa_lab.preparation.settings import EXPERIMENT_WORDS, RUN_WORDS, check_flag, explain_keywords
from mesa_lab.running.progress_bar import check_progress
from mesa_lab.running.worker_settings import check_backend, check_n_jobs
from mesa_lab.study import Shard, Study
from mesa_lab.study import merge as merge_studies
from mesa_lab.study.database import connection

if TYPE_CHECKING:
    from mesa_lab.processing.analysis.conclusion import Conclusion
    from mesa_lab.processing.results import Results
    from mesa_lab.viewing.notebook import RunView

__all__ = ["OpenStudy", "compare", "merge", "open_study", "run", "trial_spread"]


class OpenStudy(Study):
    """A study with its results at hand."""

    @property
    def results(self) -> Results:
        """What its runs have left behind by now; ask again while it runs, and there is more."""
        from mesa_lab.processing.results import Results

        return Results(self)

    def rebuild(self, run_id: int, step: int | None = None) -> Any:
        """Run the model of a run again and return it as it was after a step; `Results.rebuild` says more.

        Raises:
            RunError: If the run has no result, or did not come to that step.
            NotAllowedError: If the model's code may not be loaded here.
        """
        from mesa_lab.running.one_run import rebuild_run

        return rebuild_run(self, run_id, step)

    def watch(self, run_id: int, step: int = 0) -> RunView:
        """Show a run in a notebook; `Results.watch` says more.

        Raises:
            StudyError: If there is no such run.
            NotAllowedError: If the model's code may not be loaded here.
        """
        from mesa_lab.viewing.notebook import watch_run

        return watch_run(self, run_id, step)


def open_study(path: str | Path) -> OpenStudy:
    """Open a study file, also while it is being run. Nothing in it is executed.

    Args:
        path: The study file.

    Returns:
        The study: `.results`, `.experiment`, `.status()`, `.sessions`.

    Raises:
        StudyError: If there is none, or it may not be read.
        StudyFormatError: If the file is no study, is damaged, or comes from a newer version.

    Example:
        >>> open_study("wolves.study").results.aggregate("Wolves")  # doctest: +SKIP
    """
    return OpenStudy(path)


@explain_keywords("run", RUN_WORDS, lambda word, given: _elsewhere(word, given))
def run(
    experiment: Experiment,
    path: str | Path | None = None,
    *,
    n_jobs: int = -1,
    backend: str = "loky",
    progress: bool | str = True,
    retry_failed: bool = False,
    overwrite: bool = False,
    shard: tuple[int, int] | str | None = None,
) -> Results:
    """Carry out an experiment and return its results.

    Results are kept on disk as they come. Run it again after an interruption, or with more replications or points, and
    only what is missing runs. Failed runs are data: see `Results.failures`.

    Args:
        experiment: What to run.
        path: The study file, which is made, or gone on with when it is there. None keeps the results in a temporary
            file, for as long as they are in use.
        n_jobs: Worker processes; -1 for one on each core, as in joblib.
        backend: Where to run: "loky" (processes on this machine), "sequential" or "threading"; "dask" or "ray" for the
            cluster in use (an active `Client`, an initialised ray), or one on this machine where there is none; or the
            address of a cluster, such as "tcp://node1:8786". A cluster uses all the workers that it has.
        progress: Show what is done, what failed, and the time left; or how: "terminal", "lines" or "notebook".
        retry_failed: Run runs that failed or timed out before once more.
        overwrite: Start anew, in the place of a study that is there.
        shard: Run only this part, such as (2, 8) or "2/8" for the second of eight, into a study of its own: for machines that
            know nothing of each other. `merge` puts the parts together.

    Returns:
        The results of all runs in the study.

    Raises:
        ExperimentError: If it is no experiment, or its stop rule speaks of something that the model does not have.
        ModelError: If the model cannot be found.
        ParameterError: If the model does not take a parameter.
        OutcomeError: If there is nothing of that name to measure.
        StudyMismatchError: If the study holds runs of an unlike experiment, or is not the shard that is asked for.
        RunError: If the cluster is not there, or the workers cannot load the model.
        StudyBusyError: If another process is running this study.
        KeyboardInterrupt: After Ctrl-C, once the runs that are done are on disk.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=2, max_steps=5)
        >>> len(run(experiment, progress=False).runs)
        4
    """
    n_jobs, backend = check_n_jobs(n_jobs), check_backend(backend)
    overwrite, retry_failed = check_flag("overwrite", overwrite), check_flag("retry_failed", retry_failed)
    check_progress(progress)
    part = _shard(shard)
    if path is not None:
        path = path_of(path, "study", StudyError)
        connection.check_new_name(path)
    if backend == "loky" and (path is None or overwrite or not path.exists()):
        from mesa_lab.running.workers.process import warm_up

        warm_up()
    from mesa_lab.running.driver import drive  # imports much; the worker has begun meanwhile

    if not isinstance(experiment, Experiment):
        raise ExperimentError(f"run takes an Experiment, not {experiment!r:.80}.{_how_instead(experiment)}")
    experiment.check()
    study = OpenStudy.for_experiment(experiment, path, overwrite=overwrite, shard=part)
    ending = drive(study, n_jobs=n_jobs, backend=backend, progress=progress, retry_failed=retry_failed)
    for notice in (*study.notices, *ending.notices):
        warnings.warn(notice, stacklevel=3)  # run's caller: run is wrapped
    if progress is False and (failed := _failed(study)):
        warnings.warn(failed, RuntimeWarning, stacklevel=3)
    if ending.how == "interrupted":
        raise KeyboardInterrupt(ending.message)
    return study.results


def _failed(study: Study) -> str:
    """Say how many runs failed and why the first kind did, for who sees no progress; empty when none did."""
    status = study.status()
    count = status.failed + status.timed_out
    if not count:
        return ""
    kinds = study.failure_kinds(latest=1)
    first = kinds[0].latest[0] if kinds else None
    why = ""
    if first is not None:
        line = first.message.strip().partition("\n")[0]
        why = f"; run {first.run_id}: {kinds[0].error_type}: {line}".rstrip(": ")
    return f"{count:,} of {plural(status.finished, 'run')} failed or timed out{why}. See results.failures."


def _how_instead(given: object) -> str:
    """What to write instead of something that is no experiment."""
    if isinstance(given, type):
        return f" Make one: Experiment({given.__name__}, {{parameter: values}})."
    if isinstance(given, Study):
        return f" Give the study's experiment and its file: run(study.experiment, {str(given.path)!r})."
    if isinstance(given, RunConfiguration):
        return " For one run configuration: simulate(configuration)."
    if any(base.__module__.partition(".")[0] == "mesa" for base in type(given).__mro__):
        name = type(given).__name__
        return f" Give the class of the model, and what varies: Experiment({name}, {{parameter: values}})."
    if isinstance(given, list | tuple):
        return " For a list of run configurations: BatchRunner(configurations).run_all()."
    if isinstance(given, str | Path):
        return f" Read a file: Experiment.load({str(given)!r})."
    return ""


def _elsewhere(word: str, given: Mapping[str, object]) -> str:
    """Where a keyword belongs that `run` does not take: to the experiment."""
    names = [each.name for each in fields(Experiment)]
    name = word if word in names else None if word in RUN_WORDS else EXPERIMENT_WORDS.get(word)
    if name is None:
        return ""
    return f"It belongs to the experiment: run(experiment.replace({name}=...))."


def _shard(given: object) -> Shard | None:
    if given is None or isinstance(given, Shard):
        return given
    if isinstance(given, tuple | list) and len(given) == 2:
        return Shard(*given)
    return Shard.parse(str(given))


def compare(
    old: str | Path | Study | Results,
    new: str | Path | Study | Results,
    outcomes: str | Iterable[str] | None = None,
    *,
    margin: float = 0.03,
    tolerance: float = 0.0,
    level: float = 0.95,
) -> Conclusion:
    """Did the model change? Compare two studies of one experiment, such as with two versions of the code, of Mesa or of Python.

    Runs of the same point and seed are compared with each other: what they gave, whether they came to their end, and how long
    set-up and run took.

    Args:
        old: A study file, a study, or its results.
        new: The other one.
        outcomes: Which outcomes; None for all that both have.
        margin: A change of time up to this share does not matter.
        tolerance: Values that differ by no more than this share of the larger one count as equal, for results of other
            processors; 0 asks for the same values.
        level: Level of the intervals.

    Returns:
        A conclusion. Its `table` has one row per outcome and one for each time over all points and at each point: `measure, point,
        n_pairs, n_equal, n_differ, old, new, difference, low, high, unit, mark`; the mark is "equal", "differs" or "differs run by run"
        (with no difference on average) for outcomes, "faster", "same", "slower" or "too few pairs" for times. `tables` hold
        "outcomes", "times", "differences" (each value that differs, with its runs) and "surroundings" (versions and machine);
        `values["changed"]` says whether anything changed.

    Raises:
        ConclusionError: If the studies are of different experiments, or no run is done in both.
        OutcomeError: If an outcome is unknown in one of them, or a number is out of range.
        StudyError: If there is no such study.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=3, max_steps=5)
        >>> old, new = (ml.run(experiment, progress=False, n_jobs=1) for _ in range(2))
        >>> compare(old, new).values["outcomes_changed"]
        False
    """
    from mesa_lab.processing.analysis.versions.comparison import compare_versions

    if outcomes is not None and not isinstance(outcomes, Iterable):
        raise OutcomeError(f"outcomes is {outcomes!r:.80}. Name outcomes, such as ['happy'].")
    names = outcomes if outcomes is None or isinstance(outcomes, str) else list(outcomes)
    return compare_versions(
        _results_of(old), _results_of(new), names, margin=margin, tolerance=tolerance, level=level
    )


def _results_of(given: object) -> Results:
    from mesa_lab.processing.results import Results

    if isinstance(given, Results):
        return given
    if isinstance(given, Study):
        return Results(given)
    if isinstance(given, str | Path):
        return open_study(given).results
    raise StudyError(f"compare takes two study files, studies or results, not {given!r:.80}.")


def merge(
    studies: str | Path | Iterable[str | Path], path: str | Path, *, overwrite: bool = False
) -> Results:
    """Merge studies of one experiment, such as its shards, into one study, and return its results.

    The merged study is the one that a single machine would have made. Its inputs are only read. A merged study that is
    there already is merged too, so that the same call takes in what has come since.

    Args:
        studies: Study files; a pattern such as `"wolves-*-of-8.study"` stands for all that it matches.
        path: The merged study.
        overwrite: Throw away a study that is at `path`, instead of merging it too.

    Returns:
        The results of all runs. A warning says what is missing.

    Raises:
        StudyMismatchError: If they are of different experiments, or have different results for the same run.
        StudyBusyError: If the study at `path` is being run.
        StudyFormatError: If one is no study, or damaged.
        StudyError: If there is nothing to merge, or the new study cannot be written.

    Example:
        >>> merge("wolves-*-of-8.study", "wolves.study").aggregate("Wolves")  # doctest: +SKIP
    """
    merged = merge_studies(studies, path, overwrite=overwrite)
    for notice in merged.notices:
        warnings.warn(notice, stacklevel=2)
    return open_study(path).results


def trial_spread(
    experiment: Experiment,
    replications: int = 5,
    *,
    points: int = 3,
    n_jobs: int = -1,
    progress: bool = False,
) -> dict[str, float]:
    """Run a few points a few times, and return how much runs of one point differ: the basis of a preview's power.

    The runs are thrown away. `Preview.precision` says what the number of replications can tell with such a spread.

    Args:
        experiment: The experiment.
        replications: Runs of each point, 2 or more.
        points: How many of the design's points, spread over its table.
        n_jobs: Worker processes.
        progress: Whether to show how far it is.

    Returns:
        For each outcome that is a number the standard deviation between runs of a point, over the points tried.

    Raises:
        ExperimentError: If the replications are fewer than 2, or all runs failed.

    Example:
        >>> import mesa_lab as ml
        >>> experiment = ml.Experiment("mesa.examples:Schelling", {"density": [0.5, 0.8], "width": 8, "height": 8}, max_steps=1)
        >>> spread = trial_spread(experiment, 3, n_jobs=1)
        >>> spread["happy"] > 0
        True
    """
    import tempfile
    from dataclasses import replace

    import numpy as np

    from mesa_lab.preparation.designs import Table
    from mesa_lab.processing.analysis.observations import observe
    from mesa_lab.processing.statistics.summary import is_number

    if not isinstance(replications, int) or replications < 2:
        raise ExperimentError(
            f"A trial takes 2 runs of a point at least, not {replications!r}: one shows no spread."
        )
    matrix = experiment.design_matrix()
    rows = np.unique(np.linspace(0, len(matrix) - 1, min(points, len(matrix))).round().astype(int)).tolist()
    chosen = list(experiment.points())
    some = [{name: chosen[row][name] for name in matrix.columns} for row in rows]
    design = Table(some) if len(matrix.columns) else experiment.design
    trial = replace(
        experiment,
        design=design,
        replications=replications,
        seeds=None,
        constraints=(),
        correlations=None,
        claims=(),
        period=-1,
    )
    with tempfile.TemporaryDirectory(prefix="mesa-lab-trial-") as folder:
        results = run(trial, Path(folder, "trial.study"), n_jobs=n_jobs, progress=progress)
        if not results.done.any():
            raise ExperimentError(
                f"All {len(results.done)} trial runs failed: {results.failures['message'].iloc[0]}"
            )
        names = [name for name in results.outcomes if is_number(results.values(name))]
        within = {name: observe(results, name).within for name in names}
    return {name: float(np.sqrt(variance)) for name, variance in within.items() if np.isfinite(variance)}
