"""How long until a report and a picture are there? The commands of the terminal on a study of 200 runs, each in a fresh process.

Bytecode of all modules is on disk, as it is from the second command of a user's life on.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import WORKERS, Reading, Row, alternate, in_fresh_process, median


def measure(quick: bool = False) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        study = str(Path(folder, "wolves.study"))
        runs = int(in_fresh_process(make_study, study=study, replications=1 if quick else 10)["runs"])
        contestants = {"report": report, "picture": picture, "imports": imports}
        alternate(contestants, 1, study=study)  # writes the bytecode
        readings = alternate(contestants, 1 if quick else 5, study=study)
    imported = f"importing pandas, altair and scipy.special {median(readings['imports']):.2f} s"
    for name, work, target in (
        ("report", f"mesa-lab report of {runs} runs", "<= 4"),
        ("picture", f"mesa-lab export --chart of {runs} runs, PNG", "<= 2.5"),
    ):
        cpu = f"CPU time {median(readings[name], 'cpu'):.2f} s"
        yield Row(work, median(readings[name]), target, unit=" s", detail=f"{cpu}; {imported}")


def make_study(study: str, replications: int) -> Reading:
    from mesa.examples import WolfSheep

    import mesa_lab as ml

    experiment = ml.Experiment(
        WolfSheep,
        {
            "wolf_gain_from_food": [5, 20, 40, 60, 80],
            "sheep_reproduce": [0.02, 0.04, 0.06, 0.08],
            "width": 20,
            "height": 20,
        },
        replications=replications,
        max_steps=100,
        outcomes=["Wolves", "Sheep"],
    )
    return {"runs": len(ml.run(experiment, study, n_jobs=WORKERS, progress=False).runs)}


def report(study: str) -> Reading:
    return _timed("-m", "mesa_lab", "report", study)


def picture(study: str) -> Reading:
    path = str(Path(study).with_suffix(".png"))
    return _timed("-m", "mesa_lab", "export", study, "-o", path, "--chart", "effect", "--outcome", "Wolves")


def imports(study: str) -> Reading:
    """What both have to import at least."""
    return _timed("-c", "import pandas, altair, scipy.special")


def _timed(*arguments: str) -> Reading:
    from benchmarks.measuring import stopwatch

    with stopwatch() as watch:
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return watch.reading
