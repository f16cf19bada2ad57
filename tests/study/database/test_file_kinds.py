import pytest

from mesa_lab.classroom.limits import StudentLimits
from mesa_lab.errors import StudyError
from mesa_lab.study.database.file_kinds import size_of


def test_a_file_that_is_not_there_has_no_bytes(tmp_path):
    (tmp_path / "file").write_bytes(b"four")
    (tmp_path / "gone").symlink_to(tmp_path / "nothing")
    assert [size_of(tmp_path / name) for name in ("file", "gone", "nothing")] == [4, 0, 0]
    assert size_of(str(tmp_path / "file")) == 4


def test_logs_that_go_while_a_folder_is_measured_stop_nobody(tmp_path, monkeypatch):
    (tmp_path / "large").write_bytes(bytes(2_000_000))
    (tmp_path / "a.study-shm").symlink_to(tmp_path / "gone")
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: True)  # it was there a moment ago
    StudentLimits(megabytes=3).check_disk(tmp_path)
    with pytest.raises(StudyError, match="Your studies take 2 MB"):
        StudentLimits(megabytes=1).check_disk(tmp_path)
