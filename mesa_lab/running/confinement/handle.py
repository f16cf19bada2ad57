"""The side that asks a confined process: it starts it, watches it, and ends it."""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from mesa_lab.errors import MesaLabError, ModelError, RunError
from mesa_lab.running.confinement.answers import UnfitAnswerError, read
from mesa_lab.running.confinement.starting import Started, start

__all__ = ["ConfinedProcess", "OvertimeError", "error_from"]

_LOOK_SECONDS: Final = 0.1
_START_SECONDS: Final = 120.0
_MOST_MODELS: Final = 50


class ConfinedProcess:
    """A process that describes, checks and runs the models of one folder, started when it is first needed.

    Args:
        folder: The folder, which it may read.
        limits: See `Rules`.
        megabytes: What it may write to its scratch folder before it is ended.
    """

    def __init__(
        self, folder: Path, limits: Mapping[str, Any] | None = None, megabytes: float = 200.0
    ) -> None:
        self.folder = folder
        self._limits = dict(limits or {})
        self._megabytes = megabytes
        self._started: Started | None = None
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.known = ""
        """The digest of the payload that it has."""

    @property
    def is_alive(self) -> bool:
        """Whether it is there."""
        return self._started is not None and self._started.process.poll() is None

    def ask(
        self,
        *words: Any,
        seconds: Callable[[], float],
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
        """Ask something and yield the answers; whoever asks knows which is the last.

        Args:
            *words: What to do, and with what.
            seconds: Returns how long the next answer may take.
            stopped: Asked again and again; the process is ended when it says so.

        Raises:
            RunError: If the process ends, takes too long, or answers nonsense.
        """
        if not self.is_alive:
            self.end()
            self._begin()
            self._await(_START_SECONDS, stopped)
        assert self._started is not None
        # In a thread, since one that does not read must not keep whoever asks: the answer has a time limit.
        _in_thread(_write, self._started.process.stdin, pickle.dumps(words))
        while True:
            yield self._await(seconds(), stopped)

    def answer(self, *words: Any, seconds: float) -> dict[str, Any]:
        """Ask something that has one answer.

        Raises:
            MesaLabError: What the process raised, or if it ended.
        """
        for said, _ in self.ask(*words, seconds=lambda: seconds):
            if "error" in said:
                raise error_from(said["error"], self.folder, said.get("models"))
            return said
        raise AssertionError

    def end(self) -> None:
        """End it, whatever it is doing."""
        started, self._started, self.known = self._started, None, ""
        if started is not None:
            started.end()

    # ------------------------------------------------------------ inside

    def _begin(self) -> None:
        self._started = start(f"{__package__}.worker", [self.folder], self._limits)
        self._answers = queue.SimpleQueue()
        _in_thread(_read_all, self._started.process.stdout, self._answers)

    def _await(self, seconds: float, stopped: Callable[[], bool]) -> tuple[dict[str, Any], list[bytes]]:
        until = time.monotonic() + seconds
        while True:
            try:
                answer = self._answers.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if stopped():
                    self.end()
                    raise RunError("It was stopped.") from None
                if time.monotonic() > until:
                    self.end()
                    raise OvertimeError(f"It did not answer within {seconds:g} seconds.") from None
                if self._is_full():
                    self.end()
                    raise RunError(
                        f"It wrote more than {self._megabytes:,.0f} MB of files, and was ended."
                    ) from None
                continue
            if isinstance(answer, UnfitAnswerError):
                self.end()
                raise RunError(f"What it gave is no result. {answer}")
            if answer is None:
                raise self._over()
            said, parts = answer
            if not isinstance(said, dict):
                self.end()
                raise RunError("What it gave is no result.")
            return said, parts

    def _is_full(self) -> bool:
        assert self._started is not None
        total = 0.0
        for path in self._started.scratch.rglob("*"):
            try:
                total += path.lstat().st_size / 2**20
            except OSError:
                continue
            if total > self._megabytes:
                return True
        return False

    def _over(self) -> RunError:
        """Say how it ended."""
        assert self._started is not None
        try:
            code = self._started.process.wait(5)
        except subprocess.TimeoutExpired:
            code = 0
        self.end()
        name = f" ({signal.Signals(-code).name})" if code < 0 else f" (exit code {code})" if code else ""
        return RunError(f"The process that runs this model has ended{name}.")


class OvertimeError(RunError):
    """A confined process took too long."""


def error_from(said: Any, folder: Path, models: Any = None) -> MesaLabError:
    """Return what a process says that it raised; only Mesa Lab's own kinds of errors can be named.

    Args:
        said: The name of its class and its text.
        folder: The folder of the model, whose files are named without it.
        models: Names of models to choose from, if it says any.
    """
    import mesa_lab.errors

    if not (isinstance(said, list) and len(said) == 2 and all(isinstance(each, str) for each in said)):
        return RunError("What it gave is no result.")
    name, text = said[0], said[1].replace(f"{folder}{os.sep}", "")
    kind = getattr(mesa_lab.errors, name, None)
    if isinstance(kind, type) and issubclass(kind, MesaLabError):
        try:
            error: MesaLabError = kind(text)
        except TypeError:
            error = ModelError(text)
        if isinstance(error, ModelError) and isinstance(models, list):
            named = (
                each for each in models if isinstance(each, str) and each.isidentifier() and len(each) <= 200
            )
            error.models = tuple(itertools.islice(named, _MOST_MODELS))
        return error
    return ModelError(f"{name}: {text}")


def _in_thread(work: Callable[..., None], *words: Any) -> None:
    thread = threading.Thread(target=work, args=words, daemon=True)
    thread.current_context = None  # type: ignore[attr-defined]  # else it would keep a page alive
    thread.start()


def _write(stream: IO[bytes], packed: bytes) -> None:
    """Ask; that the process is not there any more is said by the one that reads."""
    with contextlib.suppress(OSError, ValueError):
        stream.write(b"%d\n" % len(packed) + packed)
        stream.flush()


def _read_all(stream: IO[bytes], answers: queue.SimpleQueue[Any]) -> None:
    """Put each answer where it is waited for, then None at the end."""
    try:
        while (answer := read(stream)) is not None:
            answers.put(answer)
            while answers.qsize() > 64:  # it floods
                time.sleep(_LOOK_SECONDS)
    except UnfitAnswerError as error:
        answers.put(error)
    except (OSError, ValueError):  # it was closed
        answers.put(None)
    else:
        answers.put(None)
    finally:
        stream.close()
