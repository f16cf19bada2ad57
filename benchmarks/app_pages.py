"""How long one waits in the app: for each page in a new browser, and from a click to the chart that it asks for.

    python -m benchmarks.app_pages [--rounds 5] [--json FILE]

Starts `mesa-lab app` in a temporary folder with a study of 200 runs, and one Chromium (needs the `browser` tools of the tests: Playwright and
Debian's chromium). Each round is a new browser context, so that nothing is cached in it; the first round, in which the server imports what
it has not needed yet, is left out of the medians and printed beside them. Messages and kilobytes are those of the page's WebSocket, the
latter as they travel (counted between browser and server, `wire.py`; what the two agreed on is printed) and as they are when unpacked.
Figures of time hold the browser too, which takes most of them: leave the computer alone meanwhile. The load that it
had before is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.report import make_study
from benchmarks.wire import Wire, counted

PATIENCE = 120.0
MEASURED = ("seconds", "messages", "kilobytes", "on_the_wire")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    # Playwright is a debugger, for which V8 reads scripts a second time when it wants to know a place in them: half a second
    # of each page in which a visitor waits for nothing.
    "--js-flags=--no-enable-lazy-source-positions",
]
DRAWN = ".ml-chart-stage:not(.ml-chart-hidden) svg"
PAGES = {  # what has to be seen of a page, and the seconds that are to be reached where there are some
    "/": (".ml-card", 1.5),
    "/design?model=mesa.examples:WolfSheep": (".ml-total h2, .ml-empty", None),
    "/run?study=wolves": (".ml-progress", None),
    "/results?study=wolves": (".ml-answer-sentence", 2.0),
    "/results?study=wolves&tab=charts": (DRAWN, None),
    "/studies": (".ml-study", None),
    "/explore?study=wolves": (".ml-ex-curve", None),
    "/watch?study=wolves&run=0": (".ml-watch-picture", None),
}


def launched(playwright: Any) -> Any:
    """Start a browser."""
    program = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if program is None:
        raise SystemExit("No chromium found: apt-get install chromium")
    return playwright.chromium.launch(executable_path=program, args=FLAGS)


@contextmanager
def app(folder: Path) -> Iterator[str]:
    """Serve the studies of a folder; yield the address."""
    log = folder / "server.log"
    command = [sys.executable, "-m", "mesa_lab", "app", "--studies", str(folder), "--port", "0", "--no-open"]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, cwd=folder)
    try:
        until = time.monotonic() + PATIENCE
        while not (found := re.search(r"Mesa Lab is at (\S+)", log.read_text("utf-8"))):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"The app did not start:\n{log.read_text('utf-8')}")
            time.sleep(0.05)
        yield found[1]
    finally:
        process.terminate()
        process.wait(30)


class Visit:
    """A page in a new browser, with what came through its WebSocket."""

    def __init__(self, browser: Any, url: str, wire: Wire) -> None:
        self.context, self.url, self.wire, self.unpacked = browser.new_context(), url, wire, (0, 0)
        self.context.set_default_timeout(1000 * PATIENCE)
        self.page = self.context.new_page()
        self.page.on("websocket", self._count)

    def _count(self, socket: Any) -> None:
        def add(frame: str | bytes) -> None:
            messages, size = self.unpacked
            self.unpacked = (messages + 1, size + len(frame.encode() if isinstance(frame, str) else frame))

        socket.on("framereceived", add)

    def seconds_until(self, act: Callable[[], object], seen: str) -> tuple[float, ...]:
        """Do something; return the seconds until something is seen, and what came meanwhile: messages, kilobytes when unpacked, and on the wire."""
        before, began = (*self.unpacked, self.wire.received), time.perf_counter()
        act()
        self.page.locator(seen).first.wait_for(state="attached")
        seconds = time.perf_counter() - began
        after = (*self.unpacked, self.wire.received)
        messages, whole, travelled = (now - then for now, then in zip(after, before, strict=True))
        return seconds, messages, whole / 1000, travelled / 1000

    def clicks(self) -> Iterator[tuple[str, float | None, tuple[float, ...]]]:
        """Yield what is clicked, the seconds to reach, and what it took."""
        page = self.page
        page.goto(self.url)
        model = page.get_by_role("button", name=re.compile("^Schelling"))
        model.wait_for()
        chosen = self.seconds_until(model.click, "main h1:has-text('Schelling')")
        yield "choose a model", 0.15, chosen
        design = page.get_by_role("link", name="Design an experiment")
        yield "Model to Design", 0.4, self.seconds_until(design.click, "section[aria-label=Design]")
        yield "Design to its first chart", 0.6, self.seconds_until(lambda: None, DRAWN)
        page.goto(f"{self.url}/results?study=wolves&tab=charts")
        page.locator(DRAWN).first.wait_for()
        tab = page.get_by_role("tab", name="Spread over runs")
        yield "another chart", None, self.seconds_until(tab.click, f"{DRAWN}:has-text('Spread of')")

    def close(self) -> None:
        self.context.close()


def measure(browser: Any, url: str, wire: Wire, rounds: int) -> dict[str, dict[str, Any]]:
    """Return for each page and click what is to be reached, and the seconds, messages and kilobytes of each round."""
    found: dict[str, dict[str, Any]] = {}

    def note(what: str, aim: float | None, took: tuple[float, ...]) -> None:
        entry = found.setdefault(what, {"aim": aim, **{name: [] for name in MEASURED}})
        for name, value in zip(MEASURED, took, strict=True):
            entry[name].append(value)

    for _ in range(rounds + 1):
        for path, (seen, aim) in PAGES.items():
            visit = Visit(browser, url, wire)
            note(path, aim, visit.seconds_until(lambda: visit.page.goto(url + path), seen))  # noqa: B023  called at once
            visit.close()
        visit = Visit(browser, url, wire)
        for what, aim, took in visit.clicks():
            note(what, aim, took)
        visit.close()
    return found


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    options = argparse.ArgumentParser(prog="python -m benchmarks.app_pages", description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", type=Path, metavar="FILE")
    asked = options.parse_args()
    print(f"load before: {os.getloadavg()[0]:.1f}; processors: {os.cpu_count()}", flush=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        make_study(str(Path(folder, "wolves.study")), replications=10)
        browser = launched(playwright)
        with app(Path(folder)) as server, counted(server) as (url, wire):
            found = measure(browser, url, wire, asked.rounds)
        browser.close()
    print(f"the WebSocket's extensions: {wire.extensions or 'none, nothing is compressed'}")
    for what, each in found.items():
        first, *others = each["seconds"]
        aim = f"   (aim: {each['aim']:g} s)" if each["aim"] else ""
        messages, whole, travelled = (statistics.median(each[name]) for name in MEASURED[1:])
        print(
            f"{what:40} {statistics.median(others or [first]):6.2f} s, at first {first:6.2f} s, "
            f"{messages:4.0f} messages, {travelled:4.0f} kB on the wire ({whole:4.0f} kB unpacked){aim}"
        )
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
