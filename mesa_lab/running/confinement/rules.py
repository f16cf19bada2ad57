"""What a confined process may use, and whether this system can see to it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import site
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesa_lab.running.confinement import landlock, system_calls

__all__ = ["Rules", "confine", "limit_memory", "not_offered", "readable_places"]

_MIB: Final = 2**20
_PACKAGE: Final = Path(__file__).parents[2]
_SYSTEM: Final = (
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib32",
    "/usr/local/lib",
    "/lib",
    "/lib64",
    "/usr/share/zoneinfo",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/fonts",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/proc/self",
    "/proc/meminfo",
    "/proc/cpuinfo",
)


@dataclass(frozen=True)
class Rules:
    """What a confined process may use.

    Attributes:
        scratch: The folder that it may write to, and in which it works.
        readable: Files and folders that it may read besides Python, its packages and the libraries of the system.
        memory: MiB that it may take beyond what it has when it begins.
        file_size: MiB of one file.
        files: How many may be open.
        processes: How many processes and threads its user may have; more cannot be started. Where system calls are restricted it
            can start no processes anyway.
        seconds: Seconds of the processor until it is ended.
        walls: Whether access to files, the network and other processes is taken away. Limits hold in any case.
    """

    scratch: str
    readable: tuple[str, ...] = ()
    memory: float = 2048.0
    file_size: float = 64.0
    files: int = 256
    processes: int = 4096
    seconds: float = 600.0
    walls: bool = True

    def to_json(self) -> str:
        """Return the rules as one line."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, line: str | bytes) -> Rules:
        """Read what `to_json` wrote."""
        given = json.loads(line)
        return cls(**{**given, "readable": tuple(given["readable"])})


def not_offered() -> list[str]:
    """Return, in words, what this system cannot keep strangers' code from; empty where all walls stand."""
    missing = []
    if landlock.version() < landlock.LEAST:
        missing.append("reading and changing files (Landlock: Linux 6.2 or later, not switched off)")
    if not system_calls.is_offered():
        missing.append("the network and other processes (seccomp: Linux on x86-64 or ARM64)")
    return missing


def readable_places() -> list[Path]:
    """Return what every confined process may read: Python, installed packages, Mesa Lab, and libraries of the system."""
    places = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.exec_prefix), _PACKAGE, *map(Path, _SYSTEM)}
    inside = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()}
    for entry in sys.path:
        path = Path(entry)
        is_installed = path.name in ("site-packages", "dist-packages") or entry == site.USER_SITE
        if entry and is_installed and not any(path.is_relative_to(each) for each in inside):
            places.add(path)
    with contextlib.suppress(RuntimeError):  # nobody's home
        # Which fonts there are: found out anew it takes seconds.
        places.add(Path.home() / ".cache" / "matplotlib")
    return sorted(places)


def confine(rules: Rules) -> None:
    """Confine this process for good. It must have one thread only.

    Args:
        rules: What it may use.

    Raises:
        OSError: If the system does not do so.
    """
    _limit(rules)
    if not rules.walls:
        return
    tasks = len(list(Path("/proc/self/task").iterdir()))
    if tasks != 1:  # the others would not be confined
        raise OSError(f"There are {tasks} threads.")
    system_calls.drop_privileges()
    readable = [*readable_places(), *map(Path, rules.readable)]
    landlock.restrict_files(readable, [Path(rules.scratch), Path(os.devnull)])
    system_calls.restrict_system_calls()


def _limit(rules: Rules) -> None:
    try:
        import resource
    except ImportError:  # Windows has none of these
        return
    whole = int(rules.seconds) + 1
    wanted = [
        ("RLIMIT_FSIZE", int(rules.file_size * _MIB)),
        ("RLIMIT_NOFILE", rules.files),
        ("RLIMIT_NPROC", rules.processes),
        ("RLIMIT_CPU", whole),
        ("RLIMIT_CORE", 0),
    ]
    for name, most in wanted:
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        _, hard = resource.getrlimit(kind)
        value = most if hard < 0 else min(most, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some
            resource.setrlimit(kind, (value, value))
    if hasattr(os, "nice"):
        os.nice(5)


def limit_memory(megabytes: float) -> None:
    """Let this process take so much memory beyond what it has, where the system can see to it."""
    try:
        import resource
    except ImportError:
        return
    import psutil

    with contextlib.suppress(ValueError, OSError):
        used = psutil.Process().memory_info().vms
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        wanted = used + int(megabytes * _MIB)
        wanted = wanted if hard < 0 else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_AS, (wanted, wanted))
