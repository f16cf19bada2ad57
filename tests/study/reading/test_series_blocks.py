import sqlite3

import numpy as np
import pyarrow as pa

from mesa_lab.study import Study
from mesa_lab.study.database import schema
from mesa_lab.study.reading.series_blocks import Block, plain, renumbered

PLAIN = pa.table(
    {"run_id": [4, 4, 2], "step": [0, 0, 1], "agent_id": [1, 2, 1], "agent_type": ["Wolf", "Sheep", "Wolf"]}
)


def encoded(table):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def packed():
    columns = [
        pa.RunEndEncodedArray.from_arrays(pa.array([2, 3]), pa.array([4, 2])),
        pa.RunEndEncodedArray.from_arrays(pa.array([2, 3]), pa.array([0, 1])),
        PLAIN["agent_id"],
        PLAIN["agent_type"].combine_chunks().dictionary_encode(),
    ]
    return encoded(pa.table(columns, names=PLAIN.column_names))


def test_a_packed_block_holds_what_a_plain_one_holds():
    for data in (packed(), encoded(PLAIN)):
        block = Block(data)
        assert block.table().equals(PLAIN)
        assert block.schema == block.read().schema
        assert plain(block.read(2)).equals(PLAIN.select([0, 1]))
        some = Block(data, columns=(0, 1, 3), runs=np.array([2]))
        assert some.table().to_pydict() == {"run_id": [2], "step": [1], "agent_type": ["Wolf"]}
        assert some.schema.names == ["run_id", "step", "agent_type"]


def test_runs_of_a_block_get_other_numbers():
    numbers = np.array([-1, -1, 7, -1, 9])
    for data in (packed(), encoded(PLAIN)):
        again = Block(renumbered(data, numbers)).table()
        assert again["run_id"].to_pylist() == [9, 9, 7]
        assert again.drop_columns("run_id").equals(PLAIN.drop_columns("run_id"))


def test_an_older_study_is_marked_once_this_version_writes_into_it(study):
    def version(set_to=None):
        connection = sqlite3.connect(study.path)
        if set_to is not None:
            connection.execute(f"PRAGMA user_version = {set_to}")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.close()
        return found

    assert version(set_to=1) == 1
    Study.open(study.path).close()
    assert version() == 1
    with study.writing():
        pass
    assert version() == schema.VERSION
