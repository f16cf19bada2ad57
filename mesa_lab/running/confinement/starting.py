"""How a confined process is started: forked by one that is ready for it, or by itself where that cannot be done."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from mesa_lab.errors import RunError
from mesa_lab.preparation.limited_work.limited_process import PYTHON, environment
from mesa_lab.running.confinement.forking import LONGEST
from mesa_lab.running.confinement.rules import Rules
from mesa_lab.running.confinement.scratch import make_scratch

__all__ = ["Process", "Started", "start"]

_KEPT: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "PYTHONPATH", "PYTHONHASHSEED")
_START_SECONDS: Final = 120.0


class Process:
    """A process that another one has forked; used as one of `subprocess`.

    Args:
        pid: Its number.
        handle: A descriptor that stands for it.
        stdin: What it reads.
        stdout: What it writes.
    """

    def __init__(self, pid: int, handle: int, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self._handle = handle
        self._is_over = False

    def poll(self) -> int | None:
        """Return 0 once it has ended, whatever its exit code was; None before."""
        if not self._is_over:
            self._is_over = bool(select.select([self._handle], [], [], 0)[0])
            if self._is_over:
                os.close(self._handle)
        return 0 if self._is_over else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: If it does not end in time.
        """
        if not self._is_over:
            select.select([self._handle], [], [], timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired("a confined process", timeout or 0.0)
        return 0

    def kill(self) -> None:
        """End it."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)


class Started(NamedTuple):
    """A confined process.

    Attributes:
        process: The process.
        scratch: The folder that it may write to.
        pipe: What it ends with; -1 for none.
    """

    process: subprocess.Popen[bytes] | Process
    scratch: Path
    pipe: int

    def end(self) -> None:
        """End it, whatever it is doing, and clear away what it has written. Its output is for its reader to close."""
        self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):  # what it was given last has nobody to go to
            if self.process.stdin is not None:
                self.process.stdin.close()
        if self.pipe >= 0:
            os.close(self.pipe)
        shutil.rmtree(self.scratch, ignore_errors=True)


def start(
    module: str, readable: Sequence[Path], limits: Mapping[str, Any] | None = None, needed: Sequence[str] = ()
) -> Started:
    """Start a process that confines itself, then carries on as a module.

    Args:
        module: Its `main` is called with the rules.
        readable: What it may read besides Python and its packages.
        limits: See `Rules`.
        needed: Modules that it will import, none of them a stranger's.

    Raises:
        RunError: If no process can be started.
    """
    scratch = make_scratch()
    rules = Rules(str(scratch), tuple(map(str, readable)), **(limits or {}))
    try:
        if sys.platform.startswith("linux"):
            with contextlib.suppress(OSError, ValueError):
                return _maker.fork(module, rules, scratch, needed)
        return _started(module, rules, scratch)
    except OSError as error:
        shutil.rmtree(scratch, ignore_errors=True)
        raise RunError(f"No process can be started: {error}.") from error


def _started(module: str, rules: Rules, scratch: Path) -> Started:
    """Start a Python anew."""
    command = [*PYTHON, "-m", f"{__package__}.begin", module]
    inner = outer = -1
    options: dict[str, Any] = {}
    if os.name == "posix":
        inner, outer = os.pipe()
        command.append(str(inner))
        options["pass_fds"] = (inner,)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(scratch),
            **options,
        )
        assert process.stdin is not None
        process.stdin.write(rules.to_json().encode() + b"\n")
        process.stdin.flush()
    except OSError:
        if outer >= 0:
            os.close(outer)
        raise
    finally:
        if inner >= 0:
            os.close(inner)
    return Started(process, scratch, outer)


class _Maker:
    """The process that forks (`forking`), started when it is first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    def fork(self, module: str, rules: Rules, scratch: Path, needed: Sequence[str]) -> Started:
        """Have a confined process made.

        Raises:
            OSError: If it cannot be.
        """
        order = {"module": module, "rules": rules.to_json(), "needed": list(needed)}
        data = json.dumps(order).encode()
        if len(data) >= LONGEST:
            raise OSError("The rules are too long.")
        pipes = [os.pipe() for _ in range(3)]
        (its_input, ours_in), (ours_out, its_output), (its_watch, ours_watch) = pipes
        theirs, ours = [its_input, its_output, its_watch], [ours_in, ours_out, ours_watch]
        try:
            with self._lock:
                try:
                    asked = self._ready()
                    socket.send_fds(asked, [data], theirs)
                    pid = int(asked.recv(8) or b"0")
                    if not pid:
                        raise OSError("No process was forked.")
                    handle = os.pidfd_open(pid)
                except (OSError, ValueError):
                    self._end()
                    raise
        except (OSError, ValueError):
            for file in ours:
                os.close(file)
            raise
        finally:
            for file in theirs:
                os.close(file)
        made = Process(pid, handle, os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb"))
        return Started(made, scratch, ours_watch)

    def end(self) -> None:
        """End the process that forks; those that it has made live on."""
        with self._lock:
            self._end()

    def _ready(self) -> socket.socket:
        if self._process is None or self._process.poll() is not None or self._socket is None:
            self._end()
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    [*PYTHON, "-m", f"{__package__}.forking", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=_environment(Path(os.devnull)),
                    pass_fds=(theirs.fileno(),),
                )
            atexit.register(self.end)
            ours.settimeout(_START_SECONDS)
            self._socket = ours
            if not int(ours.recv(8) or b"0"):
                raise OSError("The process that forks has more threads than one.")
        return self._socket

    def _end(self) -> None:
        process, self._process = self._process, None
        asked, self._socket = self._socket, None
        if asked is not None:
            asked.close()
        if process is not None:
            process.kill()
            process.wait()


_maker = _Maker()


def _environment(scratch: Path) -> dict[str, str]:
    """No more of the server's environment than Python needs: there may be passwords in it."""
    kept = {name: value for name, value in environment().items() if name in _KEPT}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    home = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE"), str(scratch))
    fonts = {"MPLCONFIGDIR": str(found)} if (found := _font_cache()) else {}
    # Arrow's allocator else has a thread of its own, and a process with threads is none to fork.
    alone = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
    return {**kept, **threads, **home, **fonts, **alone, "MPLBACKEND": "agg", "PYTHONDONTWRITEBYTECODE": "1"}


def _font_cache() -> Path | None:
    try:
        found = Path.home() / ".cache" / "matplotlib"
    except RuntimeError:
        return None
    return found if found.is_dir() else None
