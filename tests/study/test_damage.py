"""Files that are no studies, or no longer whole ones."""

from __future__ import annotations

import contextlib
import sqlite3

import pyarrow as pa
import pytest

from mesa_lab.errors import StudyError, StudyFormatError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study, rescue


def database(path, **pragmas):
    connection = sqlite3.connect(path)
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")
    connection.execute("CREATE TABLE a(b)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "There is no study"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_text("model = 'x'\n" * 50), "is no study file"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "is no study file"),
        (database, "no study of Mesa Lab"),
        (
            lambda path: database(path, application_id=0x4D65734C, user_version=99),
            r"newer Mesa Lab \(format 99",
        ),
    ],
)
def test_what_is_no_study_is_said(tmp_path, make, said):
    path = tmp_path / "a.study"
    make(path)
    for attempt in (Study.open, lambda path: rescue(path, tmp_path / "b.study")):
        with pytest.raises(StudyError) as caught:
            attempt(path)
        assert str(path) in str(caught.value)
    with pytest.raises(StudyError, match=said):
        Study.open(path)


@pytest.fixture
def large(tmp_path, batch_of):
    """Forty blocks of ten runs each, on many pages."""
    study = Study.create(tmp_path / "large.study", Experiment("m:M", {"a": list(range(40))}, replications=10))
    with study.writing() as writer:
        for start in range(0, 400, 10):
            writer.add(batch_of(study.tasks(range(start, start + 10)), failing=[start]))
    study.close()
    return study.path


def test_a_truncated_study_is_said_and_rescued(large, tmp_path, batch_of):
    data = large.read_bytes()
    large.write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(StudyFormatError, match="cut short"):
        Study.open(large)
    rescued = rescue(large, tmp_path / "saved.study")
    assert rescued.lost == 400 - rescued.runs
    assert 0 < rescued.runs < 400
    saved = Study.open(rescued.path)
    frame = saved.runs_frame()
    done = frame[frame["status"] == "done"]
    assert (done["happy"] == done["run_id"] * 10).all()
    assert (
        sorted(set(pa.concat_tables(saved.series_tables())["run_id"].to_pylist())) == frame["run_id"].tolist()
    )
    assert len(saved.pending()) == rescued.lost
    with saved.writing() as writer:
        writer.add(batch_of(saved.tasks(saved.pending())))
    assert saved.status().state == "finished"


@pytest.mark.parametrize("page", [8, 12, 20, 30])
def test_a_corrupted_page_is_never_read_as_results(large, tmp_path, page):
    data = bytearray(large.read_bytes())
    data[page * 4096 : page * 4096 + 4096] = bytes([0xA5]) * 4096
    large.write_bytes(data)
    with contextlib.suppress(StudyFormatError):
        study = Study.open(large)
        frame = study.runs_frame()
        tables = list(study.series_tables())
        agents = list(study.agent_tables("Wolf"))
        done = frame[frame["status"] == "done"]
        assert (done["happy"] == done["run_id"] * 10).all()
        assert pa.concat_tables(tables).num_rows == pa.concat_tables(agents).num_rows == 1200
    with pytest.raises(StudyFormatError, match="is damaged"), Study.open(large).writing():
        pass
    rescued = rescue(large, tmp_path / "saved.study")
    assert rescued.runs + rescued.lost == 400
    assert rescued.runs >= 300
    assert len(Study.open(rescued.path).pending()) == rescued.lost


def test_a_changed_byte_in_a_series_is_noticed(filled):
    connection = sqlite3.connect(filled.path)
    (series,) = connection.execute("SELECT series FROM blocks").fetchone()
    connection.execute("UPDATE blocks SET series = ?", (series[:-40] + b"\x01" + series[-39:],))
    connection.commit()
    connection.close()
    with pytest.raises(StudyFormatError, match="are not those that were written"):
        list(filled.series_tables())
    assert len(filled.runs_frame()) == 12
