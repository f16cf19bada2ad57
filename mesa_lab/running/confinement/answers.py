"""Answers of a confined process, as they travel: a line of JSON and raw bytes, never pickles, since a stranger's code may write them.

Whoever reads them takes nothing for granted: how long they are, which runs they speak of, and of what kind each value is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

from mesa_lab.running.confinement.arrow_sizes import size_when_decompressed, size_when_plain
from mesa_lab.study.records import (
    STAGES,
    STATUSES,
    Batch,
    CodeRecord,
    FailureRecord,
    FormRecord,
    OutputRecord,
    RunRecord,
    Task,
)

__all__ = ["MOST_BYTES", "MOST_PLAIN_BYTES", "UnfitAnswerError", "batch_from", "plain_batch", "read", "write"]

MOST_BYTES: Final = 64 * 2**20
MOST_PLAIN_BYTES: Final = 256 * 2**20
"""What a table of an answer may take when it is decompressed, and its values stand for themselves."""
_TOO_LARGE: Final = f"A table takes more than {MOST_PLAIN_BYTES >> 20} MiB when it is unpacked."
_MOST_NAMES: Final = 10_000
_LONGEST_TEXT: Final = 100_000
_LONGEST_NAME: Final = 1_000
_HEAD: Final = 32


class UnfitAnswerError(ValueError):
    """What came is no answer to what was asked."""


def write(stream: IO[bytes], said: Any, parts: Sequence[bytes] = ()) -> None:
    """Write one answer.

    Args:
        stream: Where to.
        said: Plain data.
        parts: Bytes that it refers to by their place in this list.
    """
    text = json.dumps([said, [len(part) for part in parts]]).encode()
    stream.write(b"%d\n" % len(text) + text + b"".join(parts))
    stream.flush()


def read(stream: IO[bytes], most: int = MOST_BYTES) -> tuple[Any, list[bytes]] | None:
    """Read one answer; None at the end.

    Args:
        stream: Where from.
        most: Bytes that it may have.

    Raises:
        UnfitAnswerError: If it is none, or too long.
    """
    line = stream.readline(_HEAD)
    if not line:
        return None
    try:
        size = int(line)
        if not line.endswith(b"\n") or not 0 <= size <= most:
            raise UnfitAnswerError("An answer is too long.")
        said, sizes = json.loads(_exactly(stream, size))
        if not all(type(each) is int and each >= 0 for each in sizes) or size + sum(sizes) > most:
            raise UnfitAnswerError("An answer is too long.")
        return said, [_exactly(stream, each) for each in sizes]
    except (ValueError, TypeError, RecursionError) as error:
        raise UnfitAnswerError(f"An answer cannot be read: {error}") from error


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise UnfitAnswerError("An answer ends too soon.")
    return data


def plain_batch(batch: Batch) -> tuple[dict[str, Any], list[bytes]]:
    """Return the results of runs as plain data and bytes."""
    parts: list[bytes] = []

    def aside(data: bytes | None) -> int | None:
        if data is None:
            return None
        parts.append(data)
        return len(parts) - 1

    said = {
        "runs": [list(run) for run in batch.runs],
        "names": list(batch.outcome_names),
        "finals": [list(row) for row in batch.finals],
        "series": aside(batch.series),
        "agents": {name: aside(data) for name, data in batch.agents.items()},
        "failures": [list(each) for each in batch.failures],
        "outputs": [[each.run_id, each.left_out, aside(each.data)] for each in batch.outputs],
        "forms": [list(each) for each in batch.forms],
        "code": None
        if batch.code is None
        else [batch.code.digest, [list(file) for file in batch.code.files]],
    }
    return said, parts


def batch_from(said: Any, parts: Sequence[bytes], task: Task) -> Batch:
    """Return the result of one run.

    Args:
        said: What `plain_batch` gave, perhaps.
        parts: The bytes.
        task: The run that was asked for; which one it is, is not for the answer to say.

    Raises:
        UnfitAnswerError: If it is no such thing.
    """
    try:
        return _batch(said, parts, task)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise UnfitAnswerError(f"A result is none: {error}") from error


def _batch(said: Mapping[str, Any], parts: Sequence[bytes], task: Task) -> Batch:
    ((*_, status, steps, time, init_seconds, run_seconds, notes),) = said["runs"]
    _require(status in STATUSES and type(steps) is int and 0 <= steps < 2**62)
    run = RunRecord(
        task.run_id,
        task.point,
        task.replication,
        task.seed,
        status,
        steps,
        None if time is None else float(time),
        _seconds(init_seconds),
        _seconds(run_seconds),
        _text(notes),
    )
    names = tuple(map(_name, said["names"]))
    finals = tuple(tuple(map(_scalar, row)) for row in said["finals"])
    _require(len(set(names)) == len(names) <= _MOST_NAMES and all(len(row) == len(names) for row in finals))
    _require(len(finals) == 1)
    failures = []
    for _, stage, *texts in said["failures"]:
        _require(stage in STAGES)
        kind, message, trace = map(_text, texts)
        failures.append(FailureRecord(task.run_id, stage, kind, message, trace))
    outputs = []
    for _, left_out, place in said["outputs"]:
        _require(type(left_out) is int and left_out >= 0)
        outputs.append(OutputRecord(task.run_id, left_out, parts[place]))
    _require(len(failures) <= 1 and len(outputs) <= 1 and len(said["agents"]) <= _MOST_NAMES)
    code = said["code"]
    return Batch(
        (run,),
        names,
        finals,
        None if said["series"] is None else _stream(parts[said["series"]], task),
        {_name(name): _stream(parts[place], task) for name, place in said["agents"].items()},
        tuple(failures),
        tuple(outputs),
        tuple(FormRecord(*map(_name, each)) for each in said["forms"]),
        None
        if code is None
        else CodeRecord(_name(code[0]), tuple((_name(file), _name(digest)) for file, digest in code[1])),
    )


def _stream(data: bytes, task: Task) -> bytes:
    """Look into an Arrow stream: it is whole, speaks of this run alone, and is not much larger than it seems."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if size_when_decompressed(data) > MOST_PLAIN_BYTES:
            raise UnfitAnswerError(_TOO_LARGE)
        table = pa.ipc.open_stream(data).read_all()
        table.validate(full=True)
        if size_when_plain(table) > MOST_PLAIN_BYTES:
            raise UnfitAnswerError(_TOO_LARGE)
        of_this = table.num_rows == 0 or all(
            pc.all(pc.equal(_unpacked(chunk), task.run_id)).as_py() for chunk in table["run_id"].chunks
        )
    except UnfitAnswerError:
        raise
    except (pa.ArrowException, KeyError, OSError, ValueError) as error:
        raise UnfitAnswerError(f"A table cannot be read: {error}") from error
    _require(bool(of_this))
    return data


def _unpacked(run_ids: Any) -> Any:
    """A column of numbers of runs, which tables of agents have in stretches."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.run_end_decode(run_ids) if pa.types.is_run_end_encoded(run_ids.type) else run_ids


def _require(holds: bool) -> None:
    if not holds:
        raise UnfitAnswerError("A result is not of the kind that was asked for.")


def _seconds(value: Any) -> float:
    _require(type(value) in (int, float) and 0 <= value < 1e9)
    return float(value)


def _text(value: Any) -> str:
    _require(type(value) is str)
    return str(value)[:_LONGEST_TEXT].encode("utf-8", "replace").decode()


def _name(value: Any) -> str:
    _require(type(value) is str and len(value) <= _LONGEST_NAME)
    return _text(value)


def _scalar(value: Any) -> Any:
    _require(value is None or type(value) in (bool, int, float, str))
    if type(value) is int:
        _require(-(2**63) <= value < 2**63)
    return _text(value) if type(value) is str else value
