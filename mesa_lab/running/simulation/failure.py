"""Why a run failed, as the study keeps it: stage, kind of error, message, and a traceback from the model's first line on.

The frames of Mesa Lab and of Mesa's own machinery above the model say nothing about the mistake.
"""

from __future__ import annotations

import re
import traceback
from pathlib import Path

from mesa_lab.preparation.models.older_mesa import remedy
from mesa_lab.preparation.models.working_folder import file_trouble
from mesa_lab.study.records import Failure

__all__ = ["SHORT_OF_MEMORY", "failure_from"]

_OURS = str(Path(__file__).parents[2])
SHORT_OF_MEMORY = "Use fewer workers at a time (n_jobs), or a smaller model."

_LONGEST = 20_000
_MACHINERY = re.compile(r"[\\/]mesa[\\/](?!examples[\\/])")


def failure_from(error: BaseException, stage: str, message: str | None = None) -> Failure:
    """Describe why a run failed.

    Args:
        error: What was raised.
        stage: What the run was doing.
        message: What to say in place of the exception's own message.

    Returns:
        The failure, with a traceback that starts in the model's code if it got there.
    """
    try:
        said = str(error) if message is None else message
        if isinstance(error, MemoryError):
            said = f"{said or 'The run needed more memory than it could get'}. {SHORT_OF_MEMORY}"
        elif message is None and (outdated := remedy(error) or file_trouble(error)):
            said = f"{said}. {outdated[0].upper()}{outdated[1:]}"
    except Exception:
        said = "(the exception's own message cannot be read)"
    return Failure(stage, type(error).__name__, said[:_LONGEST], _text(error))


def _text(error: BaseException) -> str:
    try:
        report = traceback.TracebackException.from_exception(error, limit=-100)
        part: traceback.TracebackException | None = report
        while part is not None:
            _trim(part.stack)
            part = part.__cause__ or (None if part.__suppress_context__ else part.__context__)
        text = "".join(report.format())
    except Exception:
        return f"{type(error).__name__} (its traceback cannot be read)\n"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}\n  …\n{text[-_LONGEST // 2 :]}"


def _trim(stack: traceback.StackSummary) -> None:
    for start, frame in enumerate(stack):
        if not frame.filename.startswith(_OURS) and not _MACHINERY.search(frame.filename):
            del stack[:start]
            return
    # Raised before any of the model's lines: what is left of Mesa's frames, or of ours, is the best there is.
    while len(stack) > 1 and stack[0].filename.startswith(_OURS):
        del stack[0]
