"""`mesa-lab status`, `pause` and `stop`: look at a study and talk to the process that runs it, from any other."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesa_lab.cli.console import count, duration, json_option, note, number, say, show_json

if TYPE_CHECKING:
    from mesa_lab.study import Study
    from mesa_lab.study.status import StudyStatus

__all__ = ["pause", "status", "stop"]

_PATIENCE = 60.0  # seconds to wait for a driver to answer; it hears within one

_study_argument = click.argument("study", type=click.Path(dir_okay=False, path_type=Path))


@click.command()
@_study_argument
@click.option("-w", "--watch", is_flag=True, help="Go on until the study runs no more.")
@json_option
def status(study: Path, watch: bool, as_json: bool) -> None:
    """Say how far STUDY is.

    \b
    Examples:
      mesa-lab status wolf_sheep.study
      mesa-lab status wolf_sheep.study --watch
      mesa-lab status wolf_sheep.study --json
    """
    from mesa_lab.study import Study

    with Study.open(study) as opened:
        found = _watch(opened, quiet=as_json) if watch else opened.status()
        experiment = opened.experiment
    if as_json:
        show_json(asdict(found))
        return
    model = experiment.model if isinstance(experiment.model, str) else experiment.model.__name__
    say(f"{study}: {model}, {count(found.n_points, 'point')} × {count(found.replications, 'replication')}")
    say(_line(found))
    if found.message:
        say(found.message)
    if found.started:
        say(f"Started {found.started}, last written {found.updated or 'never'}")
    if found.pending and not found.is_active:
        note(f"Go on with: mesa-lab resume {study}")
    elif found.failed or found.timed_out:
        note(f"Run the failed runs again with: mesa-lab retry {study}")


def _line(found: StudyStatus) -> str:
    parts = [f"{found.state}: {found.done:,} of {count(found.n_runs, 'run')} done"]
    if found.failed:
        parts.append(f"{found.failed:,} failed")
    if found.timed_out:
        parts.append(f"{found.timed_out:,} timed out")
    if found.is_active:
        parts.append(f"process {found.pid} on {found.host}")
    if found.rate and found.state == "running":
        parts.append(f"{number(found.rate, 3)} runs a second")
    if found.seconds_left and found.state == "running":
        parts.append(f"{duration(found.seconds_left)} left")
    return ", ".join(parts)


def _watch(study: Study, *, quiet: bool) -> StudyStatus:
    """Follow a study on one line of the terminal until nothing runs it."""
    on_terminal = sys.stderr.isatty()
    last = ""
    while True:
        found = study.status()
        if not found.is_active:
            break
        line = _line(found)
        if not quiet and line != last:
            click.echo(f"\r\x1b[K{line}" if on_terminal else line, err=True, nl=not on_terminal)
            last = line
        time.sleep(0.5 if on_terminal else 2)
    if on_terminal and last and not quiet:
        click.echo("\r\x1b[K", err=True, nl=False)
    return found


@click.command()
@_study_argument
def pause(study: Path) -> None:
    """Start no more runs of STUDY until it is resumed.

    Runs under way come to their end. `mesa-lab resume` goes on.

    \b
    Example:
      mesa-lab pause wolf_sheep.study
    """
    found = _ask(study, "pause", until="paused")
    say(f"Paused: {found.done:,} of {count(found.n_runs, 'run')} done. Go on with: mesa-lab resume {study}")


@click.command()
@_study_argument
def stop(study: Path) -> None:
    """End the process that runs STUDY.

    Its workers end with it. What is done is kept, and `mesa-lab resume` goes on.

    \b
    Example:
      mesa-lab stop wolf_sheep.study
    """
    found = _ask(study, "stop", until="stopped")
    say(f"Stopped: {found.done:,} of {count(found.n_runs, 'run')} done. Go on with: mesa-lab resume {study}")


def _ask(path: Path, request: str, until: str) -> StudyStatus:
    """Leave a request in the study and wait until its driver has carried it out."""
    from mesa_lab.errors import StudyError
    from mesa_lab.study import Study

    with Study.open(path) as study:
        found = study.status()
        if not found.is_active:
            raise StudyError(f"Nothing to {request}: no process runs '{path}' ({_line(found)}).")
        study.ask(request)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = study.status()
            if found.state == until or not found.is_active:
                return found
            time.sleep(0.1)
    raise StudyError(
        f"'{path}' was asked to {request} and has not answered for {_PATIENCE:.0f} s. "
        f"It runs in process {found.pid} on {found.host}; long runs end before it pauses."
    )
