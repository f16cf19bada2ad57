"""A class of thirty browsers on this computer: how soon each has joined, how long a click takes, when results are there, what a crash costs.

    python -m benchmarks.class_room [--students 30] [--runs 100]

Starts `mesa-lab class` in a temporary folder and one Chromium with a context for each student (needs the `browser` tools of the tests:
Playwright and Debian's chromium). All join, one after the other; all ask for a study of the same size within a moment, of a model that
takes about 20 ms a run; when a third of the runs is done, the server is killed and started again. Figures are of the whole computer,
browsers included, which take most of it: leave it alone meanwhile. The load that it had before is printed.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.app_pages import launched
from mesa_lab.classroom.roster import Roster
from mesa_lab.errors import MesaLabError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study
from mesa_lab.workspace.registry import Registry, Ticket

MODEL = "mesa.examples:Schelling"
STEPS = 8
"""About 20 ms a run, by the processor."""
PATIENCE = 600.0


class Server:
    """The class, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, 0
        self.start()

    def start(self) -> None:
        log = self.folder / f"{time.monotonic_ns()}.log"
        command = [
            sys.executable,
            "-m",
            "mesa_lab",
            "class",
            "--models",
            MODEL,
            "--folder",
            str(self.folder / "class"),
        ]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--no-open"]
        with log.open("wb") as sink:
            self.process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT)
        until = time.monotonic() + PATIENCE
        while "Nobody can open files" not in (said := log.read_text("utf-8")):
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The class did not start:\n{said}")
            time.sleep(0.05)
        found = re.search(r"Students open\s+(\S+)", said)
        assert found is not None
        self.url = found[1]
        self.port = int(self.url.rpartition(":")[2])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def megabytes(self) -> float:
        """Memory of the server and its workers; what they share is counted once."""
        total = 0.0
        server = psutil.Process(self.process.pid)
        for each in [server, *server.children(recursive=True)]:
            try:
                total += each.memory_full_info().pss / 2**20
            except psutil.Error:
                continue
        return total


def join(page: Any, url: str, code: str, name: str) -> float:
    """Let a student in; return the seconds that it took."""
    began = time.monotonic()
    page.goto(f"{url}/?code={code}")
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    page.get_by_text("return word:").first.wait_for(timeout=1000 * PATIENCE)
    return time.monotonic() - began


def click(page: Any) -> float:
    """Choose another page; return the seconds until it is there."""
    began = time.monotonic()
    page.get_by_role("link", name="Studies").first.click()
    page.get_by_role("heading", name="Studies").first.wait_for(timeout=1000 * PATIENCE)
    took = time.monotonic() - began
    page.get_by_role("link", name="Mesa Lab, to the start").click()
    page.get_by_role("heading", name="Choose a model").wait_for(timeout=1000 * PATIENCE)
    return took


def start_studies(folder: Path, runs: int) -> list[Path]:
    """Have each student ask for a study."""
    registry, paths = Registry(folder), []
    experiment = Experiment(MODEL, {"density": [0.7, 0.8]}, replications=max(runs // 2, 1), max_steps=STEPS)
    for student in Roster(folder).students():
        path = folder / "visitors" / student.id / "lesson.study"
        path.parent.mkdir(parents=True, exist_ok=True)
        Study.for_experiment(experiment, path).close()
        paths.append(path)
    for path in paths:
        registry.enqueue(Ticket(path.relative_to(folder).as_posix()))
    return paths


def done(path: Path) -> int:
    try:
        with Study.open(path) as study:
            return int(study.status().done)
    except MesaLabError:
        return 0


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--students", type=int, default=30)
    options.add_argument("--runs", type=int, default=100)
    asked = options.parse_args()
    whole = 2 * max(asked.runs // 2, 1)
    print(f"load before: {os.getloadavg()[0]:.1f}; processors: {os.cpu_count()}", flush=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        server = Server(Path(temporary))
        folder = Path(temporary) / "class"
        browser = launched(playwright)
        code = Roster(folder).code
        viewport: Any = {"width": 390, "height": 844}
        pages = [browser.new_context(viewport=viewport).new_page() for _ in range(asked.students)]
        joined = [join(page, server.url, code, f"Student {number}") for number, page in enumerate(pages)]
        print(
            f"join:          p50 {statistics.median(joined):.1f} s, longest {max(joined):.1f} s (aim: 5 s)",
            flush=True,
        )
        clicks = sorted(click(page) for page in pages for _ in range(3))
        p50, p95 = clicks[len(clicks) // 2], clicks[int(0.95 * len(clicks))]
        print(f"click:         p50 {p50:.2f} s, p95 {p95:.2f} s (aim: 0.3 s and 1 s)", flush=True)
        paths = start_studies(folder, asked.runs)
        began = time.monotonic()
        first: dict[Path, float] = {}
        ended: dict[Path, float] = {}
        most, at_kill, back = server.megabytes(), {}, 0.0
        while len(ended) < len(paths) and time.monotonic() - began < PATIENCE:
            counts = {path: done(path) for path in paths if path not in ended}
            moment = time.monotonic() - began
            for path, count in counts.items():
                if count:
                    first.setdefault(path, moment)
                if count >= whole:
                    ended[path] = moment
            most = max(most, server.megabytes())
            so_far = sum(counts.values()) + whole * (len(ended) - sum(path in ended for path in counts))
            if not at_kill and len(first) == len(paths) and so_far >= whole * len(paths) / 3:
                server.kill()
                at_kill = {path: done(path) for path in paths}
                killed = time.monotonic()
                server.start()
                back = time.monotonic() - killed
            time.sleep(0.2)
        lost = sum(max(0, count - done(path)) for path, count in at_kill.items())
        returned = 0
        for page in pages:
            page.reload()
            page.get_by_text("return word:").first.wait_for(timeout=1000 * PATIENCE)
            returned += 1
        browser.close()
        server.kill()
    if not ended:
        raise SystemExit(
            f"No study was done within {PATIENCE:.0f} s; first results of {len(first)} of {len(paths)} students."
        )
    mean = statistics.mean(ended.values())
    print(
        f"first result:  last after {max(first.values()):.1f} s, of {len(first)} of {len(paths)} students (aim: 10 s)"
    )
    print(
        f"study done:    mean {mean:.1f} s, last {max(ended.values()):.1f} s: {max(ended.values()) / mean:.2f} times (aim: 2); {len(ended)} of {len(paths)}"
    )
    print(f"memory:        {most:,.0f} MiB, server and workers (aim: 1,024)")
    print(
        f"killed:        at {sum(at_kill.values()):,} of {whole * len(paths):,} runs, there again after {back:.1f} s; {lost} runs lost, {returned} of {len(pages)} students back"
    )


if __name__ == "__main__":
    main()
