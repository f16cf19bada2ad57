"""How a worker process ended, as far as its driver can find out: from its exit code and from what it left behind.

What to do about it is not known here (see `dispatch`).
"""

from __future__ import annotations

import re
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from mesa_lab.running.simulation.failure import SHORT_OF_MEMORY
from mesa_lab.running.workers.worker import State, read_state

__all__ = ["Death", "find_out"]


@dataclass(frozen=True, slots=True)
class Death:
    """How a worker ended.

    Attributes:
        state: What it was doing.
        exit_code: Such as `SIGKILL(-9)` or `EXIT(3)`; empty when that is not known.
        trace: Where its threads were, if it had the time to say so.
        error: What it answered, if it lived but could not go on; empty where it died.
    """

    state: State
    exit_code: str
    trace: str
    error: str = ""

    @property
    def by_timeout(self) -> bool:
        """Whether its watchdog ended it because a run did not heed its timeout."""
        return self.trace.startswith("Timeout (")

    @property
    def message(self) -> str:
        """What happened, in a sentence."""
        if self.error:
            return f"This run left its worker process unable to go on: {self.error}"
        cause = re.match(r"Fatal Python error: (.*)", self.trace)
        code = f" ({self.exit_code})" if self.exit_code else ""
        text = f"The worker process died during this run{code}{f': {cause[1]}' if cause else ''}."
        if "SIGKILL" in self.exit_code:
            text += f" It was ended from outside, as a system does that is short of memory. {SHORT_OF_MEMORY}"
        return text


def find_out(slot: str, error: BaseException) -> Death:
    """Find out how a process ended.

    Args:
        slot: The file in which it told what it was doing.
        error: What its executor answers since.
    """
    code = re.search(r"\b(EXIT|SIG[A-Z0-9]+)\(-?\d+\)", str(error))
    state, trace = read_state(slot)
    if isinstance(error, BrokenProcessPool):
        return Death(state, code[0] if code else "", trace)
    return Death(state, "", trace, repr(error))
