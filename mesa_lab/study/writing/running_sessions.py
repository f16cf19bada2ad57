"""What a session of running ran on: versions, machine, and the state of the model's own code.

Written into the study so that a reader can tell years later what produced a number. Everything is looked up,
nothing is imported; git is asked only when the model's file lies in a repository.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import platform
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Final

from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import lease
from mesa_lab.study.database.metadata import meta, read_object
from mesa_lab.study.database.tolerant_reader import making_sense
from mesa_lab.study.writing.insert_batches import clean

__all__ = ["begin", "end", "machine", "model_file", "model_source", "note", "packages"]

_PACKAGES: Final = ("mesa", "mesa-lab", "numpy", "pandas", "pyarrow", "scipy", "joblib", "networkx")


@cache
def packages() -> dict[str, str]:
    """Return the versions of the packages that results may depend on."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@cache
def machine() -> dict[str, Any]:
    """Return what this computer is: system, processors, memory."""
    import psutil

    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cpus": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def model_file(reference: str) -> Path | None:
    """Return the file that a model reference leads to, without importing it; None for a script or notebook."""
    where, _, name = reference.rpartition(":")
    if not where:
        where = name
    if where.endswith(".py"):
        path = Path(where).expanduser()
        return path.resolve() if path.is_file() else None
    module = sys.modules.get(where)
    attribute = getattr(module, name, None) if module is not None else None
    module = sys.modules.get(getattr(attribute, "__module__", "") or "", module)
    file = getattr(module, "__file__", None)
    if file is None and module is None:
        try:
            spec = importlib.util.find_spec(where) if "." not in where else None
        except (ImportError, ValueError):
            spec = None
        file = spec.origin if spec is not None else None
    return Path(file).resolve() if file and Path(file).is_file() else None


def model_source(reference: str, *, with_git: bool = True) -> dict[str, Any]:
    """Return the state of a model's code.

    Args:
        reference: `"package.module:Class"` or `"path/file.py:Class"`.
        with_git: Ask git too, where there is a repository.

    Returns:
        `reference`; where the code is known also `file`, `sha256` (of the file, or of all Python files of its package
        folder), and inside a git repository `commit` and `dirty`.
    """
    source: dict[str, Any] = {"reference": reference}
    file = model_file(reference)
    if file is None:
        return source
    source["file"] = str(file)
    source["sha256"] = _digest(file)
    if (
        with_git
        and "site-packages" not in file.parts
        and any((folder / ".git").exists() for folder in file.parents)
    ):
        source |= _git(file)
    return source


def begin(connection: sqlite3.Connection, path: Path, settings: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Note that a session of running begins.

    Args:
        connection: A connection that writes and holds the lease, outside a transaction.
        path: The study, for messages.
        settings: How it runs: workers, backend.

    Returns:
        The session's number, and notices about what is not as it was when the last results were made.
    """
    with making_sense("what it says of its experiment"):
        source = model_source(read_object(meta(connection, "settings"))["model"])
    notices = list(_changes(connection, path, source))
    values = {
        "started": lease.now(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "settings": json.dumps(dict(settings)),
        "python": platform.python_version(),
        "packages": json.dumps(packages()),
        "machine": json.dumps(machine()),
        "model_source": json.dumps(source),
    }
    with storage.Transaction(connection):
        marks = ", ".join("?" * len(values))
        cursor = connection.execute(
            f"INSERT INTO sessions({', '.join(values)}) VALUES({marks})", tuple(values.values())
        )
        connection.execute("UPDATE driver SET session = ?", (cursor.lastrowid,))
    return int(cursor.lastrowid or 0), notices


def end(connection: sqlite3.Connection, session: int, ending: str, message: str | None) -> None:
    """Note how a session ended, inside the caller's transaction."""
    connection.execute(
        "UPDATE sessions SET ended = ?, ending = ?, message = ? WHERE session = ?",
        (lease.now(), ending, None if message is None else clean(message), session),
    )


def note(connection: sqlite3.Connection, session: int, notices: Mapping[str, str]) -> None:
    """Note what a reader of a session's results should know, inside the caller's transaction.

    Args:
        connection: A connection that writes.
        session: The session's number.
        notices: Texts by topic; a topic that was noted before gets the new text.
    """
    added = json.dumps({"notices": {topic: clean(text) for topic, text in notices.items()}})
    connection.execute(
        "UPDATE sessions SET settings = json_patch(settings, ?) WHERE session = ?", (added, session)
    )


def _changes(connection: sqlite3.Connection, path: Path, source: Mapping[str, Any]) -> Iterator[str]:
    last = connection.execute(
        "SELECT packages, model_source FROM sessions WHERE runs > 0 ORDER BY session DESC LIMIT 1"
    ).fetchone()
    if last is None:
        return
    versions, before = map(read_object, last)
    if before.get("sha256") and source.get("sha256") and before["sha256"] != source["sha256"]:
        yield (
            f"The code of {source['reference']} has changed since the last results of '{path}': its new runs may differ "
            "from the old ones. Both sessions are noted in the study."
        )
    if versions.get("mesa") != packages().get("mesa"):
        yield (
            f"The last results of '{path}' were made with Mesa {versions.get('mesa')}, this is {packages().get('mesa')}."
        )


def _digest(file: Path) -> str:
    files = sorted(file.parent.glob("*.py")) if (file.parent / "__init__.py").exists() else [file]
    digest = hashlib.sha256()
    for path in filter(Path.is_file, files[:500]):
        digest.update(f"{path.name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _git(file: Path) -> dict[str, Any]:
    def ask(*arguments: str) -> str | None:
        try:
            answer = subprocess.run(
                ["git", "-C", str(file.parent), *arguments],
                capture_output=True,
                text=True,
                timeout=5,
                stdin=subprocess.DEVNULL,
                env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return answer.stdout.strip() if answer.returncode == 0 else None

    with ThreadPoolExecutor() as both:
        kept = both.submit(ask, "ls-files", "--error-unmatch", "--", file.name)
        asked = both.submit(ask, "status", "--porcelain=v2", "--branch", "--", ".")
    if kept.result() is None:
        return {}  # a repository around it that does not keep it
    # The first lines are about the branch, the others about files.
    status = (asked.result() or "").splitlines()
    commits = [line.split()[2] for line in status if line.startswith("# branch.oid ")]
    if not commits or commits[0] == "(initial)":
        return {}
    return {"commit": commits[0], "dirty": not status[-1].startswith("#")}
