"""What stands above the pages of a student: who they are, what the teacher says, and how long the queue is."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import solara

from mesa_lab.app.components.html import tag
from mesa_lab.app.components.links import PageLink
from mesa_lab.app.hooks.use_background import use_reader
from mesa_lab.classroom.classroom import Classroom
from mesa_lab.classroom.roster import Student
from mesa_lab.errors import MesaLabError
from mesa_lab.formatting import duration, listing, plural

__all__ = ["StudentBar"]

_LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class _Seen:
    """What is shown."""

    message: str
    paused: bool
    ended: bool
    shown: str
    waiting: str
    to_begin: tuple[str, ...]


@solara.component
def StudentBar(classroom: Classroom, student: Student, page: str, study: str) -> None:
    """Say what concerns a student, and note that they are here.

    Args:
        classroom: The class.
        student: Whose page this is.
        page: The page that they are on.
        study: The name of the study at hand, if any.
    """
    seen: solara.Reactive[_Seen | None] = solara.use_reactive(None)

    def look() -> float:
        roster = classroom.roster
        try:
            roster.saw(student.id, page)
            ended = roster.has_ended
            seen.value = _Seen(
                roster.message,
                roster.is_paused,
                ended,
                roster.shown,
                _waiting(classroom, student, study),
                () if ended else tuple(each.title for each in classroom.to_begin(student)),
            )
        except MesaLabError:  # the roster is locked for a moment
            pass
        return _LOOK_SECONDS

    use_reader(look, [classroom, student.id, page, study])
    now = seen.value
    with tag("div", "ml-class-bar"):
        tag("strong", "", student.name)
        tag("span", "ml-quiet", f"return word: {student.word}")
        with PageLink("/class", classes=["ml-link"]):
            tag("span", "", "The class")
        if now is not None and now.waiting:
            tag("span", "ml-quiet", now.waiting, role="status")
    if now is None:
        return
    for text in (
        "The class has ended. Your studies stay, and nothing new is run." if now.ended else "",
        "The teacher has all runs wait." if now.paused and not now.ended else "",
        now.message,
    ):
        if text:
            tag("div", "ml-notice", text, role="status")
    if now.to_begin and page != "class":  # where the assignments stand themselves
        with tag("div", "ml-notice", role="status"):
            tag("span", "", f"To begin: {listing(now.to_begin, 3)}.")
            with PageLink("/class", classes=["ml-button"]):
                tag("span", "", "To the assignment" if len(now.to_begin) == 1 else "To the assignments")
    if now.shown:
        with tag("div", "ml-notice", role="status"):
            tag("span", "", "The teacher shows a study to all.")
            with PageLink(f"/results?study={quote(now.shown)}", classes=["ml-button"]):
                tag("span", "", "Look at it")


def _waiting(classroom: Classroom, student: Student, study: str) -> str:
    """How long the runs of the study at hand will take among those of the others."""
    outlook = classroom.queue.outlook(f"visitors/{student.id}/{study}.study") if study else None
    if outlook is None:
        return ""
    if outlook.active == 1:
        shared = "All cores are yours"
    else:
        shared = f"{plural(outlook.active, 'student')} share the cores"
        if outlook.ahead:
            shared += f", {outlook.ahead} before you"
    return shared + (f": about {duration(outlook.seconds)} left." if outlook.seconds is not None else ".")
