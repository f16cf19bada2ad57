"""What runs leave behind in a worker's memory: measured there after each batch, judged by its driver.

Mesa's own leaks are mended in `simulation/cleanup.py`. Here it is about the model's: a list in a module that keeps agents, a cache
that never forgets. Its worker is replaced before memory runs out, and the user is told. Nothing here changes a run.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import itertools
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from mesa_lab.formatting import size_text

__all__ = ["Footprint", "MemoryWatch", "Witness", "available_memory", "growth_per_run"]

_MIB: Final = 2**20
_SHARE: Final = 0.5
"""How much of the memory that is free all workers together may fill with leftovers."""

_LEAST: Final = 32 * _MIB
"""Less than this is not worth a word, unless models are still alive, nor a new process."""

_ALIVE: Final = 20
_SAMPLES: Final = 64
_LOOK_SECONDS: Final = 2.0
_GROUPS: Final = Path("/sys/fs/cgroup")


class Footprint(NamedTuple):
    """What a worker's memory holds when its garbage has been collected.

    Attributes:
        runs: Runs that it has carried out.
        models: How many of their models still exist.
        blocks: Objects, in the interpreter's own count: unlike the size, it goes down with each that is freed.
        size: Resident bytes.
    """

    runs: int
    models: int
    blocks: int
    size: int


class Witness:
    """Counts, in a worker, the models that outlive their runs."""

    def __init__(self) -> None:
        self._runs = 0
        self._kinds: set[type[Any]] = set()
        self._trimmed = 0

    def see(self, model: Any) -> None:
        """Take note of a model whose run is over."""
        self._runs += 1
        if model is not None:
            self._kinds.add(type(model))

    def footprint(self) -> Footprint:
        """Measure; to be called when garbage has been collected."""
        # Weak references would be the shorter way, but cost a very short run 3 % of its time. What was frozen is not
        # among these objects, so there are few of them unless something is kept.
        models = sum(type(thing) in self._kinds for thing in gc.get_objects())
        size = _resident()
        if size > self._trimmed + _LEAST:
            # What was freed may not have gone back to the system yet.
            _trim()
            self._trimmed = size = _resident()
        return Footprint(self._runs, models, sys.getallocatedblocks(), size)


class MemoryWatch:
    """Judges, in the driver, what the workers of one stream keep.

    Args:
        model: What the model is called.
        workers: How many workers there are.
    """

    def __init__(self, model: str, workers: int) -> None:
        self._model = model
        self._workers = workers
        self._kept: dict[int, list[Footprint]] = {}
        self._strides: dict[int, int] = {}
        self._replaced = 0
        self._worst: tuple[Footprint, Footprint] | None = None
        self._steady = 0.0
        self._available = 0
        self._looked = -_LOOK_SECONDS

    def is_full(self, worker: int, now: Footprint) -> bool:
        """Take note of a worker's footprint.

        Args:
            worker: Which worker.
            now: Its footprint.

        Returns:
            Whether it should be replaced by a fresh process.
        """
        kept = self._kept.setdefault(worker, [])
        if not kept or now.runs >= kept[-1].runs + self._strides.setdefault(worker, 1):
            kept.append(now)
            if len(kept) > _SAMPLES:
                del kept[1::2]
                self._strides[worker] = max(1, (kept[-1].runs - kept[0].runs) // len(kept))
            self._judge(kept)
        if now.size - kept[0].size < max(_LEAST, self._allowance()):
            return False
        self._worst = self._worst or (kept[0], now)
        self._replaced += 1
        return True

    def forget(self, worker: int) -> None:
        """Begin anew with a worker whose process has been replaced or has died."""
        self._kept.pop(worker, None)
        self._strides.pop(worker, None)

    @property
    def notice(self) -> str | None:
        """What the user should know, None when there is nothing."""
        if self._worst is None:
            return None
        first, last = self._worst
        each = self._steady or max(last.size - first.size, 0) / max(last.runs - first.runs, 1)
        if 2 * last.models >= last.runs > 3:
            what = (
                f"keeps {f'about {size_text(each)} of' if each >= 512 else 'some'} memory for each run: {last.models:,} of {last.runs:,} models were still "
                "there when their runs were over. Something outside of the model holds on to it or to its agents, such as "
                "a list or a cache in a module or on a class; create it in the model's __init__ instead"
            )
        else:
            what = (
                f"seems to keep about {size_text(each)} of memory for each run: a worker process grew by "
                f"{size_text(last.size - first.size)} in {last.runs - first.runs:,} runs. Look for a list or a cache in a module "
                "or on a class that grows from run to run"
            )
        worker = "A worker process was" if self._replaced == 1 else "Worker processes were"
        times = "once" if self._replaced == 1 else f"{self._replaced:,} times"
        so_far = f" {worker} replaced {times} to free it." if self._replaced else ""
        return f"The model '{self._model}' {what}.{so_far} The results are not affected."

    def _judge(self, kept: Sequence[Footprint]) -> None:
        now = kept[-1]
        steady = growth_per_run(kept)
        alive = now.models >= _ALIVE and 2 * now.models >= now.runs - kept[0].runs
        if steady is not None or alive:
            self._steady = steady or self._steady
            if self._worst is None or now.models > self._worst[1].models or steady:
                self._worst = kept[0], now

    def _allowance(self) -> float:
        """Bytes by which each worker may grow."""
        moment = time.monotonic()
        if moment - self._looked >= _LOOK_SECONDS:
            self._looked = moment
            grown = sum(kept[-1].size - kept[0].size for kept in self._kept.values())
            self._available = available_memory() + max(grown, 0)
        return _SHARE * self._available / self._workers


def growth_per_run(kept: Sequence[Footprint]) -> float | None:
    """Return the bytes that each run adds, None unless memory grows steadily.

    What is loaded or cached once does not count, nor memory that only the allocator keeps: size and number of
    objects must rise from quarter to quarter, and at much the same pace.
    """
    if len(kept) < 12:
        return None
    quarter = len(kept) // 4
    floors = [
        min(kept[start : start + quarter], key=lambda each: each.size)
        for start in range(len(kept) - 4 * quarter, len(kept), quarter)
    ]
    pairs = list(itertools.pairwise(floors))
    rates = [(after.size - before.size) / max(after.runs - before.runs, 1) for before, after in pairs]
    grown = floors[-1].size - floors[0].size
    if grown < _LEAST or min(rates) < 0.3 * max(rates):
        return None
    if any(after.blocks <= before.blocks for before, after in pairs):
        return None
    return grown / max(floors[-1].runs - floors[0].runs, 1)


def available_memory() -> int:
    """Return the bytes that processes may still take: the machine's, or its container's if that has fewer."""
    available = int(psutil.virtual_memory().available)
    with contextlib.suppress(OSError, ValueError, IndexError):
        own = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2].lstrip("/")
        for folder in (_GROUPS / own, _GROUPS):
            with contextlib.suppress(OSError, ValueError):
                limit = int((folder / "memory.max").read_text())
                used = int((folder / "memory.current").read_text())
                statistics = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                available = min(available, limit - used + int(statistics["inactive_file"]))
    return max(available, 0)


_PAGE: Final = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def _resident() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - a tenth of psutil's time, after every batch
            return int(file.read().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return int(psutil.Process().memory_info().rss)


def _trim() -> None:
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
