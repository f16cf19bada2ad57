"""How do cost, disk and memory grow with runs, agents, steps and outcomes? `python -m benchmarks.scaling [--chart FILE]`.

One size is varied at a time, over three decades, around a small base case. Each size is a process of its own; runs go
one after the other in that process, so that CPU time, which other work on the machine hardly touches, is the whole
cost of the model, of collecting and of writing. `docs/scaling.md` draws the conclusions.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mesa
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Reading, in_fresh_process, median

BASE = {"runs": 20, "agents": 10, "steps": 10, "outcomes": 1, "agent_data": False}
SIZES: dict[str, list[dict[str, Any]]] = {
    "runs": [{"runs": size, "steps": 1} for size in (100, 1_000, 10_000, 100_000)],
    "agents": [{"agents": size, "runs": max(4, 2_000 // size)} for size in (10, 100, 1_000, 10_000)],
    "steps": [{"steps": size, "runs": max(4, 2_000 // size)} for size in (10, 100, 1_000, 10_000)],
    "outcomes": [{"outcomes": size, "runs": 200} for size in (1, 10, 100, 1_000)],
    "agent rows": [
        {"agents": size, "agent_data": True, "runs": max(4, 2_000 // size)}
        for size in (10, 100, 1_000, 10_000)
    ],
}
ROUNDS = 2


class Drifters(mesa.Model):
    """Agents that add a random number at each step, and as many outcomes as wanted."""

    def __init__(self, agents: int = 10, outcomes: int = 1, rng: Any = None) -> None:
        super().__init__(rng=rng)
        self.total = 0.0
        Drifter.create_agents(self, agents)
        reporters = {f"outcome {number}": "total" for number in range(outcomes)}
        self.datacollector = mesa.DataCollector(reporters, {"place": "place"})

    def step(self) -> None:
        self.agents.do("drift")
        self.total += 1.5
        self.datacollector.collect(self)


class Drifter(mesa.Agent):
    """Goes a little to one side."""

    place = 0.0

    def drift(self) -> None:
        self.place += self.random.random() - 0.5


def a_study(runs: int, agents: int, steps: int, outcomes: int, agent_data: bool) -> Reading:
    """Run a study of one size, and read all of it."""
    import mesa_lab as ml

    experiment = ml.Experiment(
        "benchmarks.scaling:Drifters",
        {"agents": agents, "outcomes": outcomes},
        replications=runs,
        max_steps=steps,
        agents=agent_data,
    )
    with tempfile.TemporaryDirectory() as folder:
        ml.run(
            experiment.replace(replications=1),
            Path(folder, "warm.study"),
            backend="sequential",
            progress=False,
        )
        path = Path(folder, "it.study")
        with ml.open_study(Path(folder, "warm.study")) as warm:
            empty = warm.path.stat().st_size
        reading, results = _timed(
            "run", lambda: ml.run(experiment, path, backend="sequential", progress=False)
        )
        assert results.status["done"] == runs
        reading["bytes"] = path.stat().st_size - empty  # what one run alone takes is the file itself
        for name, read in (
            ("runs table", lambda: results.runs),
            ("aggregate", lambda: results.aggregate("outcome 0")),
            ("data table", lambda: results.agents() if agent_data else results.series()),
        ):
            taken, table = _timed(name, read)
            reading |= taken
            reading[f"{name} rows"] = len(table)
            reading[f"{name} bytes"] = float(table.memory_usage(deep=True).sum())
    return reading


def _timed(name: str, action: Any) -> tuple[Reading, Any]:
    start = time.process_time()
    result = action()
    return {name: time.process_time() - start}, result


def measure(rounds: int = ROUNDS) -> Iterator[dict[str, Any]]:
    """Yield one row for each size: seconds are of CPU, the least of the rounds."""
    for question, sizes in SIZES.items():
        for size in sizes:
            options = BASE | size
            # Big sizes take long enough for one look.
            looks = 1 if options["runs"] * options["steps"] * options["agents"] > 3e5 else rounds
            readings = [in_fresh_process(a_study, **options) for _ in range(looks)]
            least = {name: min(reading[name] for reading in readings) for name in readings[0]}
            yield {
                "question": question,
                "size": options["agents" if question == "agent rows" else question],
                **{name: options[name] for name in ("runs", "agents", "steps")},
                "ms a run": 1000 * least["run"] / options["runs"],
                "bytes a run": median(readings, "bytes") / options["runs"],
                "ms to aggregate": 1000 * least["aggregate"],
                "data rows": least["data table rows"],
                "ns to read a row": 1e9 * least["data table"] / max(least["data table rows"], 1),
                "bytes of memory a row": least["data table bytes"] / max(least["data table rows"], 1),
            }


def main() -> None:
    """Print the table, and draw it where that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--chart", type=Path, metavar="FILE", help="a PNG to draw")
    options = parser.parse_args()
    rows = list(measure())
    table = Table(title="CPU time, disk and memory by size; the least of two looks", title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="left" if name == "question" else "right")
    for row in rows:
        table.add_row(*(_shown(value) for value in row.values()))
    Console(width=170).print(table)
    if options.chart:
        draw(rows, options.chart)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw cost and disk by size, one panel each."""
    import altair as alt
    import pandas as pd

    frame = pd.DataFrame(rows)
    tens = alt.Axis(values=[10.0**power for power in range(-1, 8)], format=",~r")
    panels = []
    for column, title in (("ms a run", "CPU milliseconds a run"), ("bytes a run", "Bytes on disk a run")):
        panels.append(
            alt.Chart(frame[frame[column] > 0], title=title, width=300, height=240)
            .mark_line(point=True)
            .encode(
                x=alt.X("size:Q", scale=alt.Scale(type="log"), axis=tens, title="how many"),
                y=alt.Y(f"{column}:Q", scale=alt.Scale(type="log"), axis=tens, title=None),
                color=alt.Color("question:N", title=None, sort=list(SIZES)),
            )
        )
    alt.hconcat(*panels).save(path, scale_factor=1.2)


if __name__ == "__main__":
    # By its name: other processes find what is to be called by the module that it is in.
    importlib.import_module("benchmarks.scaling").main()
