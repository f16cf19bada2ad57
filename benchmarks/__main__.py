"""One command, one table: `python -m benchmarks [question …] [--quick] [--json FILE]`."""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Row

GROUPS = {
    "speed": [
        "tiny_runs",
        "bundled_models",
        "agent_data",
        "series",
        "first_result",
        "slow_corners",
        "report",
    ],
    "flatness": ["memory", "million_runs"],
    "statistics": ["coverage", "search", "calibration", "precision", "conclusions", "truth"],
}
QUESTIONS = [question for group in GROUPS.values() for question in group]


def main() -> None:
    options = _options()
    chosen = [q for name in options.questions or GROUPS for q in GROUPS.get(name, [name])]
    console = Console(width=None if sys.stdout.isatty() else 180, highlight=False)
    head = _head()
    for name, value in head.items():
        console.print(f"{name + ':':10}{value}", markup=False, soft_wrap=True)
    rows = []
    for question in dict.fromkeys(chosen):
        module = importlib.import_module(f"benchmarks.{question}")
        with console.status(question):
            rows += [(question, row) for row in module.measure(quick=options.quick)]
    console.print(_table(rows))
    console.print(f"load after: {_load()}", markup=False)
    if options.json:
        results = [{"question": question, **asdict(row), "met": row.met} for question, row in rows]
        options.json.write_text(json.dumps({**head, "rows": results}, indent=2, ensure_ascii=False) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = [*GROUPS, *QUESTIONS]
    parser.add_argument(
        "questions", nargs="*", metavar="question", help=f"one of: {', '.join(known)}; all by default"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny sizes, to see that everything works; the figures say nothing",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    options = parser.parse_args()
    for name in options.questions:
        if name not in known:
            parser.error(f"no question '{name}'; there are: {', '.join(known)}")
    return options


def _head() -> dict[str, str]:
    return {
        "command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": f"{_processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.platform()}",
        "versions": ", ".join([f"Python {platform.python_version()}", *_versions()]),
        "load": _load(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _versions() -> Iterator[str]:
    for package in ("mesa", "mesa-lab", "numpy", "pandas", "pyarrow", "joblib"):
        yield f"{package} {version(package)}"


def _load() -> str:
    return " ".join(f"{load:.2f}" for load in psutil.getloadavg())


def _table(rows: list[tuple[str, Row]]) -> Table:
    table = Table(title="Mesa Lab beside its peers; medians", title_justify="left")
    for column in ("question", "work", "measured", "in CPU time", "target", "met", "details"):
        table.add_column(column, justify="right" if column in ("measured", "in CPU time") else "left")
    for question, row in rows:
        measured = "—" if row.measured is None else f"{row.measured:.3g}{row.unit}"
        cpu = "" if row.cpu is None else f"{row.cpu:.3g}{row.unit}"
        target = row.target.replace("<=", "≤").replace(">=", "≥") + (row.unit if row.target else "")
        met = {True: "met", False: "NOT met", None: ""}[row.met]
        table.add_row(question, row.work, measured, cpu, target, met, row.detail)
    return table


if __name__ == "__main__":
    main()
