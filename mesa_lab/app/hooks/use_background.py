"""Hooks for what changes while a page looks on: read in the background, shown when it is there.

Reading a study takes from a millisecond to a second, and a page must answer at once. So nothing is
read while a page is drawn: one thread for each panel reads, at most so often and so much that the
cores stay with the runs, and only while the page is open in a browser.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd  # noqa: F401  Solara stumbles over a pandas that another thread is just importing
import solara

from mesa_lab.app.quick_imports import DRAWING, import_now
from mesa_lab.errors import MesaLabError

__all__ = ["Fresh", "Reader", "is_looked_at", "use_fresh", "use_reader"]

logger = logging.getLogger(__name__)

SHARE: Final = 0.2
"""The most of one core that reading for one panel takes."""
_AWAY_SECONDS: Final = 2.0
_LONGEST_REST: Final = 3.0
"""However long a reading took (the first one imports a lot), a page must not lag further behind than this."""


@dataclass(frozen=True, eq=False)
class Fresh[T]:
    """The latest that was read.

    Attributes:
        value: It; None before the first time.
        problem: Why there is nothing newer.
        pending: Whether it is still being read for the first time, or anew because something else is wanted.
    """

    value: T | None = None
    problem: str = ""
    pending: bool = True


_NOTHING: Final[Fresh[Any]] = Fresh()


class Reader:
    """A thread that calls a function again and again, at a pace that leaves the cores to others.

    Args:
        read: Called in the thread; returns the seconds to wait before the next time, None to wait until it is poked.
        least: Seconds between two calls, at least.
        at_end: Called last, in the same thread.
    """

    def __init__(
        self, read: Callable[[], float | None], least: float = 0.0, at_end: Callable[[], None] | None = None
    ) -> None:
        self._read = read
        self._least = least
        self._at_end = at_end
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._wanted.set()
        # Started within a page, it belongs to that page and may change what the page shows.
        self._thread = threading.Thread(target=self._work, name="mesa-lab-reader", daemon=True)
        self._thread.start()

    def poke(self) -> None:
        """Have it read as soon as may be."""
        self._wanted.set()

    def stop(self) -> None:
        """End it, without waiting for what it is doing."""
        self._stopped.set()
        self._wanted.set()

    def _work(self) -> None:
        try:
            self._go_on()
        finally:
            if self._at_end is not None:
                self._at_end()

    def _go_on(self) -> None:
        wait: float | None = None
        while not self._stopped.is_set():
            self._wanted.wait(wait)
            self._wanted.clear()
            if self._stopped.is_set():
                return
            if not is_looked_at():
                wait = _AWAY_SECONDS
                self._stopped.wait(wait)
                self._wanted.set()
                continue
            start = time.monotonic()
            try:
                wait = self._read()
            except Exception:
                logger.exception("A panel could not be brought up to date.")
                wait = _AWAY_SECONDS
            took = time.monotonic() - start
            rest = min(took * (1 / SHARE - 1), _LONGEST_REST) if took > 0.05 else 0.0
            self._stopped.wait(max(self._least - took, rest))


def use_reader(
    read: Callable[[], float | None],
    dependencies: list[Any],
    least: float = 0.0,
    at_end: Callable[[], None] | None = None,
) -> Callable[[], None]:
    """Keep calling a function in a thread of its own while the component is shown; a hook.

    Args:
        read: As for `Reader`; the one of the first render with these dependencies is used.
        dependencies: When they change, a new thread takes over.
        least: Seconds between two calls, at least.
        at_end: Called last, in the same thread.

    Returns:
        A function that has it read at once.
    """
    box: list[Reader] = solara.use_memo(list, dependencies=dependencies)

    def run() -> Callable[[], None]:
        box.append(Reader(read, least, at_end))
        return box[-1].stop

    solara.use_effect(run, dependencies)
    return lambda: box[-1].poke() if box else None


def use_fresh[T](read: Callable[[], T], version: Any, *, topic: Any = None, least: float = 0.5) -> Fresh[T]:
    """Return what a function gives, read in the background whenever its version changes; a hook.

    Args:
        read: Reads it. Mistakes that the user can put right are shown, not raised.
        version: What it depends on and what changes often, such as how many runs are done; while the new one is read,
            the old one stays.
        topic: What it depends on besides; when this changes, what was read before is of no use.
        least: Seconds between two readings, at least.
    """
    found = solara.use_reactive(_NOTHING)
    wanted: dict[str, Any] = solara.use_memo(dict, dependencies=[topic])
    wanted["read"], wanted["version"] = read, version

    def work() -> None:
        version, now = wanted["version"], wanted["read"]
        if "done" in wanted and wanted["done"] == version:
            return
        import_now(DRAWING)
        try:
            result = Fresh(now(), "", False)
        except MesaLabError as error:
            result = Fresh(found.peek().value, str(error), False)
        except Exception as error:  # whatever goes wrong is said in the panel, and the page lives on
            result = Fresh(found.peek().value, f"{type(error).__name__}: {error}", False)
        wanted["done"] = version
        if wanted is latest[0]:
            found.set(result)

    def forget() -> None:
        if not found.peek().pending:
            found.set(_NOTHING)

    latest: list[dict[str, Any]] = solara.use_memo(lambda: [wanted], dependencies=[])
    latest[0] = wanted
    solara.use_effect(forget, [topic])
    poke = use_reader(work, [topic], least)
    solara.use_effect(poke, [version])
    return found.value


def is_looked_at() -> bool:
    """Tell whether the page of this thread is open in some browser; in a notebook it always is."""
    contexts = sys.modules.get("solara.server.kernel_context")
    if contexts is None:
        return True
    try:
        page = contexts.get_current_context()
    except RuntimeError:
        return True
    status = list(page.page_status.values())
    return not page.closed_event.is_set() and (not status or contexts.PageStatus.CONNECTED in status)
