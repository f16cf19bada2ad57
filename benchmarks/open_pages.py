"""What the app costs while people have it open: what a first visit fetches, memory of a page, a click while a study takes all cores.

    python -m benchmarks.open_pages [--pages 30]

Starts the app as `app_pages` does. Pages are of different browser contexts, each with the answers of a study, as thirty people would have them; the server's
memory is its own and that of its processes, each page counted once (PSS). The idle pages' share of a core is that of a minute.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.app_pages import PATIENCE, app, launched
from benchmarks.report import make_study
from benchmarks.wire import counted

MIB = 2**20
CLOSED = 60  # seconds after which what a closed page held is to be free
PAGES = {"the first page": ("/", ".ml-card"), "Results": ("/results?study=wolves", ".ml-answer-sentence")}


def server_process(folder: Path) -> psutil.Process:
    """Return the app's process, which serves the studies of a folder."""
    (found,) = (
        child
        for child in psutil.Process().children(recursive=True)
        if str(folder) in child.cmdline() and "app" in child.cmdline()
    )
    return found


def memory(server: psutil.Process) -> float:
    """Return what the server and its processes hold, in MiB."""
    total = 0.0
    for process in (server, *server.children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:  # it has just ended
            continue
    return total / MIB


def processor_share(server: psutil.Process, seconds: float) -> float:
    """Return the share of a core that the server takes for some seconds."""
    before = sum(server.cpu_times()[:2])
    time.sleep(seconds)
    return (sum(server.cpu_times()[:2]) - before) / seconds


def opened(browser: Any, url: str, kind: str) -> Any:
    """Open a page in a browser of its own."""
    path, seen = PAGES[kind]
    context = browser.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    page = context.new_page()
    page.goto(url + path)
    page.locator(seen).first.wait_for()
    return context


def close(context: Any) -> None:
    """Leave a page as people do: a context that is closed at once tells the server nothing, like a laptop that sleeps, whose page is kept for an hour."""
    context.pages[0].goto("about:blank")
    context.close()


def clicks_beside_a_study(browser: Any, url: str, folder: Path, clicks: int = 20) -> list[float]:
    """Return the seconds of clicks between two tabs of a study's results while another study takes all cores."""
    script = f"from benchmarks.report import make_study\nmake_study({str(folder / 'long.study')!r}, replications=10_000)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL) as runner:
        page = opened(browser, url, "Results").pages[0]
        seconds = []
        for number in range(clicks):
            name, seen = (("Runs", "table td"), ("Answers", PAGES["Results"][1]))[number % 2]
            began = time.perf_counter()
            page.get_by_role("tab", name=name, exact=True).click()
            page.locator(seen).first.wait_for()
            seconds.append(time.perf_counter() - began)
            time.sleep(0.5)
        runner.terminate()
    return seconds


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    options = argparse.ArgumentParser(prog="python -m benchmarks.open_pages", description=__doc__)
    options.add_argument("--pages", type=int, default=30)
    pages = options.parse_args().pages
    print(f"load before: {os.getloadavg()[0]:.1f}; processors: {os.cpu_count()}", flush=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        make_study(str(Path(folder, "wolves.study")), replications=10)
        browser = launched(playwright)
        with app(Path(folder)) as address, counted(address) as (url, wire):
            server = server_process(Path(folder))
            time.sleep(15)  # what is imported in the background is there then
            idle = memory(server)
            print(f"server: {idle:.0f} MiB before the first page")
            for kind in PAGES:
                fetched = wire.fetched
                close(opened(browser, url, kind))
                print(
                    f"{kind}: {(wire.fetched - fetched) / 1e6:.2f} MB of page, scripts, styles and fonts (aim: 1.5)",
                    flush=True,
                )
                time.sleep(CLOSED)
                before = memory(server)
                contexts = [opened(browser, url, kind) for _ in range(pages)]
                time.sleep(10)
                held = memory(server)
                share = processor_share(server, 30) / pages
                for context in contexts:
                    close(context)
                time.sleep(CLOSED)
                print(
                    f"{kind}, {pages} times: {before:.0f} -> {held:.0f} MiB, {(held - before) / pages:.1f} MiB each (aim: 3); idle, each takes "
                    f"{share:.2%} of a core (aim: 0.5 %); {CLOSED} s after they closed {memory(server) / before - 1:+.0%} (aim: 10 %)",
                    flush=True,
                )
            seconds = clicks_beside_a_study(browser, url, Path(folder))
            print(
                f"a click while a study takes all cores: median {statistics.median(seconds):.2f} s (aim: 0.2), longest {max(seconds):.2f} s"
            )
        browser.close()


if __name__ == "__main__":
    main()
