"""The process that carries a run out anew and draws it: asked by lines of JSON, answering by lines of JSON.

What a model prints goes nowhere; answers have a channel of their own. The asking side never unpickles anything that comes from
here, since the code of the model runs here.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import sys
import time
from pathlib import Path
from typing import IO, Any, Final

from mesa_lab.running.confinement.rules import Rules, limit_memory
from mesa_lab.running.confinement.worker import in_folder
from mesa_lab.spared_imports import import_without_grammars

__all__ = ["main"]

_TELL_SECONDS: Final = 0.25
NICENESS: Final = 5
"""Who looks on leaves the processor to runs."""


def main(rules: Rules | None = None) -> int:
    """Read what to show, then answer each question.

    Args:
        rules: What this process may use, where it is confined.
    """
    answers, questions = _channels()
    with contextlib.suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(NICENESS)
    import_without_grammars()
    import mesa.visualization  # noqa: F401  before a model is known, since this takes longest

    import mesa_lab.viewing.default_drawing
    import mesa_lab.viewing.pictures  # noqa: F401  before memory is counted
    from mesa_lab.running.workers.worker import prepare
    from mesa_lab.study.records import Task
    from mesa_lab.viewing.author_pictures import find_author_pictures
    from mesa_lab.viewing.replay import Replay

    if (packet := _packet(questions)) is None:
        return 0
    payload, task, last, plain = pickle.loads(packet)
    if rules is not None:
        limit_memory(rules.memory)
        payload = in_folder(payload, Path(rules.scratch))
    plan = prepare("viewed", payload)
    assert plan is not None
    author = None if plain else find_author_pictures(plan.model_cls)
    replay = Replay(plan, Task(*task), author.model_cls if author else None)
    for line in questions:
        question = json.loads(line)
        told = [time.monotonic()]

        def tell(at: int, told: list[float] = told) -> bool:
            if time.monotonic() - told[0] > _TELL_SECONDS:
                told[0] = time.monotonic()
                _say(answers, {"at": at})
            return True

        replay.go(int(question["step"]), last, tell)
        _say(answers, _shown(replay, author, last) | {"asked": question["step"]})
    return 0


def _shown(replay: Any, author: Any, last: int | None) -> dict[str, Any]:
    """What there is to see at this step."""
    from mesa_lab.viewing.default_drawing import default_pictures
    from mesa_lab.viewing.pictures import pictures_of

    pictures = []
    if replay.model is not None:
        try:
            if author is not None:
                pictures = pictures_of(replay.model, author.renderer_for(replay.model), author.components)
        except Exception:
            pictures = []
        if not any("png" in picture for picture in pictures):
            pictures = default_pictures(replay.model)
    return {
        "step": replay.step,
        "over": replay.is_over or (last is not None and replay.step >= last),
        "problem": replay.problem,
        "pictures": pictures,
        "collected": replay.collected() if replay.model is not None else {},
        "author": author.file if author is not None else "",
    }


def _channels() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the way in and out for ourselves, and let what models read and print go nowhere."""
    answers, questions = os.fdopen(os.dup(1), "wb"), os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nothing, stream)
    os.close(nothing)
    sys.stdin = os.fdopen(0)
    return answers, questions


def _packet(questions: IO[bytes]) -> bytes | None:
    """What is to be shown; None when nobody has asked, and nobody will."""
    size = questions.readline()
    return questions.read(int(size)) if size else None


def _say(answers: IO[bytes], what: dict[str, Any]) -> None:
    answers.write(json.dumps(what).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit(main())
