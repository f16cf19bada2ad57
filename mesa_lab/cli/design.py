"""`mesa-lab design`: what an experiment would run, before it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mesa_lab.cli.console import count, json_option, literal, note, number, quoted, say, show_json, show_table

if TYPE_CHECKING:
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.preview import Preview

__all__ = ["design"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the design matrix as CSV."
)
@click.option("--rows", type=click.IntRange(min=0), default=10, show_default=True, help="Points to show.")
@json_option
def design(file: Path, output: Path | None, rows: int, as_json: bool) -> None:
    """Show the points that an experiment would run.

    With the coverage of each parameter and what a methodologist would say. Nothing is run; the
    names are compared with the model's.

    \b
    Examples:
      mesa-lab design wolf_sheep.toml
      mesa-lab design wolf_sheep.toml -o matrix.csv
    """
    from mesa_lab.preparation.experiment import Experiment
    from mesa_lab.preparation.preview import preview

    experiment = Experiment.load(file)
    _check(experiment)
    seen = preview(experiment)
    if output is not None:
        _write(seen, output)
    if as_json:
        show_json(_as_plain(seen))
        return
    _show(experiment, seen, rows)
    if output is not None:
        note(f"The design matrix is in {output}.")
    else:
        note(f"Run it: mesa-lab run {quoted(file)}")


def _check(experiment: Experiment) -> None:
    """Refuse what the model does not take; a model that is not here yet may be designed for all the same."""
    from mesa_lab.errors import ModelError

    try:
        experiment.check()
    except ModelError as error:
        note(f"Note: {error}")


def _show(experiment: Experiment, seen: Preview, rows: int) -> None:
    name = type(experiment.design).__name__
    dropped = f" ({count(seen.n_dropped, 'more')} dropped by the constraints)" if seen.n_dropped else ""
    dropped = dropped.replace("mores", "more")
    say(
        f"{name}: {count(seen.n_points, 'point')}{dropped} × "
        f"{count(experiment.replications, 'replication')} = {count(seen.n_runs, 'run')}"
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
            say(f"… {count(len(matrix) - rows, 'more point')}")
        say()
    if experiment.space.fixed:
        fixed = ", ".join(f"{key} = {literal(value)}" for key, value in experiment.space.fixed.items())
        say(f"Held fixed: {fixed}")
        say()
    if len(seen.coverage):
        coverage = seen.coverage.reset_index(drop=seen.coverage.index.name is None)
        show_table([str(column) for column in coverage.columns], coverage.to_numpy().tolist(), "Coverage")
        say()
    for label, value in _diagnostics(seen):
        say(f"{label}: {value}")
    for warning in seen.warnings:
        say(f"Note: {warning}")


def _diagnostics(seen: Preview) -> list[tuple[str, str]]:
    lines = []
    if seen.discrepancy is not None:
        lines.append(("Discrepancy (0 is even)", number(seen.discrepancy)))
    if seen.max_abs_correlation is not None:
        lines.append(("Largest correlation between parameters", number(seen.max_abs_correlation)))
    if seen.min_distance is not None:
        lines.append(("Smallest distance between points", number(seen.min_distance)))
    return lines


def _as_plain(seen: Preview) -> dict[str, Any]:
    return {
        "points": seen.n_points,
        "dropped": seen.n_dropped,
        "runs": seen.n_runs,
        "discrepancy": seen.discrepancy,
        "max_abs_correlation": seen.max_abs_correlation,
        "min_distance": seen.min_distance,
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
