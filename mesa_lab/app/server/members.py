"""Who of a class may use which of the models that students brought."""

from __future__ import annotations

from mesa_lab.app.state.visitor import visitor
from mesa_lab.classroom.classroom import current
from mesa_lab.errors import MesaLabError
from mesa_lab.preparation.code_permission import CodeReference

__all__ = ["may_use_own"]


def may_use_own(reference: CodeReference) -> bool:
    """Whether whoever looks at this page may use a model that a student brought: that student, and the teacher.

    Where no page is around, as in the queue of the class, whoever asks has compared the student of the study with that of the file.

    Args:
        reference: The model.
    """
    import solara.server.kernel_context as pages

    classroom = current()
    if classroom is None or classroom.own_code is None:
        return False
    owner = classroom.own_code.owner(reference)
    if not pages.has_current_context():
        return owner is not None
    try:
        looks = visitor()
    except MesaLabError:  # nobody has joined with this browser
        return False
    return owner is not None and looks in ("", owner)
