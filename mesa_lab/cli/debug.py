"""`mesa-lab debug`: carry out one run of a study again, and stop in the debugger where it fails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mesa_lab.cli.console import model_name, note, say
from mesa_lab.formatting import plural

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["debug"]

_OURS = str(Path(__file__).parents[1])


@click.command()
@click.argument("study", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("run", type=int)
def debug(study: Path, run: int) -> None:
    """Open Python's debugger where a run fails.

    RUN of STUDY is carried out again, in this process. RUN is its number (run_id). What the model prints appears as it comes. An outcome that raises counts
    as a failure here, also where it costs only a value in the study. Nothing is written to the study.

    \b
    Examples:
      mesa-lab status fire.study --failures
      mesa-lab debug fire.study 17
    """
    import pdb

    from mesa_lab.running.one_run import configuration_of
    from mesa_lab.running.simulation.simulate import simulate
    from mesa_lab.study import Study

    with Study.open(study) as opened:
        configuration = configuration_of(opened, run)
        note(
            f"Run {run} of {model_name(opened.experiment)}: {configuration.parameters}, seed {configuration.seed}"
        )
    try:
        result = simulate(configuration, raise_errors=True)
    except Exception as error:
        say(f"{type(error).__name__}: {error}")
        say(
            "The debugger is at the line that raised it: 'w' shows where that is, 'p name' a value, 'u' its caller, 'q' ends."
        )
        pdb.post_mortem(_of_model(error.__traceback__))
        return
    say(f"Run {run} came to its end after {plural(result.steps, 'step')} without an error: nothing to debug.")


def _of_model(trace: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that begins with the model's own lines, where it has any."""
    part = trace
    while part is not None:
        if not part.tb_frame.f_code.co_filename.startswith(_OURS):
            return part
        part = part.tb_next
    return trace
