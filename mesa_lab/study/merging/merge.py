"""Merge studies of one experiment, such as its shards, into one study.

The merged study is what one machine would have made: the same runs under the same numbers, with their series, agents'
data, failures and sessions. Inputs are only read, and the new file takes its name when it is whole, so that a
merge can be repeated at any time: earlier for a first look, and once more when the last shard is done.
"""

from __future__ import annotations

import glob
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mesa_lab.errors import StudyError, StudyFormatError, StudyMismatchError
from mesa_lab.files import path_of
from mesa_lab.study import extension
from mesa_lab.study.damage import check
from mesa_lab.study.database import connection as storage
from mesa_lab.study.database import copies, lease, metadata, schema
from mesa_lab.study.database.new_file import Draft
from mesa_lab.study.merging.copy_runs import Target, transfer
from mesa_lab.study.reading.run_table import at_one_moment
from mesa_lab.study.status import StudyStatus, read_status

__all__ = ["Merged", "merge"]

_NAMED = 12


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge has made.

    Attributes:
        status: How far the merged study is.
        studies: The studies that are in it.
        repeated: Runs that more than one of them had, with the same result.
        missing_shards: Those of the shards that are not among them, such as (3, 8) for shard 3 of 8.
        unfinished: Studies that lack runs of their own, and how many.
        notices: What the user should know, in sentences.
    """

    status: StudyStatus
    studies: tuple[Path, ...]
    repeated: int
    missing_shards: tuple[tuple[int, int], ...]
    unfinished: tuple[tuple[Path, int], ...]
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    """What is looked at before anything is merged."""

    path: Path
    status: StudyStatus
    meta: dict[str, str]

    @property
    def extent(self) -> int:
        return self.status.n_points * self.status.replications


class _GrownError(Exception):
    """A study has come to ask for other runs since it was looked at: what was planned for the merge no longer holds."""


def merge(studies: str | Path | Iterable[str | Path], path: str | Path, *, overwrite: bool = False) -> Merged:
    """Merge studies of one experiment into one study.

    Runs are recognised by their point's values and their replication. A run that several studies have is taken once, if
    they agree; a result takes the place of a failure, as after a retry. A merged study that is there already
    is merged with them, so that a merge can be repeated when there is more.

    Args:
        studies: Their files; a pattern such as `"*.study"` stands for all that it matches. They are only read, and may
            still be run.
        path: The merged study.
        overwrite: Throw away a study that is at `path`, instead of merging it too.

    Returns:
        What it has made, and what is missing.

    Raises:
        StudyMismatchError: If they are of different experiments, or have different results for the same run.
        StudyBusyError: If the study at `path` is being run.
        StudyFormatError: If one is no study, or damaged.
        StudyError: If there is nothing to merge, or the new study cannot be written.

    Example:
        >>> merge("wolves-*-of-8.study", "wolves.study").status.done  # doctest: +SKIP
        640
    """
    target = path_of(path, "merged study", StudyError)
    storage.check_new_name(target)
    paths = _distinct(studies, target)
    if target.exists():
        lease.refuse_if_driven(target)
        if not overwrite:
            paths.insert(0, target)
    if not paths or paths == [target]:
        raise StudyError("There is nothing to merge. Name the studies, such as 'wolves-1-of-8.study'.")
    while True:
        with suppress(_GrownError):
            return _merge(paths, target)


def _merge(paths: Sequence[Path], target: Path) -> Merged:
    looked = [_look(one) for one in paths]
    if searches := [head.path for head in looked if "search" in head.meta]:
        raise StudyMismatchError(
            f"'{searches[0]}' is a search, whose points and replications depend on its own results: two of them are not one "
            "study. Compare their results, or run the points of one in a study of their own (ml.run(results.experiment, ...) in Python)."
        )
    base = max(looked, key=lambda head: head.extent)
    if problem := metadata.foreign_file(base.meta["experiment"]):
        raise StudyFormatError(f"'{base.path}' is no study as Mesa Lab makes them. {problem}")
    for head in looked:
        with storage.translate_errors(head.path):
            _refuse_unlike(base, head)
    notices, heads = [], []
    with storage.translate_errors(target), Draft(target, replace=target.exists()) as connection:
        schema.lay_out(connection)
        _found(connection, base, looked)
        into = Target(connection, target, base.path)
        for head in looked:
            with _opened(head) as (source, now, notice):
                transfer(source, head.path, into)
            heads.append(now)
            notices += [notice] if notice else []
        into.finish()
        status = read_status(connection, target)
    inputs = [head for head in heads if head.path != target]
    missing = tuple(_missing_shards(inputs)) if status.pending else ()
    unfinished = tuple((head.path, head.status.pending) for head in inputs if head.status.pending)
    notices += _notices(status, inputs, missing)
    notices += into.notices()
    repeated = sum(count for (_, first), count in into.repeated.items() if first != target)
    return Merged(status, tuple(head.path for head in inputs), repeated, missing, unfinished, tuple(notices))


def _distinct(studies: str | Path | Iterable[str | Path], target: Path) -> list[Path]:
    """Return the files meant, each once, without the one that is to be made."""
    given = list(studies) if isinstance(studies, Iterable) and not isinstance(studies, str) else [studies]
    found: dict[Path, Path] = {}
    for entry in given:
        path = path_of(entry, "study to merge", StudyError)
        storage.check_name(path)
        pattern = glob.has_magic(str(entry)) and not path.exists()
        matches = sorted(map(Path, glob.glob(str(entry)))) if pattern else [path]  # noqa: PTH207 - may be absolute
        if not matches:
            raise StudyError(f"No file matches '{entry}'. Check the pattern and the folder.")
        for match in matches:
            found.setdefault(match.resolve(), match)
    found.pop(target.resolve(), None)
    return list(found.values())


def _look(path: Path) -> _Head:
    connection, _ = storage.connect(path)
    with closing(connection), storage.translate_errors(path), at_one_moment(connection):
        check.look_at_tables(connection, path)
        return _head(connection, path)


def _head(connection: sqlite3.Connection, path: Path) -> _Head:
    return _Head(path, read_status(connection, path), metadata.entries(connection))


@contextmanager
def _opened(head: _Head) -> Iterator[tuple[sqlite3.Connection, _Head, str | None]]:
    """Open a study that was looked at, in one read transaction: it may be run meanwhile.

    Yields:
        The connection, the head as it is now, and a notice for the user when not everything can be seen.

    Raises:
        _GrownError: If it asks for other runs than when it was looked at.
    """
    source, notice = storage.connect(head.path)
    with closing(source), check.suspecting(source, head.path), at_one_moment(source):
        with storage.translate_errors(head.path):
            now = _head(source, head.path)
        if now.meta != head.meta:
            raise _GrownError
        yield source, now, notice


def _refuse_unlike(base: _Head, head: _Head) -> None:
    if unlike := extension.differences(base.meta, head.meta):
        what = "\n  ".join(unlike)
        raise StudyMismatchError(
            f"'{base.path}' and '{head.path}' are of different experiments. What differs (first → second):\n  {what}\n"
            "Merge studies of one experiment; others can be compared, not merged."
        )


def _found(connection: sqlite3.Connection, base: _Head, heads: Sequence[_Head]) -> None:
    """Write the experiment into the merged study: that of the study that asks for most."""
    entries = {name: value for name, value in base.meta.items() if name != "shard"}
    entries["created"] = min(head.meta["created"] for head in heads)
    metadata.set_meta(connection, **entries)
    with _opened(base) as (source, _, _):
        rows = storage.rows(base.path, source, "SELECT point, occurrence, wanted, parameters FROM points")
        for some in rows:
            connection.executemany("INSERT INTO points VALUES(?, ?, ?, ?)", some)
    copies.note(connection, "points")


def _missing_shards(heads: Sequence[_Head]) -> Iterator[tuple[int, int]]:
    """Yield the shards that complete those that are there, when all are of one split."""
    shards = {head.status.shard for head in heads}
    splits = {shard[1] for shard in shards if shard is not None}
    if None not in shards and len(splits) == 1:
        of = splits.pop()
        yield from ((number, of) for number in range(1, of + 1) if (number, of) not in shards)


def _notices(
    status: StudyStatus, heads: Sequence[_Head], missing: Sequence[tuple[int, int]]
) -> Iterator[str]:
    for head in heads:
        if head.status.is_active:
            yield f"'{head.path}' is still being run: what it had by now is in. Merge again when it has finished."
        elif head.status.pending:
            yield (
                f"'{head.path}' lacks {head.status.pending:,} of its {head.status.n_runs:,} runs. "
                f"Run them with `mesa-lab resume {head.path}`, then merge again."
            )
    if missing:
        numbers = [str(number) for number, _ in missing]
        named = ", ".join(numbers[:_NAMED]) + (
            f" and {len(numbers) - _NAMED:,} more" if len(numbers) > _NAMED else ""
        )
        word, verb = ("Shard", "is") if len(missing) == 1 else ("Shards", "are")
        yield f"{word} {named} of {missing[0][1]} {verb} not among them."
    if status.pending:
        yield (
            f"{status.pending:,} of {status.n_runs:,} runs are missing in '{status.path}'. Merge again when there are more, "
            f"or run them here with `mesa-lab resume {status.path}`."
        )
