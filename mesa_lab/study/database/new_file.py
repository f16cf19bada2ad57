"""How a new study takes its place: whole or not at all, also when the power goes out.

The file is made under another name, waits for the disk, and then gets its own name. SQLite keeps the latest commits in
a log beside a study and would play it into any file of that name, so a log never stands beside a file that it does not
belong to. This module knows neither the experiment nor its results.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

from mesa_lab.errors import StudyBusyError, StudyError
from mesa_lab.files import settle
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import lease, stale_files
from mesa_lab.study.database.file_kinds import size_of

__all__ = ["Draft"]


class Draft:
    """A context that builds a study under another name, so that a half-made one never stands in its place.

    When it ends well, the study is on disk. Until then, what was there is there still.

    Args:
        path: Where the study is to be when the context ends well.
        replace: Take the place of the study that is there.
    """

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        self.path = path
        self.draft = stale_files.hidden(path, "new")
        self.replace = replace
        self._old: tuple[sqlite3.Connection, lease.Lease] | None = None

    def __enter__(self) -> sqlite3.Connection:
        if not self.path.parent.is_dir():
            raise StudyError(
                f"There is no folder '{self.path.parent}' for the study '{self.path.name}'. Create it first."
            )
        stale_files.clear(self.path.parent)
        if self.replace and self.path.exists():
            self._drive()
        self.connection = sqlite3.connect(self.draft, isolation_level=None, timeout=30)
        # What a power cut leaves of a draft is left over: the disk is waited for once, at the end.
        self.connection.execute("PRAGMA synchronous = OFF")
        self.connection.execute("PRAGMA journal_mode = MEMORY")
        return self.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            if error is not None:
                return
            if self.connection.in_transaction:
                self.connection.execute("COMMIT")
            storage.wait_for_disk(self.connection)
            self.connection.execute("PRAGMA journal_mode = WAL")  # the file is written and synced
            self.connection.close()
            if self._old is not None:
                self._replace(*self._old)
            else:
                _place(self.draft, self.path, at_any_rate=self.replace)
            settle(self.path.parent)
        finally:
            self._discard()
            self._let_go()

    def _drive(self) -> None:
        """Become the driver of the study that is there: a run that another one adds would be lost with it."""
        connection, _ = storage.connect(self.path, write=True)
        try:
            self._old = connection, lease.take(connection, self.path)
        except BaseException:
            connection.close()
            raise

    def _replace(self, old: sqlite3.Connection, held: lease.Lease) -> None:
        _fold_in(old, self.path)
        with storage.Transaction(old):  # no process becomes its driver now
            if not held.holds(old):
                raise StudyBusyError(
                    f"'{self.path}' was run by another process meanwhile: it is not replaced. Try it again."
                )
            _remove_log(self.path)
            self.draft.replace(self.path)
        self._old = None
        old.close()
        held.forget()

    def _let_go(self) -> None:
        if self._old is not None:
            connection, held = self._old
            with contextlib.closing(connection), contextlib.suppress(sqlite3.Error):
                held.give_back(connection)
            held.forget()

    def _discard(self) -> None:
        self.connection.close()
        for suffix in ("", "-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self.draft.with_name(self.draft.name + suffix).unlink()


def _place(draft: Path, path: Path, *, at_any_rate: bool) -> None:
    """Give the draft its name, unless another process was quicker; at any rate also beside the log of a study that is gone."""
    log = path.with_name(f"{path.name}-wal")
    if size_of(log) and not path.exists():
        if not at_any_rate:
            raise StudyError(
                f"'{log}' holds the latest results of a study '{path.name}' that is no longer there, and would mix with those "
                "of a new one. Put that study back beside it, or delete it."
            )
        _remove_log(path)
    try:
        os.link(draft, path)
    except FileExistsError:
        raise storage.exists_already(path) from None
    except OSError:  # some file systems know no links
        if path.exists():
            raise storage.exists_already(path) from None
        draft.rename(path)


def _fold_in(connection: sqlite3.Connection, path: Path) -> None:
    """Write into a study what is in its log only, so that it is whole without."""
    # Readers may go on, but for those that look at the study as it was before its latest commits.
    if connection.execute("PRAGMA wal_checkpoint(FULL)").fetchone()[0]:
        raise StudyBusyError(
            f"'{path}' cannot be replaced while another process reads it. Close what else has it open."
        )


def _remove_log(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    settle(path.parent)  # after a power cut, no old log may stand beside the new file
