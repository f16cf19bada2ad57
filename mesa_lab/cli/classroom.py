"""`mesa-lab class`: a class on one computer, for students with a browser and nothing else."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["classroom"]


@click.command("class")
@click.option(
    "--models",
    multiple=True,
    required=True,
    metavar="MODEL",
    help="Offer this model; may be repeated, and several may follow.",
)
@click.argument("more_models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Where it listens."
)
@click.option(
    "--host",
    default="0.0.0.0",
    show_default=True,
    help="Who can reach it; by default everyone on this computer's network.",
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default="class",
    show_default=True,
    help="Where the class is kept; start it again with the same folder to go on.",
)
@click.option(
    "--jobs", "-j", type=int, default=-1, show_default=True, help="Worker processes; -1 for one per core."
)
@click.option(
    "--runs",
    type=click.IntRange(1),
    default=20_000,
    show_default=True,
    help="Runs that each student may have.",
)
@click.option(
    "--minutes-per-run",
    type=click.FloatRange(0, min_open=True),
    default=2.0,
    show_default=True,
    help="After these a run is ended.",
)
@click.option(
    "--megabytes",
    type=click.FloatRange(0, min_open=True),
    default=200.0,
    show_default=True,
    help="Disk for each student.",
)
@click.option(
    "--own-code",
    is_flag=True,
    help="Let students bring models of their own, which run confined: without network, and with no files but their own.",
)
@click.option(
    "--unconfined",
    is_flag=True,
    help="With --own-code: go on where the system cannot confine them. Their code may then do whatever you may.",
)
@click.option("--open/--no-open", "open_browser", default=True, help="Show the teacher's page in a browser.")
def classroom(
    models: tuple[str, ...],
    more_models: tuple[str, ...],
    port: int,
    host: str,
    folder: Path,
    jobs: int,
    runs: int,
    minutes_per_run: float,
    megabytes: float,
    own_code: bool,
    unconfined: bool,
    open_browser: bool,
) -> None:
    """Teach a class: students join with a code.

    It prints an address, a code and a QR code for the students, and an address for the teacher. Students need no account and no
    installation; a phone will do. It works without the internet. The models named here are offered, and nothing else is run
    unless you say --own-code.

    \b
    Examples:
      mesa-lab class --models mesa.examples:WolfSheep
      mesa-lab class --models mesa.examples:WolfSheep my_model.py:Model --folder monday
    """
    from mesa_lab.app.server.server import serve
    from mesa_lab.classroom.classroom import Classroom
    from mesa_lab.classroom.limits import StudentLimits
    from mesa_lab.errors import MesaLabError
    from mesa_lab.preparation.models import load_model
    from mesa_lab.running.confinement.rules import not_offered
    from mesa_lab.running.worker_settings import check_n_jobs
    from mesa_lab.workspace.trust import in_full

    if unconfined and not own_code:
        raise click.UsageError("--unconfined is about the code that students bring: say --own-code too.")
    walls = not (own_code and unconfined and not_offered())
    if own_code and walls and (missing := not_offered()):
        raise MesaLabError(
            f"This system cannot keep students' code from {' and '.join(missing)}. Leave --own-code out, so that only your own models "
            "run; start the class in a virtual machine with a Linux that can; or say --unconfined if you know all who join: their "
            "code may then read and change whatever you may."
        )
    offered = (*models, *more_models)
    for model in offered:
        load_model(model)  # a misspelt name would be offered, and never open
    offered = in_full(offered)
    processes = _processes(check_n_jobs(jobs))
    folder.mkdir(parents=True, exist_ok=True)
    limits = StudentLimits(runs=runs, minutes_per_run=minutes_per_run, megabytes=megabytes)
    room = Classroom(folder.resolve(), offered, limits, processes, own_code=own_code, walls=walls)
    serve(host, port, open_browser, folder, offered, classroom=room)


def _processes(jobs: int) -> int:
    """How many worker processes a number of jobs means on this computer."""
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return jobs if jobs > 0 else max(1, cores + 1 + jobs)
