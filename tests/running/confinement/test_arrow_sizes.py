"""How large a table of a stranger is, is known before it is unpacked."""

import os

import pyarrow as pa
import pytest

from mesa_lab.running.collection.arrow_columns import Chunk, agent_columns, encode_columns
from mesa_lab.running.confinement import answers
from mesa_lab.running.confinement.answers import UnfitAnswerError, batch_from, plain_batch
from mesa_lab.running.confinement.arrow_sizes import size_when_decompressed, size_when_plain
from mesa_lab.study.records import Batch, RunRecord, Task

TASK = Task(3, 0, 0, 7, {})
RUN = RunRecord(3, 0, 0, 7, "done", 1, None, 0.0, 0.1, "")


def stream(columns, compression="lz4"):
    sink = pa.BufferOutputStream()
    batch = pa.record_batch(list(columns.values()), names=list(columns))
    with pa.ipc.new_stream(
        sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression=compression)
    ) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


def answered(data):
    said, parts = plain_batch(Batch((RUN,), (), ((),), data))
    return batch_from(said, parts, TASK)


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_the_size_is_what_the_buffers_take(compression):
    columns = {
        "run_id": pa.array([3] * 5_000),
        "noise": pa.array(list(os.urandom(5_000))),
        "text": pa.array(["wolf", "sheep"] * 2_500).dictionary_encode(),
        "gap": pa.nulls(5_000),
    }
    data = stream(columns, compression)
    whole = pa.ipc.open_stream(data).read_all()
    assert whole.nbytes <= size_when_decompressed(data) <= whole.nbytes + 1_000


def test_what_mesa_lab_itself_encodes_is_taken():
    chunk = Chunk(
        1, pa.array([1, 2]), pa.array(["Wolf", "Sheep"]).dictionary_encode(), {"x": pa.array([1.0, None])}
    )
    data = encode_columns(agent_columns([(3, [chunk])]))
    assert answered(data).series == data
    assert answered(encode_columns({"run_id": [3], "step": [0], "time": [None], "kind": ["a"]})).series


def test_a_small_answer_that_becomes_a_large_table_is_refused_before_it_does(monkeypatch):
    rows = 2**20
    zeros = pa.array(memoryview(bytes(8 * rows)).cast("q"))
    bomb = stream({"run_id": pa.RunEndEncodedArray.from_arrays([rows], [3]), "x": zeros}, "zstd")
    assert len(bomb) < rows / 100
    assert answered(bomb).series == bomb  # no more than any run may have
    monkeypatch.setattr(answers, "MOST_PLAIN_BYTES", 8 * rows - 1)
    monkeypatch.setattr(pa.ipc, "open_stream", None)  # it is not unpacked
    with pytest.raises(UnfitAnswerError, match="more than 256 MiB when it is unpacked"):
        answered(bomb)


def test_a_table_that_speaks_of_another_run_is_refused_in_stretches_too():
    for run_ids in ([4], [3, 4]):
        ends = pa.array(range(1, len(run_ids) + 1))
        column = pa.RunEndEncodedArray.from_arrays(ends, pa.array(run_ids))
        with pytest.raises(UnfitAnswerError, match="not of the kind"):
            answered(stream({"run_id": column}))


@pytest.mark.parametrize(
    "packed",
    [
        lambda: pa.RunEndEncodedArray.from_arrays(pa.array([2**30]), pa.array([0.0])),
        lambda: pa.DictionaryArray.from_arrays(pa.array([0] * 3_000, pa.int32()), ["x" * 100_000]),
    ],
    ids=["one value for a long stretch", "one long text again and again"],
)
def test_a_table_that_is_packed_is_measured_as_it_would_be_read(packed):
    column = packed()
    run_id = pa.RunEndEncodedArray.from_arrays(pa.array([len(column)]), pa.array([3]))
    data = stream({"run_id": run_id, "x": column})
    assert len(data) < 100_000
    with pytest.raises(UnfitAnswerError, match="when it is unpacked"):
        answered(data)


@pytest.mark.parametrize(
    "column",
    [pa.array([[1, 2]]), pa.array([{"a": 1}]), pa.array([b"x"]), pa.array([1]).dictionary_encode()],
    ids=lambda column: str(column.type),
)
def test_kinds_that_no_result_has_are_refused(column):
    table = pa.table({"x": column})
    with pytest.raises(ValueError, match="of the kind"):
        size_when_plain(table)


def test_a_stream_that_was_tampered_with_is_refused_or_read_and_never_more():
    data = stream({"run_id": pa.array([3] * 40), "x": pa.array([0.5] * 40)})
    for place in range(0, len(data), 3):
        for value in (0, 0x7F, 0xFF):
            changed = data[:place] + bytes([value]) + data[place + 1 :]
            try:
                answered(changed)
            except UnfitAnswerError:
                continue
