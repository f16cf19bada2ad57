"""What the terminal says when a class begins: the address for students, its QR code, the teacher's address, and who can do what."""

from __future__ import annotations

from mesa_lab.classroom.classroom import Classroom
from mesa_lab.classroom.join_code import qr_text, student_addresses

__all__ = ["invitation"]


def invitation(classroom: Classroom, host: str, port: int) -> str:
    """Return what to print.

    Args:
        classroom: The class.
        host: What the server listens on.
        port: Its port.
    """
    first, *others = student_addresses(host, port)
    roster = classroom.roster
    join = f"{first}/?code={roster.code}"
    lines = [
        "",
        f"Students open   {first}   and type the code   {roster.code}",
        *(f"            or  {other}" for other in others),
        "",
        qr_text(join),
        f"The teacher's page:  {first}/class?teacher={roster.teacher_key}",
        "Keep this address to yourself: whoever has it sees all studies and can end the class.",
        "",
        f"Everyone who can reach this computer's network address sees the page that asks for the code. Who has joined may run: "
        f"{', '.join(classroom.models)}. Each sees their own studies; the teacher sees all. Nobody can open files.",
        *_of_own_code(classroom),
    ]
    return "\n".join(lines)


def _of_own_code(classroom: Classroom) -> list[str]:
    if classroom.own_code is None:
        return []
    if classroom.walls:
        kept = "without network, and with access to no files but their own."
    else:
        kept = "and NOTHING keeps it from the files and the network of this computer: only memory and time are limited."
    return [f"Students may bring models of their own. Their code runs in processes of its own, {kept}"]
