"""`mesa-lab design`: what an experiment would run, before it runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mesa_lab.cli.console import (
    STANDARD_OUTPUT,
    cell,
    json_option,
    literal,
    note,
    printed,
    quoted,
    say,
    show_json,
    show_table,
)
from mesa_lab.formatting import plural

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.preview import Preview

__all__ = ["design"]

MOST_ALIASES: Final = 30


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the design matrix as CSV; '-' prints it, and nothing else.",
)
@click.option("--rows", type=click.IntRange(min=0), default=10, show_default=True, help="Points to show.")
@click.option(
    "--trial",
    type=click.IntRange(min=2),
    help="Run three of the points so many times, and say what the replications can tell.",
)
@json_option
def design(file: Path, output: Path | None, rows: int, trial: int | None, as_json: bool) -> None:
    """Show the points that an experiment would run.

    With the coverage of each parameter and what a methodologist would say. Nothing is run, unless
    --trial asks for it; the names are compared with the model's.

    \b
    Examples:
      mesa-lab design wolf_sheep.toml
      mesa-lab design wolf_sheep.toml -o matrix.csv
      mesa-lab design wolf_sheep.toml --trial 5
    """
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.experiment_file.read import read_with_search
    from mesa_lab.preparation.preview import preview

    if output == STANDARD_OUTPUT and as_json:
        raise click.UsageError("--json and -o - both print the design matrix: leave one of them out.")
    experiment, settings = read_with_search(file, Experiment)
    _check(experiment)
    if settings is not None:
        from mesa_lab.search.search import Search

        Search.load(file)  # says what `run` would refuse
    seen = preview(experiment)
    if output == STANDARD_OUTPUT:
        with printed(".csv") as path:
            _write(seen, path)
        return
    if output is not None:
        _write(seen, output)
    found = {} if trial is None else _trial(experiment, trial)
    if as_json:
        told = {name: asdict(seen.precision(sd)) for name, sd in found.items()}
        show_json({**_as_plain(seen), **({"trial": told} if trial is not None else {})})
        return
    _show(experiment, seen, rows)
    for name, sd in found.items():
        say(
            f"{name}: {seen.precision(sd).sentence}"
            if sd > 0
            else f"{name}: no two runs of a point differed in the trial."
        )
    if output is not None:
        note(f"The design matrix is in {output}.")
    else:
        note(f"Run it: mesa-lab run {quoted(file)}")


def _trial(experiment: Experiment, runs: int) -> dict[str, float]:
    from mesa_lab.pipeline import trial_spread

    return trial_spread(experiment, runs, progress=True)


def _check(experiment: Experiment) -> None:
    """Refuse what the model does not take; a model that is not here yet may be designed for all the same."""
    from mesa_lab.errors import ModelError

    try:
        experiment.check()
    except ModelError as error:
        note(f"Note: {error}")


def _show(experiment: Experiment, seen: Preview, rows: int) -> None:
    name = type(experiment.design).__name__
    dropped = f" ({plural(seen.n_dropped, 'more')} dropped by the constraints)" if seen.n_dropped else ""
    dropped = dropped.replace("mores", "more")
    say(
        f"{name}: {plural(seen.n_points, 'point')}{dropped} × "
        f"{plural(experiment.replications, 'replication')} = {plural(seen.n_runs, 'run')}"
    )
    say()
    matrix = seen.matrix
    if rows and len(matrix.columns):
        shown = matrix.head(rows)
        show_table(
            ["point", *map(str, matrix.columns)],
            [[index, *row] for index, row in zip(shown.index, shown.itertuples(index=False), strict=True)],
        )
        if len(matrix) > rows:
            say(f"… {plural(len(matrix) - rows, 'more point')}")
        say()
    if experiment.space.fixed:
        fixed = ", ".join(f"{key} = {literal(value)}" for key, value in experiment.space.fixed.items())
        say(f"Held fixed: {fixed}")
        say()
    if len(seen.coverage):
        coverage = seen.coverage.reset_index(drop=seen.coverage.index.name is None)
        show_table([str(column) for column in coverage.columns], coverage.to_numpy().tolist(), "Coverage")
        say()
    if mixed := _mixed(seen):
        show_table(["effect", "cannot be told from"], mixed[:MOST_ALIASES], "Aliases")
        if len(mixed) > MOST_ALIASES:
            say(f"… {len(mixed) - MOST_ALIASES:,} more; all with --json")
        say()
    for label, value in _diagnostics(seen):
        say(f"{label}: {value}")
    for warning in seen.warnings:
        say(f"Note: {warning}")


def _diagnostics(seen: Preview) -> list[tuple[str, str]]:
    from mesa_lab.preparation.diagnostics.aliasing import roman

    lines = []
    if seen.discrepancy is not None:
        beside = (
            f"; of random points {cell(seen.random_discrepancy)}"
            if seen.random_discrepancy is not None
            else ""
        )
        lines.append(("Discrepancy (0 is even)", cell(seen.discrepancy) + beside))
    if seen.max_abs_correlation is not None:
        lines.append(("Largest correlation between parameters", cell(seen.max_abs_correlation)))
    if seen.cramers_v is not None:
        lines.append(("Largest Cramér's V between categories", cell(seen.cramers_v)))
    if seen.min_distance is not None:
        lines.append(("Smallest distance between points", cell(seen.min_distance)))
    if seen.resolution is not None:
        lines.append(("Resolution", roman(seen.resolution)))
    return lines


def _mixed(seen: Preview) -> list[list[str]]:
    """Effects that cannot be told from others, each with those."""
    rows = seen.aliases[seen.aliases["aliased_with"] != ""]
    return [list(row) for row in rows[["term", "aliased_with"]].itertuples(index=False)]


def _as_plain(seen: Preview) -> dict[str, Any]:
    return {
        "points": seen.n_points,
        "dropped": seen.n_dropped,
        "runs": seen.n_runs,
        "same_runs": seen.n_same_runs,
        "discrepancy": seen.discrepancy,
        "random_discrepancy": seen.random_discrepancy,
        "max_abs_correlation": seen.max_abs_correlation,
        "cramers_v": seen.cramers_v,
        "min_distance": seen.min_distance,
        "resolution": seen.resolution,
        "aliases": seen.aliases.to_dict("records"),
        "warnings": list(seen.warnings),
        "matrix": seen.matrix.reset_index().to_dict("records"),
    }


def _write(seen: Preview, path: Path) -> None:
    from mesa_lab.errors import ExportError
    from mesa_lab.files import check_path

    check_path(path, ExportError)
    try:
        seen.matrix.to_csv(path)
    except OSError as error:
        reason = error.strerror or str(error)  # pandas has words of its own for a folder that is not there
        raise ExportError(f"'{path}' cannot be written: {reason.rstrip('.')}.") from error
