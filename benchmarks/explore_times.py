"""How long one waits who explores: for the first curves, for a slider, for the first run, and for what was visited before a restart.

    python -m benchmarks.explore_times

A study of 200 points and five parameters, two replications each, of a model that takes 50 ms a run. What the page does on top (its picture
in the browser) is measured by the tests of the page, not here.
"""

from __future__ import annotations

import statistics
import tempfile
import textwrap
import time
from pathlib import Path

import mesa_lab as ml
from mesa_lab.exploring.session import Session

MODEL = '''
import time
import mesa


class Slow(mesa.Model):
    """Takes 50 ms."""

    def __init__(self, a=0.5, b=0.5, c=0.5, d=0.5, e=0.5, rng=None):
        super().__init__(rng=rng)
        self.values = a, b, c, d, e
        self.hill = self.slope = 0.0

    def step(self):
        time.sleep(0.05)
        a, b, c, d, e = self.values
        self.hill = 10 * a * (1 - a) + 4 * b * c + self.random.gauss(0, 0.3)
        self.slope = 5 * d + e + self.random.gauss(0, 0.3)
'''


def main(points: int = 200) -> dict[str, float]:
    """Measure, print and return the seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "slow.py"
        path.write_text(textwrap.dedent(MODEL))
        experiment = ml.Experiment(
            f"{path}:Slow",
            {name: ml.Real(0, 1) for name in "abcde"},
            ml.LatinHypercube(points),
            replications=2,
            max_steps=1,
            outcomes=["hill", "slope"],
            seed=1,
        )
        study = Path(folder) / "slow.study"
        ml.run(experiment, study, n_jobs=4, progress=False)

        import sklearn.gaussian_process  # noqa: F401  once for each server

        began, worked = time.perf_counter(), time.process_time()
        session = Session.of_study(study)
        outcomes = session.outcomes
        session.refresh(outcomes)
        session.profiles(outcomes)
        first, first_cpu = time.perf_counter() - began, time.process_time() - worked

        session.prepare(early=True)  # as the page does while one looks at the first curves
        began, worked = time.perf_counter(), time.process_time()
        session.refine(outcomes)
        refined, refined_cpu = time.perf_counter() - began, time.process_time() - worked

        sliders = []
        for place in range(60):
            began = time.perf_counter()
            session.move({"abcde"[place % 5]: (place + 0.5) / 60})
            session.profiles(outcomes)
            sliders.append(time.perf_counter() - began)

        began = time.perf_counter()
        session.rest(3)
        while not session.measured.n_at(session.setting):
            time.sleep(0.005)
        run = time.perf_counter() - began
        while session.is_running:
            time.sleep(0.005)
        visited = dict(session.setting)
        own = session.path
        session.close()

        began, worked = time.perf_counter(), time.process_time()
        again = Session.of_study(own)
        back = again.reading(outcomes[0], visited)
        there, there_cpu = time.perf_counter() - began, time.process_time() - worked
        assert (back.kind, back.n) == ("measured", 3), "what was visited is there"
        again.close()
    found = {
        "first profiles": first,
        "finer ones, behind them": refined,
        "slider, median": statistics.median(sliders),
        "slider, 95 of 100": sorted(sliders)[int(0.95 * len(sliders))],
        "first run": run,
        "visited, after a restart": there,
    }
    print(
        f"of the processor: first profiles {first_cpu:.3f} s, finer ones {refined_cpu:.3f} s, visited {there_cpu:.3f} s"
    )
    aims = (1.0, 3.0, 0.1, 0.1, 2.0, 0.1)
    for (what, seconds), aim in zip(found.items(), aims, strict=True):
        print(f"{what:26} {seconds:7.3f} s   (aim: {aim:g} s)")
    return found


if __name__ == "__main__":
    main()
