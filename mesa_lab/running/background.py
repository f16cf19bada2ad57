"""Run a study in a process of its own, and watch, pause and stop it from any other.

All they share is the study file: requests and the heartbeat go through it, so that it makes no difference who
started the driver, or whether that process is still there. Nothing is left beside the study.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mesa_lab import errors
from mesa_lab.errors import MesaLabError, ModelError, RunError, StudyError
from mesa_lab.preparation.limited_work.limited_process import PYTHON, environment
from mesa_lab.running.interruption import ENDING, Interruption
from mesa_lab.running.worker_settings import check_backend, check_n_jobs

if TYPE_CHECKING:
    from mesa_lab.study import StudyStatus

__all__ = ["launch", "main", "pause", "proceed", "stop", "watch"]

_MARK: Final = "mesa-lab-error:"
_POLL_SECONDS: Final = 0.05


def launch(
    path: str | Path,
    *,
    n_jobs: int = -1,
    backend: str = "loky",
    retry_failed: bool = False,
    timeout: float = 60.0,
) -> StudyStatus:
    """Run what a study lacks, in a process of its own that outlives this one.

    Args:
        path: The study; `Study.for_experiment` makes, opens or extends one.
        n_jobs: Worker processes; -1 for one per processor.
        backend: "loky", or another backend of joblib.
        retry_failed: Run again what failed or timed out.
        timeout: Seconds to wait for it to start.

    Returns:
        The status once it runs (or has finished already).

    Raises:
        StudyBusyError: If another process drives the study.
        ModelError: If the model cannot be found, or only this process could find it.
        NotAllowedError: If the model or a function may not be loaded here.
        MesaLabError: Whatever keeps it from running, as it would have been raised here.
    """
    from mesa_lab.preparation.code_permission import require_code
    from mesa_lab.preparation.models import importable, reference_of
    from mesa_lab.study import Study

    n_jobs, backend = check_n_jobs(n_jobs), check_backend(backend)
    study = Study.open(path)
    require_code(study.experiment.named_code)  # the new process does not know what is permitted here
    reference = reference_of(study.experiment.model)
    if not importable(reference):
        raise ModelError(
            f"The model '{reference}' cannot be found by another process. Move it to a file of its own, or run the study "
            "in this process."
        )
    token = uuid.uuid4().hex
    # A search is carried on by the package that knows it, which stands above this one.
    module = "mesa_lab.running.background" if study.search is None else "mesa_lab.search.process"
    command = [*PYTHON, "-m", module, str(Path(path).absolute())]
    command += [f"--token={token}", f"--n-jobs={n_jobs}", f"--backend={backend}"]
    if retry_failed:
        command.append("--retry-failed")
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment(), **_detached()
        )
        # Somebody has to take note of its end, or it stays a zombie of this process.
        threading.Thread(target=process.wait, name="mesa-lab-launched", daemon=True).start()
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            ended = process.poll()
            if ended == 0 or study.driven_by(token):
                return study.status()
            if ended is not None:
                said.seek(0)
                raise _what_happened(said.read().decode(errors="replace"), ended)
            time.sleep(_POLL_SECONDS)
        _kill(process.pid)
        said.seek(0)
        tail = _tail(said.read().decode(errors="replace"))
    raise RunError(f"The process for '{path}' did not start within {timeout:g} s, and was ended. {tail}")


def watch(path: str | Path, *, interval: float = 0.5) -> Iterator[StudyStatus]:
    """Yield the status of a study whenever it changes, until nothing drives it.

    Args:
        path: The study.
        interval: Seconds between two looks.

    Example:
        >>> for status in watch("wolves.study"):  # doctest: +SKIP
        ...     print(status.finished, status.state)
    """
    from mesa_lab.study import Study

    study = Study.open(path)
    last = None
    while True:
        status = study.status()
        if status != last:
            last = status
            yield status
        if not status.is_active:
            return
        time.sleep(interval)


def pause(path: str | Path, *, timeout: float = 10.0) -> StudyStatus:
    """Have a study start no new runs; those that run finish.

    Raises:
        StudyError: If nothing drives it.
    """
    return _ask(path, "pause", "paused", timeout)


def proceed(path: str | Path, *, timeout: float = 10.0) -> StudyStatus:
    """Have a paused study go on.

    Raises:
        StudyError: If nothing drives it.
    """
    return _ask(path, "run", "running", timeout)


def stop(path: str | Path, *, timeout: float = 20.0) -> StudyStatus:
    """Have a study end, its workers with it. What has finished is in the file; the rest can be run later.

    Args:
        path: The study.
        timeout: Seconds to wait. A process from `launch` that does not answer is then killed.

    Returns:
        The status when it has ended; at once when nothing drives it.

    Raises:
        StudyError: If it does not answer and is not one of ours to kill.
    """
    from mesa_lab.study import Study

    study = Study.open(path)
    driver = study.driver()
    if driver is None:
        return study.status()
    study.ask("stop")
    if _wait(lambda: not study.driven_by(driver.token), timeout):
        return study.status()
    if not (
        driver.is_local and driver.pid != os.getpid() and study.sessions()[-1]["settings"].get("launched")
    ):
        raise StudyError(
            f"'{path}' does not answer: it is run by {driver.described}. End that process, then its workers end by themselves."
        )
    _kill(driver.pid)
    return study.status()


def _ask(path: str | Path, request: str, state: str, timeout: float) -> StudyStatus:
    from mesa_lab.study import Study

    study = Study.open(path)
    driver = study.driver()
    if driver is None:
        raise StudyError(
            f"'{path}' is not being run: there is nothing to {'proceed with' if request == 'run' else request}."
        )
    study.ask(request)
    _wait(lambda: not study.driven_by(driver.token) or study.status().state == state, timeout)
    return study.status()


def _wait(condition: Any, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _kill(pid: int) -> None:
    """End a process and all that it started."""
    import psutil

    try:
        driver = psutil.Process(pid)
        family = [*driver.children(recursive=True), driver]
    except psutil.NoSuchProcess:
        return
    for process in reversed(family):  # the driver first, lest it starts new workers
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=5)


def _detached() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    return {"start_new_session": True}


def _what_happened(said: str, code: int) -> MesaLabError:
    """Return the error that a process died of."""
    for line in reversed(said.splitlines()):
        if line.startswith(_MARK):
            name, message = json.loads(line.removeprefix(_MARK))
            kind = getattr(errors, name, RunError)
            error: MesaLabError = kind(message)
            return error
    return RunError(f"The process that was to run the study ended with code {code}. {_tail(said)}")


def _tail(said: str) -> str:
    lines = said.strip().splitlines()[-15:]
    return "\n".join(["It said:", *lines]) if lines else "It said nothing."


# ---------------------------------------------------------------- in the new process


def main(arguments: Sequence[str] | None = None, drive: Callable[..., Any] | None = None) -> int:
    """Be the process that drives a study.

    Args:
        arguments: Those of the command line.
        drive: What drives it, with the arguments of `running.driver.drive`, which is the default.
    """
    parser = argparse.ArgumentParser(prog="python -m mesa_lab.running.background")
    parser.add_argument("study", type=Path)
    parser.add_argument("--token", required=True)
    parser.add_argument("--n-jobs", type=int, default=-1)
    parser.add_argument("--backend", default="loky")
    parser.add_argument("--retry-failed", action="store_true")
    options = parser.parse_args(arguments)

    from mesa_lab.running import driver
    from mesa_lab.study import Study

    drive = drive or driver.drive
    try:
        with Interruption(ENDING, for_good=True):
            drive(
                Study.open(options.study),
                n_jobs=options.n_jobs,
                backend=options.backend,
                progress=False,
                retry_failed=options.retry_failed,
                token=options.token,
                on_start=lambda _: _fall_silent(),
            )
    except MesaLabError as error:
        _say(type(error).__name__, str(error))
        return 1
    return 0


def _say(kind: str, message: str) -> None:
    sys.stderr.write(f"\n{_MARK}{json.dumps([kind, message])}\n")


def _fall_silent() -> None:
    """Let what models print go nowhere, once nobody waits for what this process says."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
