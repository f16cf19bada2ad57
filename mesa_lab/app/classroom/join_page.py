"""Join a class: the code, a name, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import solara

from mesa_lab.app.components.controls import Action, TextInput
from mesa_lab.app.components.html import tag
from mesa_lab.app.state.visitor import browser_session
from mesa_lab.classroom.classroom import Classroom
from mesa_lab.classroom.roster import browser_of
from mesa_lab.errors import MesaLabError

__all__ = ["JoinPage"]


@solara.component
def JoinPage(classroom: Classroom, search: str | None, on_join: Callable[[], None]) -> None:
    """Let somebody in, or say why not.

    Args:
        classroom: The class.
        search: The address behind the question mark: `code` fills the code in, `teacher` is the teacher's key.
        on_join: Called once they have joined.
    """
    query = parse_qs(search or "")
    code, set_code = solara.use_state(query.get("code", [""])[-1][:20])
    name, set_name = solara.use_state("")
    word, set_word = solara.use_state("")
    problem, set_problem = solara.use_state("")
    key = query.get("teacher", [""])[-1]

    def join(**latest: str) -> None:
        now = {"code": code, "name": name, "word": word} | latest
        try:
            classroom.roster.join(browser_of(browser_session()), now["code"], now["name"], now["word"])
        except MesaLabError as error:
            set_problem(str(error))
        else:
            on_join()

    def teach() -> None:
        if key:
            try:
                classroom.roster.teach(browser_of(browser_session()), key)
            except MesaLabError as error:
                set_problem(str(error))
            else:
                on_join()

    solara.use_effect(teach, [key])
    taken = "has joined already" in problem
    with tag("section", "ml-panel ml-join", aria_label="Join the class"):
        tag("h1", "", "Join the class")
        tag("p", "ml-quiet", "Type the code that the teacher shows, and your name. No account is needed.")
        TextInput("Code", code, set_code, hint="", on_enter=lambda text: join(code=text))
        TextInput(
            "Your name",
            name,
            set_name,
            hint="The teacher sees it, the others do not.",
            on_enter=lambda text: join(name=text),
        )
        if taken or word:
            TextInput(
                "Return word",
                word,
                set_word,
                hint="It stands on the page of your first browser.",
                on_enter=lambda text: join(word=text),
            )
        if problem:
            tag("p", "ml-error-text", problem, role="alert")
        Action("Join", join, kind="primary", disabled=not (code.strip() and name.strip()))
