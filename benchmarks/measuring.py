"""Fair measurements on a machine that others use too: fresh processes, in turn, and medians.

Contestants are functions that print nothing and return a dict of numbers. Each call is a process of its own; calls of
several contestants alternate (A B A B …), so that what disturbs one disturbs the others, and ratios are taken within a
round. What is measured is not this room's business.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
WORKERS = 2

type Reading = dict[str, float]
type Contestant = Callable[..., Reading]


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, against what is to be reached."""

    work: str
    measured: float | None
    target: str  # "<= 1.10"; empty where there is none
    unit: str = "×"
    detail: str = ""
    cpu: float | None = None  # the same ratio in CPU time, where there is one

    @property
    def met(self) -> bool | None:
        if self.measured is None or not self.target:
            return None
        sign, _, limit = self.target.partition(" ")
        return self.measured <= float(limit) if sign == "<=" else self.measured >= float(limit)


@dataclass
class Stopwatch:
    """Wall and CPU seconds of this process and all its descendants."""

    seconds: float = 0.0
    cpu: float = 0.0
    _start: tuple[float, float] = field(default=(0.0, 0.0), repr=False)

    @property
    def reading(self) -> Reading:
        return {"seconds": self.seconds, "cpu": self.cpu}


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    watch = Stopwatch()
    cpu, start = _cpu_seconds(), time.perf_counter()
    yield watch
    watch.seconds = time.perf_counter() - start
    watch.cpu = _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    this = psutil.Process()
    total = 0.0
    for process in (this, *this.children(recursive=True)):
        try:
            total += sum(process.cpu_times()[:4])  # user, system, and those of children that have ended
        except psutil.Error:
            continue
    return total


def alternate(contestants: Mapping[str, Contestant], rounds: int, **options: Any) -> dict[str, list[Reading]]:
    """Call each contestant once a round, each time in a fresh process."""
    readings: dict[str, list[Reading]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            readings[name].append(in_fresh_process(contestant, **options))
    return readings


def in_fresh_process(
    contestant: Contestant, python: Sequence[str] = (sys.executable,), **options: Any
) -> Reading:
    """Call a contestant in a process of its own, perhaps with another Python, and return its numbers."""
    name = f"{contestant.__module__}:{contestant.__name__}"
    command = [*python, "-m", "benchmarks.measuring", name, json.dumps(options)]
    # With bytecode, as users have it: to compile Mesa Lab anew in every process would be measured too.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-3000:]}")
    reading: Reading = json.loads(done.stdout.splitlines()[-1])
    return reading


def in_environment_with(package: str) -> Sequence[str]:
    """Return a Python that has a peer: this one, or one that uv makes for the moment."""
    if importlib.util.find_spec(package) is not None:
        return (sys.executable,)
    return ("uv", "run", "--quiet", "--isolated", "--group", "benchmarks", "python")


def median(readings: Sequence[Reading], name: str = "seconds") -> float:
    return statistics.median(reading[name] for reading in readings)


def ratio(over: Sequence[Reading], under: Sequence[Reading], name: str = "seconds") -> float:
    """Return the median of the ratios of each round; what took less than a tick of the system's clock counts as one."""
    tick = 0.01
    return statistics.median(a[name] / (b[name] or tick) for a, b in zip(over, under, strict=True))


def listed(readings: Mapping[str, Sequence[Reading]], name: str = "seconds", unit: str = "s") -> str:
    """Say the medians in a line, the fastest first."""
    medians = {contestant: median(some, name) for contestant, some in readings.items()}
    return ", ".join(
        f"{who} {value:.3g} {unit}" for who, value in sorted(medians.items(), key=lambda i: i[1])
    )


def _main() -> None:
    module, _, name = sys.argv[1].partition(":")
    contestant = getattr(importlib.import_module(module), name)
    reading = contestant(**json.loads(sys.argv[2]))
    sys.stdout.write(f"\n{json.dumps(reading)}\n")


if __name__ == "__main__":
    _main()
