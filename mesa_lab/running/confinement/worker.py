"""What a confined process is for: it describes a model, checks an experiment, and carries out runs, one question after the other.

Questions come pickled from the server; answers go as `answers` has it. What the model prints goes nowhere.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from pathlib import Path
from typing import IO, Any, Final

from mesa_lab.running.confinement import answers
from mesa_lab.running.confinement.rules import Rules, limit_memory

__all__ = ["in_folder", "main"]

_LONGEST_MESSAGE: Final = 20_000


def main(rules: Rules) -> int:
    """Answer each question until there are no more."""
    said, asked = _channels()
    # What runs need, so that it is there before memory is counted.
    import mesa_lab.running.workers.worker  # noqa: F401

    limit_memory(rules.memory)
    answers.write(said, {"ready": os.getpid()})
    worker = _Worker(said, Path(rules.scratch))
    while head := asked.readline():
        what, *words = pickle.loads(asked.read(int(head)))
        try:
            getattr(worker, what)(*words)
        except MemoryError:
            answers.write(said, {"error": ["MemoryError", "The model takes more memory than it may."]})
        except (Exception, SystemExit) as error:
            text = str(error)[:_LONGEST_MESSAGE]
            several = list(getattr(error, "models", ()))
            answers.write(said, {"error": [type(error).__name__, text], "models": several})
    return 0


class _Worker:
    """Carries out what is asked for."""

    def __init__(self, said: IO[bytes], scratch: Path) -> None:
        self._said = said
        self._scratch = scratch
        self._plans: dict[str, Any] = {}

    def describe(self, reference: str) -> None:
        """Tell what a model takes and measures."""
        from mesa_lab.preparation.models import describe, load_model
        from mesa_lab.running.confinement.facts import facts_of

        found = describe(reference)
        answers.write(self._said, {"facts": facts_of(found, load_model(found.reference))})

    def check(self, toml: str, point: Any) -> None:
        """Check an experiment."""
        from mesa_lab.preparation.experiment import Experiment
        from mesa_lab.preparation.validation import check

        check(Experiment.from_toml(toml), point)
        answers.write(self._said, {"checked": True})

    def run(self, payload: bytes | None, digest: str, tasks: list[tuple[Any, ...]]) -> None:
        """Carry out runs, and answer after each."""
        from mesa_lab.running.workers.worker import prepare, run_tasks
        from mesa_lab.study.records import Task

        if payload is not None:
            own = in_folder(payload, self._scratch)
            plan = prepare(hashlib.blake2b(own, digest_size=16).hexdigest(), own)
            self._plans = {digest: plan}
        plan = self._plans[digest]
        for task in tasks:
            answers.write(self._said, {"began": task[0]})
            for batch in run_tasks(plan, [Task(*task)]):
                batch_said, parts = answers.plain_batch(batch)
                answers.write(self._said, {"ran": batch_said}, parts)
        answers.write(self._said, {"done": True})


def in_folder(payload: bytes, folder: Path) -> bytes:
    """Return a payload (see `workers.worker.prepare`) whose runs are carried out in a folder."""
    path, left, _, reference, protocol, code = pickle.loads(payload)
    return pickle.dumps((path, left, str(folder), reference, protocol, code))


def _channels() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the way in and out for ourselves, and let what models read and print go nowhere."""
    said, asked = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)
    sys.stdin = os.fdopen(0)
    return said, asked
