"""A hook for what a button does when that may take a while: done in the background, its mistakes shown."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import solara

from mesa_lab.errors import MesaLabError

__all__ = ["Doing", "use_doing"]


@dataclass(frozen=True, eq=False)
class Doing:
    """What is being done, and how to do something.

    Attributes:
        busy: The name of what is being done; empty when nothing is.
        problem: What was wrong with the last thing; empty when nothing was.
        do: `do(name, action, then)`: calls the action in the background; `then` after it went well, in the same thread.
        clear: Forgets the problem.
    """

    busy: str
    problem: str
    do: Callable[..., None]
    clear: Callable[[], None]


def use_doing() -> Doing:
    """Return a way to do things without holding up the page; a hook. One thing at a time."""
    busy, set_busy = solara.use_state("")
    problem, set_problem = solara.use_state("")

    def do(name: str, action: Callable[[], object], then: Callable[[], None] | None = None) -> None:
        if busy:
            return
        set_problem("")
        set_busy(name)

        def work() -> None:
            said = ""
            try:
                action()
            except MesaLabError as error:
                said = str(error)
            except Exception as error:  # the button must come back whatever happens
                said = f"{type(error).__name__}: {error}"
            set_busy("")
            set_problem(said)
            if not said and then is not None:
                then()

        # Within a page the thread belongs to that page, and may change what it shows.
        threading.Thread(target=work, name="mesa-lab-action", daemon=True).start()

    return Doing(busy, problem, do, lambda: set_problem(""))
