"""`mesa-lab status`, `pause` and `stop`: look at a study and talk to the process that runs it, from any other."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesa_lab.cli.console import cell, json_option, model_name, moment, note, quoted, say, show_json
from mesa_lab.formatting import duration, plural

if TYPE_CHECKING:
    from mesa_lab.study import Study, StudyStatus

__all__ = ["pause", "status", "stop"]

_REMARKS = 5
_study_argument = click.argument("study", type=click.Path(dir_okay=False, path_type=Path))


@click.command()
@_study_argument
@click.option("-w", "--watch", is_flag=True, help="Go on until the study runs no more.")
@click.option("--failures", is_flag=True, help="Show where the failed runs failed.")
@json_option
def status(study: Path, watch: bool, failures: bool, as_json: bool) -> None:
    """Say how far STUDY is.

    \b
    Examples:
      mesa-lab status wolf_sheep.study
      mesa-lab status wolf_sheep.study --watch
      mesa-lab status wolf_sheep.study --failures
      mesa-lab status wolf_sheep.study --json
    """
    from mesa_lab.study import Study

    with Study.open(study) as opened:  # first: another file may take its place while it is watched
        if watch:
            _watch(study, quiet=as_json)
        with opened.snapshot():
            _say_how_it_stands(study, opened, failures=failures, as_json=as_json)


def _say_how_it_stands(study: Path, opened: Study, *, failures: bool, as_json: bool) -> None:
    from mesa_lab.cli.summary import show_failures
    from mesa_lab.study.run_notes import notices

    found = opened.status()
    if as_json:
        show_json(asdict(found))
        return
    name = model_name(opened.experiment)
    part = "" if found.shard is None else f", shard {found.shard[0]} of {found.shard[1]}"
    extent = f"{plural(found.n_points, 'point')} × {plural(found.replications, 'replication')}"
    if found.search is not None:
        extent = f"{plural(found.n_points, 'point')} with at most {plural(found.replications, 'replication')}"
    kind = "" if found.search is None else f", a search ({found.search})"
    say(f"{study}: {name}, {extent}{part}{kind}")
    say(_line(found))
    if found.over:
        say(found.over)
    if found.message:
        say(found.message)
    lost = notices(opened.notes(), found.finished)
    # What the last session said of values may be out of date: it is said anew.
    outcomes = tuple(f"'{each.outcome}' " for each in opened.notes() if each.is_loss)
    kept = [notice for notice in found.notices if not (outcomes and notice.startswith(outcomes))]
    remarks = [
        f"{each.note} ({plural(each.runs, 'run')})" for each in opened.notes() if each.kind == "remark"
    ]
    for notice in dict.fromkeys([*kept, *lost, *remarks[:_REMARKS]]):
        say(f"Note: {notice}")
    if found.started:
        say(f"Started {moment(found.started)}, last written {moment(found.updated)}")
    show_failures(opened, tracebacks=failures)
    if (found.pending or found.is_open) and not found.is_active:
        note(f"Go on with: mesa-lab resume {quoted(study)}")
    elif found.failed or found.timed_out:
        note(f"Run the failed runs again with: mesa-lab retry {quoted(study)}")


def _line(found: StudyStatus) -> str:
    parts = [f"{found.state}: {found.done:,} of {plural(found.n_runs, 'run')} done"]
    if found.failed:
        parts.append(f"{found.failed:,} failed")
    if found.timed_out:
        parts.append(f"{found.timed_out:,} timed out")
    if found.is_active:
        parts.append(f"process {found.pid} on {found.host}")
    if found.rate and found.state == "running":
        parts.append(f"{cell(found.rate, 3)} runs a second")
    if found.seconds_left and found.state == "running":
        parts.append(f"{duration(found.seconds_left)} left")
    return ", ".join(parts)


def _watch(path: Path, *, quiet: bool) -> None:
    """Follow a study until nothing runs it: on one line of a terminal, or a line for every change in a log."""
    from mesa_lab.running.background import watch

    on_terminal = sys.stderr.isatty()
    for found in watch(path, interval=0.5 if on_terminal else 5):
        if found.is_active and not quiet:
            click.echo(
                f"\r\x1b[K{_line(found)}" if on_terminal else _line(found), err=True, nl=not on_terminal
            )
    if on_terminal and not quiet:
        click.echo("\r\x1b[K", err=True, nl=False)


@click.command()
@_study_argument
def pause(study: Path) -> None:
    """Start no more runs of STUDY until it is resumed.

    Runs under way come to their end. `mesa-lab resume` goes on.

    \b
    Example:
      mesa-lab pause wolf_sheep.study
    """
    from mesa_lab.errors import StudyError
    from mesa_lab.running import background

    found = background.pause(study)
    if found.is_active and found.state != "paused":
        raise StudyError(
            f"'{study}' is not paused yet: the runs under way have to end first. "
            f"It starts no new ones; look again with: mesa-lab status {quoted(study)}"
        )
    _show(study, found)


@click.command()
@_study_argument
def stop(study: Path) -> None:
    """End the process that runs STUDY.

    Its workers end with it. What is done is kept, and `mesa-lab resume` goes on.

    \b
    Example:
      mesa-lab stop wolf_sheep.study
    """
    from mesa_lab.errors import StudyError
    from mesa_lab.running import background
    from mesa_lab.study import Study

    before = Study.open(study).status()
    if not before.is_active:
        raise StudyError(f"'{study}' is not being run: there is nothing to stop ({_line(before)}).")
    _show(study, background.stop(study))


def _show(path: Path, found: StudyStatus) -> None:
    say(f"{_line(found).capitalize()}.")
    if found.pending:
        say(f"Go on with: mesa-lab resume {quoted(path)}")
