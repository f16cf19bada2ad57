"""`mesa-lab run`, `resume` and `retry`: carry out a study here, or in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesa_lab.cli.check import note_damage
from mesa_lab.cli.console import json_option, model_name, note, quoted, say, show_json
from mesa_lab.formatting import plural

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.running.driver import Ending
    from mesa_lab.search.search import Search
    from mesa_lab.study import Shard, Study, StudyStatus

__all__ = ["resume", "retry", "run"]

_SOME_FAILED = 3
_INTERRUPTED = 130


def _check_backend(context: click.Context, parameter: click.Parameter, backend: str) -> str:
    """Refuse what is neither a backend nor an address."""
    from mesa_lab.errors import RunError
    from mesa_lab.running.worker_settings import check_backend

    try:
        return check_backend(backend)
    except RunError as error:
        raise click.BadParameter(str(error)) from error


def _check_jobs(context: click.Context, parameter: click.Parameter, jobs: int) -> int:
    """Refuse no workers at all."""
    if jobs == 0:
        raise click.BadParameter("0 workers run nothing. Write how many, or -1 for one on each core.")
    return jobs


def _how_to_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a study is run, and never what."""
    options = [
        click.option(
            "-j",
            "--jobs",
            type=int,
            callback=_check_jobs,
            default=-1,
            help="Worker processes; by default one for each core.",
        ),
        click.option(
            "--backend",
            metavar="NAME",
            callback=_check_backend,
            default="loky",
            show_default=True,
            help="Where to run: loky (processes here), sequential, threading, dask, ray, or a cluster's address "
            "such as tcp://node1:8786.",
        ),
        click.option("--detach", is_flag=True, help="Run in the background and return at once."),
        click.option("-q", "--quiet", is_flag=True, help="Show no progress."),
        json_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _read_shard(context: click.Context, parameter: click.Parameter, text: str | None) -> Shard | None:
    """Read text such as `2/8`."""
    from mesa_lab.errors import StudyError
    from mesa_lab.study import Shard

    try:
        return None if text is None else Shard.parse(text)
    except StudyError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("study", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("-r", "--replications", type=click.IntRange(min=1), help="Take the place of the file's.")
@click.option("--max-steps", type=click.IntRange(min=0), help="Take the place of the file's.")
@click.option("--seed", type=click.IntRange(min=0), help="Take the place of the file's.")
@click.option(
    "--budget",
    metavar="RUNS|TIME",
    help="Of a search: take the place of the file's, such as 480 or '20 min'.",
)
@click.option("--retry-failed", is_flag=True, help="Run runs that failed before once more.")
@click.option("--overwrite", is_flag=True, help="Throw away the results that STUDY holds, and start anew.")
@click.option("--conclude", is_flag=True, help="Say at the end what the results mean, as conclude does.")
@click.option(
    "--shard",
    metavar="K/N",
    callback=_read_shard,
    help="Run part K of N only, such as 2/8; see mesa-lab merge.",
)
@_how_to_run
def run(
    file: Path,
    study: Path | None,
    replications: int | None,
    max_steps: int | None,
    seed: int | None,
    budget: str | None,
    shard: Shard | None,
    **how: Any,
) -> None:
    """Run the experiment in FILE and keep its results in STUDY.

    STUDY is by default the name of FILE with the ending .study, in the current folder. Runs that it
    holds already are kept: the same command goes on after an interruption, and with more
    replications or points it runs only the new ones.

    A FILE with a table [search] is a search: its method decides what runs next, until its budget is used up or its question
    is answered. With a larger --budget it goes on.

    With --shard, one of several machines runs its part of the runs, by default into a study such as
    wolf_sheep-2-of-8.study. The parts are alike in size; to put
    them together, see mesa-lab merge.

    \b
    Examples:
      mesa-lab run wolf_sheep.toml
      mesa-lab run wolf_sheep.toml --replications 30
      mesa-lab run wolf_sheep.toml first_try.study --max-steps 20 -j 1
      mesa-lab run wolf_sheep.toml --detach; mesa-lab status wolf_sheep.study --watch
      mesa-lab run wolf_sheep.toml --backend tcp://node1:8786
      mesa-lab run wolf_sheep.toml --shard 2/8
      mesa-lab run best_wolves.toml --budget 480
    """
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.experiment_file.read import read_with_search

    changes = {"replications": replications, "max_steps": max_steps, "seed": seed}
    experiment, settings = read_with_search(file, Experiment)
    experiment = experiment.replace(**{name: value for name, value in changes.items() if value is not None})
    if settings is not None:
        _run_search(file, study, experiment, settings, budget, shard, **how)
        return
    if budget is not None:
        raise click.UsageError(f"--budget is for searches, and {file} has no table [search].")
    part = "" if shard is None else f"-{shard.number}-of-{shard.of}"
    _carry_out(experiment, study or Path(f"{file.stem}{part}.study"), shard=shard, **how)


@click.command()
@click.argument("study", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--shard", metavar="K/N", callback=_read_shard, help="Make sure that STUDY is this shard.")
@_how_to_run
def resume(study: Path, shard: Shard | None, **how: Any) -> None:
    """Run what is missing in STUDY.

    A study that is paused goes on in the process that holds it. A shard remains the shard that it is.

    \b
    Examples:
      mesa-lab resume wolf_sheep.study
      mesa-lab resume wolf_sheep.study --detach
      mesa-lab resume wolf_sheep-2-of-8.study
    """
    from mesa_lab.running import background
    from mesa_lab.search.carry_out import search_of
    from mesa_lab.study import Study

    opened = Study.open(study)
    if opened.status().state == "paused":
        status = background.proceed(study)
        say(f"{study} goes on in process {status.pid} on {status.host}.")
        return
    search = None if opened.search is None else search_of(opened)
    _carry_out(opened.described_experiment, study, search=search, shard=shard, **how)


@click.command()
@click.argument("study", type=click.Path(dir_okay=False, path_type=Path))
@_how_to_run
def retry(study: Path, **how: Any) -> None:
    """Run the failed runs of STUDY once more.

    Those that timed out too, and those that have no result yet.

    \b
    Examples:
      mesa-lab retry wolf_sheep.study
      mesa-lab retry wolf_sheep.study -j 1 --json
    """
    from mesa_lab.search.carry_out import search_of
    from mesa_lab.study import Study

    opened = Study.open(study)
    search = None if opened.search is None else search_of(opened)
    _carry_out(opened.described_experiment, study, search=search, retry_failed=True, **how)


def _run_search(
    file: Path,
    study: Path | None,
    experiment: Experiment,
    settings: dict[str, Any],
    budget: str | None,
    shard: Shard | None,
    **how: Any,
) -> None:
    """Run the search that a file describes."""
    from mesa_lab.errors import MesaLabError
    from mesa_lab.search.search import Search

    if shard is not None:
        raise click.UsageError(
            "A search cannot be split into shards: what it runs next depends on all results."
        )
    if budget is not None:
        settings = {**settings, "budget": int(budget) if budget.isdigit() else budget}
    try:
        search = Search.from_plain(experiment, settings)
    except MesaLabError as error:
        raise type(error)(f"{file}: [search]: {error}") from None
    _carry_out(experiment, study or Path(f"{file.stem}.study"), search=search, **how)


def _carry_out(
    experiment: Experiment,
    path: Path,
    *,
    search: Search | None = None,
    jobs: int,
    backend: str,
    detach: bool,
    quiet: bool,
    as_json: bool,
    retry_failed: bool = False,
    overwrite: bool = False,
    shard: Shard | None = None,
    conclude: bool = False,
) -> None:
    from mesa_lab.running import background
    from mesa_lab.study.database import connection

    if conclude and detach:
        raise click.UsageError(
            "--detach returns before there are results: ask for conclusions later, by mesa-lab conclude."
        )
    connection.check_new_name(path)
    (search or experiment).check()
    if not as_json:
        _announce(search or experiment, path, shard, retry_failed=retry_failed, overwrite=overwrite)
    study = _study(experiment, search, path, overwrite=overwrite, shard=shard)
    for notice in study.notices:
        note(f"Note: {notice}")
    if detach:
        _show_launched(
            path, background.launch(path, n_jobs=jobs, backend=backend, retry_failed=retry_failed), as_json
        )
        return
    ending = _drive(
        study, search, n_jobs=jobs, backend=backend, progress=not quiet, retry_failed=retry_failed
    )
    for notice in ending.notices:
        note(f"Note: {notice}")
    if ending.how != "finished":
        note(ending.message)
        click.get_current_context().exit(_INTERRUPTED if ending.how == "interrupted" else 1)
    with study.snapshot():
        _show_results(study, as_json, conclude=conclude)
    if ending.status.failed or ending.status.timed_out:
        click.get_current_context().exit(_SOME_FAILED)


def _study(
    experiment: Experiment, search: Search | None, path: Path, *, overwrite: bool, shard: Shard | None
) -> Study:
    from mesa_lab.search.carry_out import study_for
    from mesa_lab.study import Study

    if search is not None:
        return study_for(search, path, overwrite=overwrite)
    return Study.for_experiment(experiment, path, overwrite=overwrite, shard=shard)


def _drive(study: Study, search: Search | None, **how: Any) -> Ending:
    from mesa_lab.running.driver import drive
    from mesa_lab.search.carry_out import drive_search

    return drive(study, **how) if search is None else drive_search(study, search, **how)


def _announce(
    what: Experiment | Search, path: Path, shard: Shard | None, *, retry_failed: bool, overwrite: bool
) -> None:
    """Say what is about to happen: how many runs, which of them, and how many are there already."""
    from mesa_lab.search.search import Search
    from mesa_lab.study import Study

    if isinstance(what, Search):
        allowed = "" if what.budget is None else f", at most {_budget(what)}"
        text = f"{model_name(what.experiment)}: a search, {what.method.described}{allowed}"
    else:
        text = (
            f"{model_name(what)}: {plural(what.n_points, 'point')} × "
            f"{plural(what.replications, 'replication')} = {plural(what.n_runs, 'run')}"
        )
    there = Study.open(path) if path.exists() and not overwrite else None
    if part := shard or (there and there.shard):
        text += f", of which this is {part.described}"
    if there is not None:
        status = there.status()
        text += f"; {path} holds {plural(status.finished, 'run')}"
        if retry_failed:
            text += f", of which {status.failed + status.timed_out:,} are run again"
    note(f"{text}.")


def _budget(search: Search) -> str:
    return plural(search.budget, "run") if isinstance(search.budget, int) else str(search.budget)


def _show_results(study: Study, as_json: bool, *, conclude: bool = False) -> None:
    from mesa_lab.cli import summary
    from mesa_lab.cli.conclude import answers_as_data, show_answers
    from mesa_lab.processing.results import Results

    status = study.status()  # it may be driven again by now
    results = Results(study)
    if as_json:
        failures = results.failures.drop(columns="traceback").to_dict("records")
        means = summary.summary_records(results)
        note_damage(results)
        answers = {"conclusions": answers_as_data(results)["conclusions"]} if conclude else {}
        show_json(
            {
                "study": study.path,
                "status": asdict(status),
                "outcomes": means,
                "failures": failures,
                **answers,
            }
        )
        return
    say()
    summary.show_summary(results)
    note_damage(results)
    say()
    if conclude:
        show_answers(results)
        say()
    summary.show_failures(study)
    say(f"{summary.ended(status)}.")
    summary.show_next_steps(study.path, status)


def _show_launched(path: Path, status: StudyStatus, as_json: bool) -> None:
    if as_json:
        show_json(asdict(status))
        return
    if not status.is_active:
        say(f"There is nothing left to run in {path}.")
        return
    say(f"{path} runs in the background, in process {status.pid}: {plural(status.pending, 'run')} to do.")
    say(f"  mesa-lab status {quoted(path)} --watch    how far it is")
    say(f"  mesa-lab pause {quoted(path)}             let running runs end and wait")
    say(f"  mesa-lab stop {quoted(path)}              end it; what is done is kept")
