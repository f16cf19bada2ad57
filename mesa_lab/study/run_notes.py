"""What is to be said of the values of runs: which outcomes have none and why, and which are kept in another form.

A run notes the first reason for each of its outcomes, in words; here the notes of many runs become one line for each outcome and
kind of reason. Studies of all versions have them. Nothing here knows files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mesa_lab.formatting import plural

__all__ = ["Note", "NoteTally", "form_in_words", "notes_of_forms", "notices"]

_MISSING: Final = re.compile(r"'(?P<name>.+?)' is missing at step (?P<step>\d+): (?P<reason>.*)", re.DOTALL)
_MORE: Final = re.compile(r" \(and (\d+) more\)$")
_UNKEPT: Final = re.compile(
    r"an? (?P<type>[\w.<>]+) (?:fits in no cell|that contains itself|of [\d,]+ |is too large)"
)
_RAISED: Final = re.compile(r"(?P<type>\w+): ?")
_MOST: Final = 1000
_SHOWN: Final = 10
_FORMS: Final = {
    "seconds": "a duration, kept as its number of seconds",
    "datetime": "kept as a date with its time of day",
    "number": "kept as the nearest floating-point number",
    "name": "kept as the name of the member",
    "json": "kept as a text in JSON",
    "text": "kept as text",
}


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be said of the values of an outcome, or of some runs.

    Attributes:
        outcome: The outcome, or what was measured of agents; empty for what is said of runs.
        kind: "raised" (it has no value where it raised an error), "not kept" (its values fit in no table), "form" (its values are
            kept in another form), or "remark" (said of runs).
        type: The type of the error, or of the values.
        note: The first reason, the form, or the remark.
        runs: In how many runs; 0 where that is not counted.
        values: How many values are missing.
        run_id: The first of the runs; None where that is not known.
    """

    outcome: str
    kind: str
    type: str
    note: str
    runs: int = 0
    values: int = 0
    run_id: int | None = None

    @property
    def is_loss(self) -> bool:
        """Whether values are missing."""
        return self.kind in ("raised", "not kept")

    def sentence(self, of_runs: int | None = None) -> str:
        """Return it as a sentence.

        Args:
            of_runs: How many runs there are.
        """
        if not self.is_loss:
            return f"'{self.outcome}' is {self.note} ({self.type})." if self.outcome else self.note
        of = f"{self.runs:,} of {plural(of_runs, 'run')}" if of_runs else plural(self.runs, "run")
        if self.kind == "raised":
            said = f"{self.type}: {self.note}".rstrip(": ")
            what = f"raised an error in {of}"
        else:
            said, what = self.note, f"could not be kept in {of}"
        ends = "" if said.endswith(("?", "!", "…")) else "."
        return f"'{self.outcome}' {what} ({plural(self.values, 'value')} missing): {said.rstrip('.')}{ends} First in run {self.run_id}."


class NoteTally:
    """Counts what runs have noted."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], Note] = {}
        self.left_out = 0
        """Lines beyond the first thousand that differ."""

    def add(self, run_id: int, text: str, runs: int = 1) -> None:
        """Take the notes of a run in.

        Args:
            run_id: The run.
            text: Its notes, one a line.
            runs: How many runs have the same; `run_id` is the first of them.
        """
        for line in text.split("\n"):
            if line.strip() and not line.startswith("The model printed last:"):
                self._add(_read(line, run_id, runs))

    def _add(self, note: Note) -> None:
        # Of an outcome, errors of one type count together whatever they say.
        key = note.outcome, note.kind, note.type if note.outcome else note.note
        known = self._found.get(key)
        if known is None:
            if len(self._found) < _MOST:
                self._found[key] = note
            else:
                self.left_out += note.runs
            return
        first = note if (note.run_id or 0) < (known.run_id or 0) else known
        self._found[key] = Note(
            note.outcome,
            note.kind,
            note.type,
            first.note,
            known.runs + note.runs,
            known.values + note.values,
            first.run_id,
        )

    def notes(self) -> tuple[Note, ...]:
        """Return what was noted, losses first, the most frequent first."""
        return tuple(
            sorted(self._found.values(), key=lambda note: (not note.is_loss, -note.runs, note.run_id or 0))
        )


def _read(line: str, run_id: int, runs: int) -> Note:
    missing = _MISSING.fullmatch(line)
    if missing is None:
        return Note("", "remark", "", line, runs, 0, run_id)
    reason, values = missing["reason"], 1
    if more := _MORE.search(reason):
        reason, values = reason[: more.start()], 1 + int(more[1])
    if unkept := _UNKEPT.match(reason):
        return Note(missing["name"], "not kept", unkept["type"], reason, runs, values * runs, run_id)
    raised = _RAISED.match(reason)
    kind, said = (raised["type"], reason[raised.end() :]) if raised else ("", reason)
    return Note(missing["name"], "raised", kind, said, runs, values * runs, run_id)


def notes_of_forms(forms: Iterable[tuple[str, str, str]]) -> list[Note]:
    """Return what is to be said of columns that keep their values in another form.

    Args:
        forms: Scope, name and form of each (`study.records.FormRecord`).
    """
    found = []
    for scope, name, form in forms:
        kind, _, kept = form.partition(":")
        where = f"{scope.removeprefix('table:')}.{name}" if scope.startswith("table:") else name
        found.append(Note(where, "form", kept, form_in_words(kind)))
    return found


def form_in_words(kind: str) -> str:
    """Say in words in what form values are kept.

    Example:
        >>> form_in_words("seconds")
        'a duration, kept as its number of seconds'
    """
    return _FORMS.get(kind, "kept in another form")


def notices(notes: Sequence[Note], of_runs: int) -> list[str]:
    """Return a sentence for each outcome that has lost values, of very many the first ten."""
    lost = [note for note in notes if note.is_loss]
    said = [note.sentence(of_runs) for note in lost[:_SHOWN]]
    if len(lost) > _SHOWN:
        said.append(
            f"{plural(len(lost) - _SHOWN, 'other outcome')} lost values too: see the table of notes (mesa-lab export --tables notes in the terminal, results.notes in Python)."
        )
    return said
