"""Points chosen by a person, one after the other: what a session of exploring leaves behind as a study.

It asks for nothing by itself. A study of this method can be resumed as any other: runs that were asked for and have no result are
carried out, and then it has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, override

from mesa_lab.search.method import Answer, Done, Method

if TYPE_CHECKING:
    from mesa_lab.search.history import History

__all__ = ["ByHand"]


@dataclass(frozen=True)
class ByHand(Method):
    """Points that a person chooses (`mesa_lab.exploring`).

    Args:
        study: The name of another study in the same folder, whose results were explored; empty when there was none.
    """

    study: str = ""

    name: ClassVar[str] = "by hand"

    @property
    @override
    def outcomes(self) -> tuple[str, ...]:
        return ()

    @override
    def ask(self, history: History) -> Answer:
        return Done("Its points are chosen by hand.")
