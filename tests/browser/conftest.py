"""A real browser and a real server, in a network that ends at this machine.

Where the system allows it (root on Linux, as in CI) everything here runs in a network namespace of
its own with a loopback device only: whatever a page or the server wanted from elsewhere would fail,
and each test ends with a look at what failed. The browser is Debian's chromium; without it the tests
skip and say so, but fail where CI=true.

What a test gets:
- `lab`: the app, served once for all tests of this folder; `lab.url`, `lab.studies`, `lab.output()`.
- `start_lab(pages=…, studies=…, host=…, models=…)`: another server, for the tests of one file.
- `visit(address, width=…, height=…, dark=…)`: a new browser context with a page of it, loaded.
- `troubles`: what went wrong in the browser so far; must be empty at the end of the test.
- `lacking(what)`: fails in CI and skips elsewhere.
- `accessible(page)`: fails where axe-core finds something serious or critical on a page, light or dark.
- `shoot(page, name)`: a picture in screenshots/, when MESA_LAB_SCREENSHOTS is set.
"""

import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    # Playwright is a debugger, for which V8 reads scripts a second time when it wants to know a place in them: half a second
    # of each page in which a visitor waits for nothing.
    "--js-flags=--no-enable-lazy-source-positions",
]
PATIENCE = 150  # seconds; the first page after a start compiles and compresses a lot
expect.set_options(
    timeout=1000 * PATIENCE
)  # a page is looked at again until it is as expected, or this is over


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests last: their network and Playwright's event loop stay until the end."""
    items.sort(key=lambda item: Path(__file__).parent in item.path.parents)


PAGES = pytest.StashKey[list[Any]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """With a test that failed, print what its pages showed: nobody can look at them afterwards."""
    report = yield
    if report.when == "call" and report.failed:
        for page in item.stash.get(PAGES, []):
            try:
                report.sections.append((f"Page {page.url}", page.inner_text("body", timeout=5000)[:3000]))
            except Exception as error:  # closed by the test, or the browser is gone
                report.sections.append(("Page that cannot be read", str(error).splitlines()[0]))
    return report


def lack(what: str) -> None:
    """Fail in CI and skip elsewhere, with the reason."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], None]:
    """A function that says what a test cannot do without: fails in CI, skips elsewhere."""
    return lack


@pytest.fixture(scope="session")
def cut_off() -> Iterator[bool]:
    """Move this process, and with it server and browser, into a network without a way out."""
    try:
        outside = os.open("/proc/self/ns/net", os.O_RDONLY)
        os.unshare(os.CLONE_NEWNET)
    except (AttributeError, OSError):
        yield False
        return
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        # ip link set lo up
        request = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(device, 0x8913, request))[1]
        fcntl.ioctl(device, 0x8914, struct.pack("16sh", b"lo", flags | 1))
    yield True
    os.setns(outside, os.CLONE_NEWNET)
    os.close(outside)


@pytest.fixture(scope="session")
def browser(cut_off: bool) -> Iterator[Any]:
    """The browser that all tests share."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if program is None:
        lack("No chromium found: apt-get install chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield launched
        launched.close()


@dataclass
class Lab:
    """A running server."""

    url: str
    studies: Path
    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """Return what it has printed so far."""
        return self.log.read_text(encoding="utf-8")


@contextmanager
def running_lab(folder: Path, **options: Any) -> Iterator[Lab]:
    """Start a server in a process of its own and stop it at the end."""
    studies = Path(options.pop("studies", folder / "studies"))
    log = folder / "server.log"
    words = {"port": 0, "open_browser": False, "studies": str(studies), **options}
    code = f"from mesa_lab.app.server.server import serve; serve(**{json.loads(json.dumps(words, default=str))!r})"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=folder,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + PATIENCE
        while not (found := re.search(r"Mesa Lab is at (\S+)", log.read_text(encoding="utf-8"))):
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"The server did not start:\n{log.read_text(encoding='utf-8')}")
            time.sleep(0.05)
        yield Lab(found[1], studies, process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def lab(cut_off: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The app with its own pages, for all tests."""
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def start_lab(cut_off: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Lab]]:
    """A function that starts further servers; they run until the last test of the file."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(running_lab(tmp_path_factory.mktemp("lab"), **options))


@pytest.fixture
def troubles() -> Iterator[list[str]]:
    """What went wrong in the browser: errors, failed requests, requests to elsewhere."""
    found: list[str] = []
    yield found
    assert not found


@pytest.fixture
def visit(browser: Any, troubles: list[str], request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """A function that opens an address in a browser context (a person) of its own."""
    opened = request.node.stash.setdefault(PAGES, [])
    with ExitStack() as stack:

        def open_page(
            address: str | Lab, path: str = "/", *, width: int = 1280, height: int = 800, dark: bool = False
        ) -> Any:
            url = address.url if isinstance(address, Lab) else address
            context = stack.enter_context(
                browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
                )
            )
            context.set_default_timeout(PATIENCE * 1000)
            page = context.new_page()
            opened.append(page)
            watch(page, url, troubles)
            page.goto(url + path)
            page.wait_for_selector("main, .solara-autorouter-content", state="attached")
            return page

        yield open_page


def watch(page: Any, url: str, troubles: list[str]) -> None:
    """Write down whatever goes wrong in a page."""
    home = urlsplit(url).netloc

    def on_request(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"} and parts.netloc != home:
            troubles.append(f"asked elsewhere: {request.url}")

    def on_failed(request: Any) -> None:
        # Leaving a page aborts what is still under way; that is no failure.
        if "ERR_ABORTED" not in (request.failure or ""):
            troubles.append(f"{request.failure}: {request.url}")

    page.on("request", on_request)
    page.on("requestfailed", on_failed)
    page.on(
        "response", lambda answer: answer.status < 400 or troubles.append(f"{answer.status}: {answer.url}")
    )
    page.on("pageerror", lambda error: troubles.append(f"error in the page: {error}"))
    page.on("console", lambda line: line.type != "error" or troubles.append(f"console: {line.text}"))
    page.on("dialog", lambda dialog: (troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))


@pytest.fixture(scope="session")
def accessible() -> Callable[[Any], None]:
    """A function that lets axe-core look at a page as it stands, in the light and in the dark, and fails where it finds something serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def look(page: Any) -> list[str]:
        # Again where something is found: a chart that is just being drawn has marks without names.
        for _ in range(5):
            if not (found := look_once(page)):
                break
            page.wait_for_timeout(1000)
        return found

    def look_once(page: Any) -> list[str]:
        page.evaluate(_SETTLED)
        return [
            f"{each['impact']}: {each['id']}: {each['help']}\n"
            + "\n".join(f"    {_short(node)}" for node in each["nodes"][:5])
            for each in axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
            if each["impact"] in ("serious", "critical")
        ]

    def in_colours(page: Any, colours: str) -> None:
        page.emulate_media(color_scheme=colours)
        if page.locator(
            ".v-application[class*='v-theme--']"
        ).count():  # not on a page that stands in for the app
            page.wait_for_selector(f".v-application.v-theme--{colours}")

    def look_twice(page: Any) -> None:
        first = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
        other = {"dark": "light", "light": "dark"}[first]
        found = {first: look(page)}
        in_colours(page, other)
        found[other] = look(page)
        in_colours(page, first)
        said = [f"{page.url}, {colours}:\n{trouble}" for colours, some in found.items() for trouble in some]
        assert not said, "\n".join(said)

    return look_twice


# What fades in has its colours then. What turns for ever is not waited for, nor what stands still half way.
_SETTLED = """Promise.race([
    new Promise((done) => setTimeout(done, 2000)),
    Promise.all(document.getAnimations()
        .filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime))
        .map((each) => each.finished.catch(() => 0))),
])"""


def _short(node: Any) -> str:
    """What is wrong with one element, in two lines."""
    why = " ".join(node.get("failureSummary", "").split())
    return f"{node['target']} {node['html'][:160]}\n        {why[:300]}"


@pytest.fixture
def shoot() -> Callable[[Any, str], None]:
    """A function that takes a picture of a page for people to look at, when they want some."""

    def take(page: Any, name: str) -> None:
        if os.environ.get("MESA_LAB_SCREENSHOTS"):
            folder = ROOT / "screenshots"
            folder.mkdir(exist_ok=True)
            file = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
            page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
            page.screenshot(path=folder / f"{file}.png", full_page=True, animations="disabled")

    return take
