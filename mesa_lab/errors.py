"""Every error that Mesa Lab raises on purpose, in one tree.

    MesaLabError
    ├── ModelError           a model cannot be found, is no Mesa model, or cannot be described
    ├── ParameterError       a parameter, its range or its value is wrong
    ├── DesignError          a design cannot be made from this space
    ├── OutcomeError         an outcome is unknown or cannot be measured
    ├── ExperimentError      an experiment, or the file that describes it, is wrong
    ├── RunError             runs could not be carried out at all (a failed run is data, not an error)
    ├── StudyError           a study file cannot be used
    │   ├── StudyFormatError     it is no study, is damaged, or comes from a newer version
    │   ├── StudyBusyError       another process writes it
    │   └── StudyMismatchError   it holds runs of an unlike experiment
    ├── ConclusionError      a question cannot be answered from these results
    ├── ExportError          a table, chart or report cannot be written
    └── NotAllowedError      code or a file that a text names may not be loaded here

Each also inherits from the builtin that a caller would expect, so `except ValueError` works.
A message says what is wrong, the value, and the fix; the terminal and the app show it as it is.
"""

import difflib
import itertools
from collections.abc import Iterable
from typing import Final

__all__ = [
    "ConclusionError",
    "DesignError",
    "ExperimentError",
    "ExportError",
    "MesaLabError",
    "ModelError",
    "NotAllowedError",
    "OutcomeError",
    "ParameterError",
    "RunError",
    "StudyBusyError",
    "StudyError",
    "StudyFormatError",
    "StudyMismatchError",
    "suggest",
]


_LONGEST = 64
_MOST = 500


class MesaLabError(Exception):
    """Something the user can put right; the message says how."""


class ModelError(MesaLabError, ValueError):
    """A model cannot be found, is no Mesa model, or cannot be described.

    Attributes:
        models: Names of the models to choose from, where a file or module holds several and none was named.
    """

    models: tuple[str, ...] = ()


class ParameterError(MesaLabError, ValueError):
    """A parameter, its range or its value is wrong."""


class DesignError(MesaLabError, ValueError):
    """A design cannot be made from this parameter space."""


class OutcomeError(MesaLabError, ValueError):
    """An outcome is unknown or cannot be measured."""


class ExperimentError(MesaLabError, ValueError):
    """An experiment, or the file that describes it, is wrong."""


class RunError(MesaLabError, RuntimeError):
    """Runs could not be carried out at all."""


class StudyError(MesaLabError, OSError):
    """A study file cannot be used."""


class StudyFormatError(StudyError):
    """The file is no study, is damaged, or comes from a newer version."""


class StudyBusyError(StudyError):
    """Another process is writing this study."""


class StudyMismatchError(StudyError):
    """The study holds runs of an experiment that must not be mixed with this one."""


class ConclusionError(MesaLabError, ValueError):
    """A question cannot be answered from these results; the message says why, and what would answer it."""


class ClaimError(MesaLabError, ValueError):
    """A claim is malformed, or speaks of an answer that there is not."""


class ExportError(MesaLabError, OSError):
    """A table, chart or report cannot be written."""


class NotAllowedError(MesaLabError, PermissionError):
    """Code or a file that a text names may not be loaded here."""


_AS_NEAR: Final = 0.2
"""How much less like the name than the nearest candidate another one may be, to be named too."""


def suggest(name: str, candidates: Iterable[str]) -> str:
    """Return a sentence that names the candidates nearest to a mistyped name.

    Args:
        name: What was written.
        candidates: The names that would have been right.

    Returns:
        `" Did you mean 'happy'?"`, with a leading space, or an empty string when nothing is near.

    Example:
        >>> suggest("hapy", ["happy", "pct_happy"])
        " Did you mean 'happy'?"
        >>> suggest("replicatons", ["replications", "correlations"])
        " Did you mean 'replications'?"
    """
    text = str(name).lower()
    if len(text) > _LONGEST:
        return ""
    some = itertools.islice(candidates, _MOST)  # each is compared letter by letter
    known = {candidate.lower(): candidate for candidate in some if len(candidate) <= _LONGEST}
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.6)
    if not near:
        return ""
    likeness = [difflib.SequenceMatcher(None, match, text).ratio() for match in near]
    near = [match for match, like in zip(near, likeness, strict=True) if like > likeness[0] - _AS_NEAR]
    return " Did you mean " + " or ".join(f"'{known[match]}'" for match in near) + "?"
