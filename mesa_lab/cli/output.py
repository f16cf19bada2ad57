"""`mesa-lab export` and `report`: take results out of a study."""

from __future__ import annotations

from pathlib import Path

import click

from mesa_lab.cli.console import json_option, say, show_json

__all__ = ["export", "report"]


@click.command()
@click.argument("study", type=click.Path(dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A folder, or one file.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "parquet", "excel", "json"]),
    help="By default from the file's name, or csv.",
)
@click.option("--tables", help="Which, separated by commas: runs, points, series, summary, failures, agents.")
@json_option
def export(study: Path, output: Path, format_: str | None, tables: str | None, as_json: bool) -> None:
    """Write the tables of STUDY to files.

    \b
    Examples:
      mesa-lab export wolf_sheep.study -o results/
      mesa-lab export wolf_sheep.study -o runs.parquet --tables runs
      mesa-lab export wolf_sheep.study -o wolf_sheep.xlsx
    """
    from mesa_lab.processing.export import export as write
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study

    chosen = [name.strip() for name in tables.split(",") if name.strip()] if tables else None
    written = write(Results(Study.open(study)), output, tables=chosen, format=format_)
    if as_json:
        show_json([str(path) for path in written])
        return
    for path in written:
        say(f"Wrote {path}")


@click.command()
@click.argument("study", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="By default the study's name with .html.",
)
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def report(study: Path, output: Path | None, show: bool) -> None:
    """Write the results of STUDY as one HTML page.

    It opens offline: the experiment, the design, charts, tables, failures, and how to repeat it.

    \b
    Examples:
      mesa-lab report wolf_sheep.study
      mesa-lab report wolf_sheep.study -o wolves.html --open
    """
    from mesa_lab.processing.report import write_report
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study

    path = output or study.with_suffix(".html")
    write_report(Results(Study.open(study)), path)
    say(f"Wrote {path}")
    if show:
        click.launch(str(path))
