"""What two studies were run with: versions of the model's code, of Python and packages, and the machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

if TYPE_CHECKING:
    from mesa_lab.processing.tables.column_reader import Reader

__all__ = ["MACHINE", "surroundings"]

MACHINE: Final = ("host", "system", "processor", "cpus", "worker processes", "backend")
"""What times depend on beside the model."""

_CODE: Final = {
    "reference": "model",
    "sha256": "digest of the model's code",
    "commit": "commit of the model's code",
}


def surroundings(old: Reader, new: Reader) -> pd.DataFrame:
    """Return one row for each thing that is known of both: `what, old, new, same`; what differs comes first.

    Args:
        old: Results.
        new: The others.
    """
    one, other = _known(old), _known(new)
    rows = [
        {
            "what": name,
            "old": ", ".join(one[name]),
            "new": ", ".join(other[name]),
            "same": one[name] == other[name],
        }
        for name in one
        if name in other
    ]
    table = pd.DataFrame(rows, columns=["what", "old", "new", "same"]).astype({"same": bool})
    return table.sort_values("same", kind="stable", ignore_index=True)


def _known(results: Reader) -> dict[str, list[str]]:
    """What the sessions that carried out runs say of themselves, each with all values that it had."""
    read: Any = getattr(results.study, "sessions", None)
    sessions: Sequence[Mapping[str, Any]] = (read() if callable(read) else read) or ()
    known: dict[str, list[str]] = {}
    for session in sessions:
        if not session.get("runs"):
            continue
        settings, machine, source = (
            session.get(name) or {} for name in ("settings", "machine", "model_source")
        )
        told = {words: source.get(name) for name, words in _CODE.items()}
        told |= {"Python": session.get("python")} | dict(session.get("packages") or {})
        told |= {name: machine.get(name) for name in ("system", "processor", "cpus")}
        told |= {
            "host": session.get("host"),
            "worker processes": settings.get("n_jobs"),
            "backend": settings.get("backend"),
        }
        for name, value in told.items():
            if value is not None:
                text = str(value)[:12] if name.startswith(("digest", "commit")) else str(value)
                listed = known.setdefault(str(name), [])
                if text not in listed:
                    listed.append(text)
    return known
