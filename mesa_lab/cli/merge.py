"""`mesa-lab merge`: put the studies of several machines together."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from mesa_lab.cli.console import count, json_option, note, say, show_json

__all__ = ["merge"]


@click.command()
@click.argument("studies", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The merged study."
)
@click.option(
    "--overwrite", is_flag=True, help="Throw away the study that -o names, instead of adding to it."
)
@json_option
def merge(studies: tuple[Path, ...], output: Path, overwrite: bool, as_json: bool) -> None:
    """Merge STUDIES of one experiment into one.

    They may be the shards that several machines ran: the merged study is the one that a single
    machine would have made. Nothing happens to STUDIES.
    A merged study that is there already is merged with them: the same command takes in what has
    come since. It says which shards and runs are missing, and refuses studies that do not belong
    together.

    \b
    Examples:
      mesa-lab merge wolf_sheep-*-of-8.study -o wolf_sheep.study
      mesa-lab merge *.study -o whole.study --json
    """
    from mesa_lab.cli import summary
    from mesa_lab.study import merge as merge_studies

    merged = merge_studies(studies, output, overwrite=overwrite)
    if as_json:
        show_json({"study": output, **asdict(merged)})
        return
    say(f"Merged {count(len(merged.studies), 'study').replace('studys', 'studies')} into {output}.")
    say(f"{summary.ended(merged.status)}.")
    for notice in merged.notices:
        note(f"Note: {notice}")
    summary.show_next_steps(output, merged.status)
