"""`mesa-lab check` and `rescue`: is a study file whole, and what can be saved of one that is not.

And what commands that show results say when they are not those that were written.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesa_lab.cli.console import note, say
from mesa_lab.formatting import duration, plural

if TYPE_CHECKING:
    from mesa_lab.processing.results import Results

__all__ = ["check", "note_damage", "rescue"]

_SECONDS_PER_RUN = 4e-6
_SECONDS_PER_BYTE = 5e-9
_LONG = 3.0

_study_argument = click.argument("study", type=click.Path(dir_okay=False, path_type=Path))


def note_damage(results: Results) -> None:
    """Say when something was read of a study that is not what was written."""
    if results.damage:
        note(f"Warning: {results.damage}")


@click.command()
@_study_argument
def check(study: Path) -> None:
    """Say whether STUDY is whole.

    All of the file is looked at: every run, series and agents' data, and what SQLite keeps of its own.
    Damage is said with the runs concerned, and ends the command with exit code 1. Nothing is changed.

    \b
    Example:
      mesa-lab check wolf_sheep.study
    """
    from mesa_lab.errors import StudyFormatError
    from mesa_lab.study import Study

    with Study.open(study) as opened:
        with suppress(StudyFormatError):  # the check says more
            runs = opened.status().finished
            seconds = runs * _SECONDS_PER_RUN + study.stat().st_size * _SECONDS_PER_BYTE
            if seconds > _LONG:
                note(f"Looking at {plural(runs, 'run')}: about {duration(seconds)}.")
        checked = opened.check()
    say(f"{study} is whole: {plural(checked.runs, 'run')}, with all that they left behind.")
    if checked.unknown:
        unknown = plural(checked.unknown, "run")
        note(
            f"Note: an older version wrote {unknown} without digests; whether their results changed cannot be told."
        )


@click.command()
@_study_argument
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The new study."
)
def rescue(study: Path, output: Path) -> None:
    """Save what is whole of a damaged STUDY into a new one.

    A run is saved with all that belongs to it, or not at all. Nothing happens to STUDY. Going on with
    the new study runs again what is missing, with the same seeds.

    \b
    Example:
      mesa-lab rescue wolf_sheep.study -o wolf_sheep-rescued.study
      mesa-lab resume wolf_sheep-rescued.study
    """
    from mesa_lab.cli import summary
    from mesa_lab.study import Study
    from mesa_lab.study.damage.rescue import rescue as save

    saved = save(study, output)
    lost = f"; {plural(saved.lost, 'run')} could not be saved" if saved.lost else ""
    say(f"Saved {plural(saved.runs, 'run')} of {study} into {output}{lost}.")
    with Study.open(output) as opened:
        status = opened.status()
    say(f"{summary.ended(status)}.")
    summary.show_next_steps(output, status)
