"""How long until something is to be seen? From the call to the first result on disk, cold and once more.

Cold: the process has imported Mesa Lab and the model, as a notebook has by then, and no worker lives; bytecode of all
modules is on disk, as it is from the second study of a user's life on. The second study is another experiment in
another file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import WORKERS, Reading, Row, alternate, in_fresh_process, median


def measure(quick: bool = False) -> Iterator[Row]:
    rounds = 1 if quick else 5
    in_fresh_process(mesa_lab)  # writes the bytecode
    both = alternate({"Mesa Lab": mesa_lab, "import mesa": import_mesa}, rounds)
    readings = both["Mesa Lab"]
    peer = "" if quick else f"batch_run {in_fresh_process(batch_run)['seconds']:.2f} s on every call"
    importing = f"a fresh Python that imports mesa {median(both['import mesa']):.2f} s"
    cpu = median(readings, "cpu")
    yield Row(
        "first result of a study, cold",
        median(readings, "cold"),
        "<= 1.2",
        unit=" s",
        detail=", ".join(filter(None, [importing, peer, f"CPU time of driver and workers {cpu:.2f} s"])),
    )
    yield Row(
        "first result of a second study in the same process", median(readings, "warm"), "<= 0.05", unit=" s"
    )


def mesa_lab() -> Reading:
    from mesa.examples import Schelling

    import mesa_lab as ml
    from benchmarks.measuring import stopwatch

    def experiment(density: float) -> ml.Experiment:
        # As ever so many runs: the first one is what is waited for.
        return ml.Experiment(Schelling, {"density": density, "width": 5, "height": 5}, max_steps=1)

    ml.run, ml.Experiment  # noqa: B018 - names of the package are imported when they are used
    with tempfile.TemporaryDirectory() as folder:
        with stopwatch() as cold:
            ml.run(experiment(0.5), Path(folder, "first.study"), n_jobs=WORKERS, progress=False)
        time.sleep(0.5)
        warm = []
        for number in range(3):
            with stopwatch() as watch:
                ml.run(experiment(0.6), Path(folder, f"{number}.study"), n_jobs=WORKERS, progress=False)
            warm.append(watch.seconds)
    return {"cold": cold.seconds, "warm": warm[0], "cpu": cold.cpu}


def import_mesa() -> Reading:
    """What the first worker has to do at least."""
    from benchmarks.measuring import stopwatch

    with stopwatch() as watch:
        subprocess.run([sys.executable, "-c", "import mesa"], check=True)
    return watch.reading


def batch_run() -> Reading:
    import mesa

    from benchmarks.measuring import stopwatch
    from benchmarks.models import TinyWealth

    seconds = []
    for _ in range(2):
        with stopwatch() as watch:
            mesa.batch_run(
                TinyWealth, {}, number_processes=WORKERS, rng=[1], max_steps=1, display_progress=False
            )
        seconds.append(watch.seconds)
    return {"seconds": seconds[-1]}
