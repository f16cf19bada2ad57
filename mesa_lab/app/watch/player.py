"""What moves a run that is watched: takes wishes, has the viewer carry them out one after the other, and keeps what it showed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from mesa_lab.errors import MesaLabError
from mesa_lab.viewing.viewer import Frame, Viewer

__all__ = ["Look", "Player"]

MOST: Final = 12
MOST_OF_ONE: Final = 4
"""Runs that are watched at a time, by all and by one visitor: each holds a process with a model."""
STEP_SECONDS: Final = 120.0
"""How long a model may take to the step that is asked for."""

_open: list[str] = []
_opening = threading.Lock()


@dataclass(frozen=True)
class Look:
    """What a player shows.

    Attributes:
        frame: The latest picture; None before the first.
        at: The step that the model has got to on its way, None when it is there.
        playing: Whether it goes on by itself.
        problem: What is wrong, empty when nothing is.
    """

    frame: Frame | None = None
    at: int | None = None
    playing: bool = False
    problem: str = ""


class Player:
    """Plays one run.

    Args:
        make: Opens the viewer; called in the player's thread.
        step: Where to begin.
        show: Called with each new look, in the player's thread.
        owner: Who looks on; one visitor may not take all places.
    """

    def __init__(
        self, make: Callable[[], Viewer], step: int, show: Callable[[Look], None], owner: str = ""
    ) -> None:
        self._make, self._show, self._owner = make, show, owner
        self._look = Look()
        self._wanted: int | None = step
        self._stride, self._pause = 1, 0.3
        self._over = False
        self._viewer: Viewer | None = None
        self._news = threading.Condition()
        # Started within a page, it belongs to that page and may change what the page shows.
        threading.Thread(target=self._work, name="mesa-lab-player", daemon=True).start()

    def go(self, step: int) -> None:
        """Go to a step, and stay there."""
        self._wish(step, playing=False)

    def play(self, stride: int, pause: float) -> None:
        """Go on by itself.

        Args:
            stride: Steps from one picture to the next.
            pause: Seconds that a picture stays.
        """
        self._stride, self._pause = stride, pause
        self._wish(self._next(), playing=True)

    def stop(self) -> None:
        """Stay where it is."""
        self._wish(None, playing=False)

    def close(self) -> None:
        """End it, and its process."""
        with self._news:
            self._over = True
            viewer = self._viewer
            self._news.notify_all()
        if viewer is not None:
            viewer.close()

    def _wish(self, step: int | None, *, playing: bool) -> None:
        with self._news:
            self._wanted = step
            self._set(playing=playing)
            self._news.notify_all()

    def _next(self) -> int:
        frame = self._look.frame
        return 0 if frame is None else frame.step + self._stride

    def _set(self, **changed: object) -> None:
        self._look = replace(self._look, **changed)  # type: ignore[arg-type]
        if not self._over:
            self._show(self._look)

    def _work(self) -> None:
        if problem := self._take_place():
            self._set(problem=problem)
            return
        try:
            self._viewer = self._make()
            with self._viewer as viewer:
                while (step := self._wait()) is not None:
                    begun = time.monotonic()
                    frame = viewer.go(step, lambda at: self._set(at=at), STEP_SECONDS)
                    ended = frame.is_over or frame.step < step
                    with self._news:
                        playing = self._look.playing and not ended
                        self._set(frame=frame, at=None, playing=playing)
                        if playing and self._wanted is None:
                            self._news.wait(max(0.0, self._pause - (time.monotonic() - begun)))
                            if self._look.playing and self._wanted is None:
                                self._wanted = self._next()
        except MesaLabError as error:
            self._set(problem=str(error), playing=False, at=None)
        finally:
            with _opening:
                _open.remove(self._owner)

    def _take_place(self) -> str:
        """Take a place among those who watch; say why there is none."""
        with _opening:
            mine = _open.count(self._owner)
            if mine >= MOST_OF_ONE:
                return f"You watch {mine} runs already. Close one of these pages, then open this one again."
            if len(_open) >= MOST:
                return f"{len(_open)} runs are being watched already. Open this page again when others are through."
            _open.append(self._owner)
            return ""

    def _wait(self) -> int | None:
        """Wait for a wish; None at the end."""
        with self._news:
            while self._wanted is None and not self._over:
                self._news.wait()
            step, self._wanted = self._wanted, None
            return None if self._over else step
