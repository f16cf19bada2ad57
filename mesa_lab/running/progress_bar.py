"""Progress of a batch of runs: done, failed, rate and time left, in a terminal, a log or a notebook.

It is told numbers and shows them; it knows neither runs nor studies. Text goes to stderr, so that what a
script prints stays clean. In a notebook one output is updated in place, with no widgets needed.
"""

from __future__ import annotations

import html
import sys
import threading
import time
from collections import deque
from types import TracebackType
from typing import Any, Final, Self, TextIO

from mesa_lab.errors import ExperimentError, suggest
from mesa_lab.formatting import duration, plural
from mesa_lab.preparation.settings import check_flag

__all__ = ["Progress", "Tally", "check_progress", "in_notebook"]

_RATE_SECONDS: Final = 30.0
_LINE_SECONDS: Final = (2.0, 5.0, 10.0, 30.0, 60.0)
"""A log gets a line after these intervals, the last one from then on."""

_LONG_SECONDS: Final = 2.0
_BEAT_SECONDS: Final = 0.5

_WAYS: Final = ("terminal", "lines", "notebook")


def check_progress(show: Any, name: str = "progress") -> bool | str:
    """Return whether progress is shown, or how.

    Args:
        show: True, False, "terminal", "lines" or "notebook".
        name: What the setting is called, for the message.

    Raises:
        ExperimentError: If it is something else.

    Example:
        >>> check_progress("lines"), check_progress(False)
        ('lines', False)
    """
    if isinstance(show, str):
        if show not in _WAYS:
            raise ExperimentError(
                f"{name} is {show!r}. Write True, False, or how it is shown: {', '.join(_WAYS)}.{suggest(show, _WAYS)}"
            )
        return show
    return check_flag(name, show)


class Tally:
    """How far a batch of runs is, and how fast it goes.

    Args:
        total: Runs that are asked for.
        finished: Runs that have a result already.
        failed: How many of those failed.
    """

    def __init__(self, total: int, finished: int = 0, failed: int = 0) -> None:
        self.total = total
        self.finished = finished
        self.failed = failed
        self.state = "running"
        self.headline = ""
        """What else to show, such as the best setting so far."""
        self.started = time.monotonic()
        self._samples: deque[tuple[float, int]] = (
            deque()
        )  # from the first result on: workers take time to start
        self._new = 0

    def update(self, finished: int, failed: int) -> None:
        """Note the numbers of runs that have a result, and of those that failed."""
        self._new += finished - self.finished
        self.finished, self.failed = finished, failed
        moment = time.monotonic()
        self._samples.append((moment, self._new))
        while len(self._samples) > 2 and moment - self._samples[1][0] > _RATE_SECONDS:
            self._samples.popleft()

    @property
    def rate(self) -> float | None:
        """Runs per second lately."""
        if len(self._samples) < 2:
            return None
        (start, before), (end, after) = self._samples[0], self._samples[-1]
        return (after - before) / (end - start) if end > start and after > before else None

    @property
    def seconds_left(self) -> float | None:
        """Estimate of the time to go; None when nothing can be said, as when more time has gone than was expected."""
        if not (rate := self.rate):
            return None
        left = (self.total - self.finished) / rate - (time.monotonic() - self._samples[-1][0])
        return left if left > 0 else None

    @property
    def text(self) -> str:
        """All of it in one line."""
        parts = [f"{self.finished:,} of {plural(self.total, 'run')}"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.state != "running":
            return ", ".join([*parts, self.state, *([self.headline] if self.headline else [])])
        finished, elapsed = self.finished >= self.total, time.monotonic() - self.started
        rate = self._new / elapsed if finished and elapsed else self.rate
        if rate:
            parts.append(f"{rate:,.0f} runs/s" if rate >= 10 else f"{rate:.2g} runs/s")
        if finished:
            parts.append(f"took {duration(elapsed)}")
        elif (left := self.seconds_left) is not None:
            parts.append(f"{duration(left)} left")
        elif elapsed >= _LONG_SECONDS:
            parts.append(f"{duration(elapsed)} so far")
        return ", ".join([*parts, self.headline] if self.headline else parts)


class Progress:
    """Shows how a batch of runs comes along; a context manager.

    What is shown moves on by itself, also while a single run takes long.

    Args:
        total: Runs that are asked for.
        finished: Runs that have a result already.
        failed: How many of those failed.
        show: True to choose by where it runs, False for nothing, or "terminal", "lines" or "notebook".
        stream: Where text goes; stderr by default.

    Example:
        >>> with Progress(100, show=False) as progress:
        ...     progress.update(40, failed=2)
        >>> progress.tally.finished
        40
    """

    def __init__(
        self,
        total: int,
        finished: int = 0,
        failed: int = 0,
        *,
        show: bool | str = True,
        stream: TextIO | None = None,
    ) -> None:
        self.tally = Tally(total, finished, failed)
        show = check_progress(show)
        stream = stream or sys.stderr
        if show is True:
            show = "notebook" if in_notebook() else "terminal" if stream.isatty() else "lines"
        self._view: Any = _Nothing()
        if show == "notebook":
            self._view = _Notebook(self.tally)
        elif show == "terminal":
            self._view = _Terminal(self.tally, stream)
        elif show == "lines":
            self._view = _Lines(self.tally, stream)

        self._lock = threading.Lock()
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        self._view.start()
        if not isinstance(self._view, _Nothing):
            threading.Thread(target=self._keep_showing, name="mesa-lab-progress", daemon=True).start()
        return self

    def _keep_showing(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            with self._lock:
                if not self._ended.is_set():
                    self._view.show()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self.tally.state == "running":
            self.tally.state = "interrupted" if issubclass(kind, KeyboardInterrupt) else "stopped by an error"
        self._ended.set()
        with self._lock:
            self._view.stop()

    def update(self, finished: int, failed: int = 0) -> None:
        """Show how many runs have a result, and how many of those failed."""
        self.tally.update(finished, failed)
        with self._lock:
            self._view.show()

    def say(self, state: str) -> None:
        """Show what the batch does: "running", "paused", "stopping", "stopped" or "interrupted"."""
        self.tally.state = state
        with self._lock:
            self._view.show(at_once=True)


class _Nothing:
    def start(self) -> None: ...
    def show(self, *, at_once: bool = False) -> None: ...
    def stop(self) -> None: ...


class _Lines:
    """One plain line now and then, for logs."""

    def __init__(self, tally: Tally, stream: TextIO) -> None:
        self.tally, self.stream = tally, stream
        self.lines = 0
        self.last = time.monotonic()
        self.text = ""

    def start(self) -> None:
        pass

    def show(self, *, at_once: bool = False) -> None:
        interval = _LINE_SECONDS[min(self.lines, len(_LINE_SECONDS) - 1)]
        if at_once or time.monotonic() - self.last >= interval:
            self._write()

    def stop(self) -> None:
        self._write()

    def _write(self) -> None:
        self.last = time.monotonic()
        self.lines += 1
        if self.tally.text != self.text:
            self.text = self.tally.text
            print(self.text, file=self.stream, flush=True)


class _Terminal:
    """A bar that stays in its line."""

    def __init__(self, tally: Tally, stream: TextIO) -> None:
        from rich.console import Console, RenderableType
        from rich.constrain import Constrain
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console(file=stream)

        class Bar(Progress):
            """Leaves a few columns free: a terminal writes ^C behind the bar, and must not begin a new line with it."""

            def get_renderable(self) -> RenderableType:
                return Constrain(super().get_renderable(), max(20, console.width - 6))

        self.tally = tally
        self.bar = Bar(
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[text]}", markup=False),
            console=console,
            refresh_per_second=4,
        )
        self.task = self.bar.add_task(
            "", total=max(tally.total, 1), completed=tally.finished, text=tally.text
        )

    def start(self) -> None:
        self.bar.start()

    def show(self, *, at_once: bool = False) -> None:
        self.bar.update(
            self.task,
            total=max(self.tally.total, 1),
            completed=self.tally.finished,
            text=self.tally.text,
            refresh=at_once,
        )

    def stop(self) -> None:
        self.show()
        self.bar.stop()


class _Notebook:
    """One output of a cell, updated in place."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.handle: Any = None
        self.last = 0.0
        self.text = ""

    def start(self) -> None:
        from IPython.display import display

        self.text = self.tally.text
        self.handle = display(self, display_id=True)  # type: ignore[no-untyped-call]

    def show(self, *, at_once: bool = False) -> None:
        if (at_once or time.monotonic() - self.last >= 0.3) and self.tally.text != self.text:
            self.last = time.monotonic()
            self.text = self.tally.text
            self.handle.update(self)

    def stop(self) -> None:
        self.show(at_once=True)

    def __repr__(self) -> str:
        return self.tally.text

    def _repr_html_(self) -> str:
        share = 100 * self.tally.finished / max(self.tally.total, 1)
        return (
            '<div style="display:flex;align-items:center;gap:1em;font-family:sans-serif;font-size:13px">'
            f'<progress max="100" value="{share:.1f}" style="width:16em"></progress>'
            f"<span>{html.escape(self.tally.text)}</span></div>"
        )


def in_notebook() -> bool:
    """Tell whether code runs in a notebook's kernel; does not import IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and getattr(shell, "kernel", None) is not None
