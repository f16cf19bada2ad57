"""What one student may use, so that nobody's mistake costs the others their lesson."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mesa_lab.errors import StudyError
from mesa_lab.formatting import plural
from mesa_lab.study.database.file_kinds import size_of

__all__ = ["StudentLimits"]

_MIB: Final = 2**20


@dataclass(frozen=True)
class StudentLimits:
    """The limits of each student of a class.

    Attributes:
        runs_at_once: Runs of one student that are under way at the same time.
        runs: Runs in all of a student's studies together.
        minutes_per_run: Minutes after which a run is ended and recorded as timed out; an experiment may ask for less.
        megabytes: What a student's folder may hold before nothing new is started, in MiB.
        memory: MiB of memory that a worker process may take for a run.

    Raises:
        StudyError: If a limit is not positive.

    Example:
        >>> StudentLimits(runs=1000).runs
        1000
    """

    runs_at_once: int = 1
    runs: int = 20_000
    minutes_per_run: float = 2.0
    megabytes: float = 200.0
    memory: float = 2048.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not getattr(self, name) > 0:
                raise StudyError(
                    f"The limit {name} is {getattr(self, name)!r}; it must be more than nothing."
                )

    def check_runs(self, asked: int, before: int) -> None:
        """Refuse a study that would take a student over the number of runs.

        Args:
            asked: Runs that the study asks for.
            before: Runs that the student's other studies ask for.

        Raises:
            StudyError: If these are too many.
        """
        if asked + before > self.runs:
            left = max(0, self.runs - before)
            raise StudyError(
                f"These are {plural(asked, 'run')}, and each student of this class may have {self.runs:,} in all: "
                f"{left:,} {'is' if left == 1 else 'are'} left. Ask for fewer points or replications, or delete a study."
            )

    def check_disk(self, folder: Path) -> None:
        """Refuse to run more into a folder that is full.

        Raises:
            StudyError: If it is.
        """
        used = sum(size_of(path) for path in folder.glob("*") if path.is_file()) / _MIB
        if used > self.megabytes:
            raise StudyError(
                f"Your studies take {used:,.0f} MB, and each student of this class has {self.megabytes:,.0f} MB. "
                "Delete a study, or measure less often."
            )
