"""Clusters: connect to dask or ray, and tell a lost worker from a mistake.

A cluster that is there is used and left as it is; where there is none, workers are started on this machine and
ended with the stream. This module knows neither joblib nor what a run is.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final, Protocol

import psutil

from mesa_lab.errors import RunError
from mesa_lab.preparation.limited_work.limited_process import PYTHON, environment

__all__ = ["Cluster", "connected", "end_with", "is_cluster"]

_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.5
_SCHEMES: Final = {
    "tcp": "dask",
    "tls": "dask",
    "ucx": "dask",
    "ws": "dask",
    "wss": "dask",
    "inproc": "dask",
    "ray": "ray",
}


class Cluster(Protocol):
    """Workers that another program has started."""

    @property
    def client(self) -> Any:
        """The connection to dask; None with ray, whose connection belongs to the process."""

    def lost(self, error: BaseException) -> str | None:
        """Tell what an error of the cluster's says about a lost worker: the key of a task, nothing ("") or no such thing."""

    def trouble(self) -> str | None:
        """Say what is wrong with the cluster, if something is."""

    def give_up(self) -> None:
        """Let go of all tasks that are under way."""


def is_cluster(backend: str) -> bool:
    """Tell whether a backend is dask, ray, or the address of one.

    Example:
        >>> is_cluster("dask"), is_cluster("tcp://node1:8786"), is_cluster("loky")
        (True, True, False)
    """
    return backend in ("dask", "ray") or ("://" in backend and backend.partition("://")[0] in _SCHEMES)


@contextlib.contextmanager
def connected(backend: str, n_jobs: int) -> Iterator[Cluster]:
    """Connect to a cluster, or start workers on this machine.

    Args:
        backend: "dask" or "ray" for the cluster in use (dask's active client, `ray.init()`, or what their settings name),
            else for a cluster on this machine; or an address, such as "tcp://node1:8786" or "ray://node1:10001".
        n_jobs: How many workers to start on this machine, when none are there.

    Raises:
        RunError: If the library is not installed, or the cluster does not answer.
    """
    kind = _SCHEMES.get(backend.partition("://")[0], backend)
    address = backend if "://" in backend else None
    try:
        with (_dask if kind == "dask" else _ray)(address, n_jobs) as cluster:
            yield cluster
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("dask", "distributed", "ray"):
            raise
        raise RunError(
            f"The backend '{kind}' cannot be used: {error}. It comes with: pip install mesa-lab[{kind}]. Without a cluster, "
            "leave the backend out."
        ) from error


# Dask.


class _Dask:
    def __init__(self, client: Any) -> None:
        self.client = client

    def lost(self, error: BaseException) -> str | None:
        killed = import_module("distributed.scheduler").KilledWorker
        return str(getattr(error, "task", "")) if isinstance(error, killed) else None

    def trouble(self) -> str | None:
        if self.client.status == "running":
            return None
        return f"The connection to dask's scheduler at {self.client.scheduler.address} is lost ({self.client.status})"

    def give_up(self) -> None:
        future = import_module("distributed").Future
        futures = [future(key, self.client) for key in list(self.client.futures)]
        if futures and self.client.status == "running":
            self.client.cancel(futures, force=True)


@contextlib.contextmanager
def _dask(address: str | None, n_jobs: int) -> Iterator[Cluster]:
    dask, distributed = import_module("dask"), import_module("distributed")
    with contextlib.ExitStack() as stack:
        security = None
        if address is None:
            with contextlib.suppress(ValueError):
                active = distributed.get_client()
                address, security = active.scheduler.address, active.security
        known = (
            address or dask.config.get("scheduler-address", None) or dask.config.get("scheduler-file", None)
        )
        address = address if known else stack.enter_context(_workers_here(n_jobs))
        try:
            # A client of its own: what it gives up is nobody else's.
            client = distributed.Client(
                address, security=security, set_as_default=False, timeout=_START_SECONDS
            )
        except (OSError, ValueError) as error:  # a wrong address, or nobody there
            raise RunError(
                f"There is no dask scheduler at '{address or known}': {error}. Check the address, and that it can be reached."
            ) from error
        stack.callback(client.close)
        try:
            client.wait_for_workers(1, timeout=_START_SECONDS)
        except TimeoutError as error:
            raise RunError(
                f"The dask cluster at {client.scheduler.address} has no workers, and none came within {_START_SECONDS:.0f} s. "
                "Start some with `dask worker`."
            ) from error
        yield _Dask(client)


@contextlib.contextmanager
def _workers_here(n_jobs: int) -> Iterator[str]:
    """Start a scheduler in this process and workers in others, which do not run the caller's main module."""
    with import_module("distributed").LocalCluster(
        n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as cluster:
        command = [*PYTHON, "-m", "distributed.cli.dask_worker", cluster.scheduler_address]
        command += ["--nworkers", str(n_jobs), "--nthreads", "1", "--no-dashboard", "--death-timeout", "30"]
        lifeline = (
            f"from mesa_lab.running.backends.cluster_connection import end_with; end_with({os.getpid()})"
        )
        command += ["--preload", lifeline, "--preload-nanny", lifeline]
        quiet = environment() | {"DASK_LOGGING__DISTRIBUTED": "critical"}
        workers = subprocess.Popen(
            command, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield cluster.scheduler_address
        finally:
            workers.terminate()
            try:
                workers.wait(10)
            except subprocess.TimeoutExpired:
                workers.kill()
                workers.wait()


def end_with(pid: int) -> None:
    """End this process, whatever it is doing, when another is gone: workers started here must not outlive their driver."""

    def watch() -> None:
        with contextlib.suppress(psutil.Error):
            driver = psutil.Process(pid)
            while driver.is_running() and driver.status() != psutil.STATUS_ZOMBIE:
                time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="mesa-lab-driver-watch", daemon=True).start()


# Ray.


class _Ray:
    client = None

    def lost(self, error: BaseException) -> str | None:
        exceptions = import_module("ray.exceptions")
        kinds = (exceptions.RayActorError, exceptions.WorkerCrashedError, exceptions.NodeDiedError)
        return "" if isinstance(error, kinds) else None

    def trouble(self) -> str | None:
        return None if import_module("ray").is_initialized() else "The connection to ray is lost"

    def give_up(self) -> None:
        pass  # its pool ends with the list of batches


@contextlib.contextmanager
def _ray(address: str | None, n_jobs: int) -> Iterator[Cluster]:
    ray, ray_joblib = import_module("ray"), import_module("ray.util.joblib")
    ours = not ray.is_initialized()
    if ours:
        known = address or os.environ.get("RAY_ADDRESS")
        options: dict[str, Any] = {} if known else {"num_cpus": max(2, n_jobs), "include_dashboard": False}
        try:
            ray.init(address, logging_level="ERROR", log_to_driver=False, **options)
        except (OSError, ValueError, RuntimeError) as error:
            raise RunError(f"Ray cannot be used at '{known or 'this machine'}': {error}.") from error
    try:
        ray_joblib.register_ray()
        yield _Ray()
    finally:
        if ours:
            ray.shutdown()
