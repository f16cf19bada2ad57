"""`mesa-lab export` and `report`: take tables, charts and a report out of a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesa_lab.cli.check import note_damage
from mesa_lab.cli.console import STANDARD_OUTPUT, chosen_options, json_option, printed, say, show_json
from mesa_lab.errors import ExportError
from mesa_lab.processing.export.formats import FORMATS, find_format

if TYPE_CHECKING:
    from mesa_lab.processing.export.export_format import ExportFormat
    from mesa_lab.processing.results import Results

__all__ = ["export", "report"]

_study_argument = click.argument("study", type=click.Path(dir_okay=False, path_type=Path))


def _known_format(
    context: click.Context, parameter: click.Parameter, name: str | None
) -> ExportFormat | None:
    """Return the format of that name, which may be one of another package."""
    try:
        return None if name is None else find_format(name)
    except ExportError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@_study_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="A folder, or one file; '-' prints one table.",
)
@click.option(
    "--format",
    "format_",
    metavar="[" + "|".join(each.name for each in FORMATS) + "]",
    callback=_known_format,
    help="Of tables; by default from the file's name, or csv.",
)
@click.option("--tables", help="Which, separated by commas: runs, points, summary, series, agents, failures.")
@click.option("--chart", help="Draw instead: series, outcomes, effect, heatmap, distribution or design.")
@click.option("--outcome", help="What the chart shows; by default the first outcome.")
@click.option("--with", "options", multiple=True, metavar="NAME=VALUE", help="An option of the chart.")
@json_option
def export(
    study: Path,
    output: Path,
    format_: ExportFormat | None,
    tables: str | None,
    chart: str | None,
    outcome: str | None,
    options: tuple[str, ...],
    as_json: bool,
) -> None:
    """Write tables or a chart of STUDY to files.

    Tables become CSV, Parquet, Excel or JSON; a chart becomes .png, .svg, .pdf or .html.
    With -o - one table goes to standard output, by default that of the runs as CSV.

    \b
    Examples:
      mesa-lab export wolf_sheep.study -o results/
      mesa-lab export wolf_sheep.study -o runs.parquet --tables runs
      mesa-lab export wolf_sheep.study -o wolf_sheep.xlsx
      mesa-lab export wolf_sheep.study -o - --tables summary
      mesa-lab export wolf_sheep.study -o wolves.png --chart effect --outcome Wolves
      mesa-lab export forest_fire.study -o fire.svg --chart effect --with by=neighbours
    """
    from mesa_lab.processing.export.chart_image import warm_up
    from mesa_lab.study import Study

    if chart is None and (outcome or options):
        raise click.UsageError("--outcome and --with belong to a chart; name one with --chart.")
    if chart is not None and (tables or format_):
        raise click.UsageError("--tables and --format belong to tables; leave them out with --chart.")
    to_stdout = output == STANDARD_OUTPUT
    if to_stdout and chart is not None:
        raise click.UsageError("A chart goes into a file, whose name tells its kind, such as -o chart.svg.")
    if to_stdout and as_json:
        raise click.UsageError(
            "--json prints the names of files, and -o - writes none: leave one of them out."
        )
    chosen = [name.strip() for name in tables.split(",") if name.strip()] if tables else None
    if to_stdout and chosen is not None and len(chosen) > 1 and not (format_ and format_.holds_many):
        raise click.UsageError(
            f"Standard output holds one table, not {len(chosen)}: name one, such as --tables {chosen[0]}; or all in one "
            "Excel file: --format excel; or a folder: -o results/"
        )
    opened = Study.open(study)
    if chart is not None:
        warm_up()
    from mesa_lab.processing.export.export import (
        export as write,  # imports much; the converter starts meanwhile
    )
    from mesa_lab.processing.results import Results

    results = Results(opened)
    if to_stdout:
        kind = format_ or FORMATS[0]
        with printed(kind.ending, is_text=kind.is_text) as path:
            write(results, path, tables=chosen, format=kind.name)
        note_damage(results)
        return
    if chart is not None:
        written = [_draw(results, output, chart, outcome, options)]
    else:
        written = write(results, output, tables=chosen, format=format_.name if format_ else None)
    note_damage(results)
    if as_json:
        show_json([str(path) for path in written])
        return
    for path in written:
        say(f"Wrote {path}")


def _draw(results: Results, path: Path, kind: str, outcome: str | None, options: tuple[str, ...]) -> Path:
    from mesa_lab.processing.charts import find_chart
    from mesa_lab.processing.export.export import save_chart

    chosen = chosen_options(options, "by=density")
    chart = find_chart(kind).chart(results, outcome or results.first_outcome(), **chosen)
    return save_chart(chart, path)


@click.command()
@_study_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="By default the study's name with .html; '-' prints the page.",
)
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
@click.option(
    "--goal",
    "goals",
    multiple=True,
    metavar="[OUTCOME=]max|min",
    help="Whether more or less is better, of one outcome or of all; without it more is taken for better.",
)
@click.option(
    "--compare",
    "compared",
    multiple=True,
    metavar="NAME=VALUE",
    help="What is compared: by, base, scenario or margin, as with conclude.",
)
def report(
    study: Path, output: Path | None, show: bool, goals: tuple[str, ...], compared: tuple[str, ...]
) -> None:
    """Write the results of STUDY as one HTML page.

    It opens offline: the experiment, the design, charts, tables, failures, and how to repeat it.

    \b
    Examples:
      mesa-lab report wolf_sheep.study
      mesa-lab report wolf_sheep.study -o wolves.html --open
      mesa-lab report clinic.study --goal sick_days=min --compare by=mask_rule
    """
    from mesa_lab.processing.export.chart_image import warm_up
    from mesa_lab.study import Study

    if show and output == STANDARD_OUTPUT:
        raise click.UsageError("--open shows a file, and -o - writes none: leave one of them out.")
    about: dict[str, Any] = {
        "goal": _goal(goals),
        "compare": chosen_options(compared, "by=density", "--compare"),
    }
    opened = Study.open(study)
    path = output or study.with_suffix(".html")
    warm_up()
    from mesa_lab.processing.report.report import write_report  # imports much; the converter starts meanwhile
    from mesa_lab.processing.results import Results

    results = Results(opened)
    if output == STANDARD_OUTPUT:
        with printed(".html") as page:
            write_report(results, page, **about)
        note_damage(results)
        return
    write_report(results, path, **about)
    note_damage(results)
    say(f"Wrote {path}")
    if show:
        click.launch(path.resolve().as_uri())


def _goal(goals: tuple[str, ...]) -> str | dict[str, str] | None:
    """What is better: one word for all outcomes, or for some by their names, which may hold equals signs."""
    if len(goals) == 1 and "=" not in goals[0]:
        return goals[0]
    for text in goals:
        if "=" not in text:
            raise click.UsageError(f"--goal {text}: among several write OUTCOME={text}.")
    pairs = [text.rpartition("=") for text in goals]
    return {name: goal for name, _, goal in pairs} or None
