"""`mesa-lab export` and `report`: take tables, charts and a report out of a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesa_lab.cli.check import note_damage
from mesa_lab.cli.console import json_option, say, show_json

if TYPE_CHECKING:
    from mesa_lab.processing.results import Results

__all__ = ["export", "report"]

_study_argument = click.argument("study", type=click.Path(dir_okay=False, path_type=Path))


@click.command()
@_study_argument
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A folder, or one file.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "parquet", "excel", "json"]),
    help="Of tables; by default from the file's name, or csv.",
)
@click.option("--tables", help="Which, separated by commas: runs, points, summary, series, agents, failures.")
@click.option("--chart", help="Draw instead: series, effect, heatmap, distribution or design.")
@click.option("--outcome", help="What the chart shows; by default the first outcome.")
@click.option("--with", "options", multiple=True, metavar="NAME=VALUE", help="An option of the chart.")
@json_option
def export(
    study: Path,
    output: Path,
    format_: str | None,
    tables: str | None,
    chart: str | None,
    outcome: str | None,
    options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write tables or a chart of STUDY to files.

    Tables become CSV, Parquet, Excel or JSON; a chart becomes .png, .svg, .pdf or .html.

    \b
    Examples:
      mesa-lab export wolf_sheep.study -o results/
      mesa-lab export wolf_sheep.study -o runs.parquet --tables runs
      mesa-lab export wolf_sheep.study -o wolf_sheep.xlsx
      mesa-lab export wolf_sheep.study -o wolves.png --chart effect --outcome Wolves
      mesa-lab export forest_fire.study -o fire.svg --chart effect --with by=neighbours
    """
    from mesa_lab.processing.export.export import export as write
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study

    if chart is None and (outcome or options):
        raise click.UsageError("--outcome and --with belong to a chart; name one with --chart.")
    if chart is not None and (tables or format_):
        raise click.UsageError("--tables and --format belong to tables; leave them out with --chart.")
    results = Results(Study.open(study))
    if chart is not None:
        written = [_draw(results, output, chart, outcome, options)]
    else:
        chosen = [name.strip() for name in tables.split(",") if name.strip()] if tables else None
        written = write(results, output, tables=chosen, format=format_)
    note_damage(results)
    if as_json:
        show_json([str(path) for path in written])
        return
    for path in written:
        say(f"Wrote {path}")


def _draw(results: Results, path: Path, kind: str, outcome: str | None, options: tuple[str, ...]) -> Path:
    from mesa_lab.processing.export.export import save_chart

    chosen: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise click.UsageError(f"--with {option}: write NAME=VALUE, such as --with by=density.")
        try:
            chosen[name] = json.loads(value)  # numbers, true and false, lists
        except json.JSONDecodeError:
            chosen[name] = value
    return save_chart(results.chart(kind, outcome, **chosen), path)


@click.command()
@_study_argument
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
    from mesa_lab.processing.report.report import write_report
    from mesa_lab.processing.results import Results
    from mesa_lab.study import Study

    path = output or study.with_suffix(".html")
    results = Results(Study.open(study))
    write_report(results, path)
    note_damage(results)
    say(f"Wrote {path}")
    if show:
        click.launch(path.resolve().as_uri())
