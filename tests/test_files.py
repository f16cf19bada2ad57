"""Paths that no file can have are refused in plain words; a finished file is on disk before it has its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab import files
from mesa_lab.files import check_path, shown, take_place

EXPERIMENT = ml.Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, max_steps=2)
LONG = "x" * 300


def test_what_may_be_a_file_is_let_through(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file", "new", "no folder/new", "file/below", "x" * 255):
        check_path(tmp_path / name, ml.StudyError)
    check_path(Path(), ml.StudyError, beside="-wal")
    check_path(tmp_path / ("x" * 251), ml.StudyError, beside="-wal")


def test_a_name_that_is_too_long_is_shown_short_with_what_fits(tmp_path: Path) -> None:
    with pytest.raises(ml.StudyError) as caught:
        check_path(Path(f"{LONG}.study"), ml.StudyError)
    assert str(caught.value) == (
        f"The name '{'x' * 30}…{'x' * 23}.study' is too long for a file: 306 bytes, 255 at most. Choose a shorter one."
    )
    with pytest.raises(ml.ExperimentError, match=r"256 bytes, 255 at most"):
        check_path(tmp_path / ("ü" * 128), ml.ExperimentError)
    with pytest.raises(ml.StudyError, match=r"252 bytes, 251 at most"):
        check_path(tmp_path / ("x" * 252), ml.StudyError, beside="-wal")


def test_other_places_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(
        ml.ExportError, match=r"^The path '.*….*' is too long: [45],\d+ bytes. Choose a folder"
    ):
        check_path(tmp_path.joinpath(*["folder"] * 700), ml.ExportError)
    with pytest.raises(ml.ExportError, match=r"'a\\x00b' cannot be a file.*Take it out"):
        check_path(Path("a\0b"), ml.ExportError)
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(ml.ExportError, match=r"round/x' cannot be used: .*\. Check the path"):
        check_path(tmp_path / "round" / "x", ml.ExportError)


def test_only_the_middle_of_a_long_path_is_left_out() -> None:
    assert shown(Path("a/b.study")) == "a/b.study"
    assert len(shown(Path(LONG))) == 60


def test_an_experiment_file_of_such_a_name(tmp_path: Path) -> None:
    for path in (Path(f"{LONG}.toml"), tmp_path / ("x" * 252)):
        with pytest.raises(ml.ExperimentError, match=r"too long for a file: \d+ bytes, 250 at most"):
            EXPERIMENT.save(path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ml.ExperimentError, match=r"too long for a file: 305 bytes, 255 at most"):
        ml.Experiment.load(f"{LONG}.toml")
    with pytest.raises(ml.ExperimentError, match="There is no experiment file"):  # nor one that ends in .toml
        ml.Experiment.load(tmp_path / ("x" * 252))
    with pytest.raises(ml.ExperimentError, match=r"'\.' is no name for an experiment file"):
        EXPERIMENT.save("")
    (tmp_path / "file").touch()
    with pytest.raises(ml.ExperimentError, match="cannot be written: Not a directory"):
        EXPERIMENT.save(tmp_path / "file" / "x.toml")


def test_a_model_file_of_such_a_name() -> None:
    with pytest.raises(ml.ModelError, match="too long for a file: 303 bytes"):
        ml.Experiment(f"{LONG}.py:Model", max_steps=2).check()


def test_a_file_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft, path = tmp_path / "draft", tmp_path / "name"
    draft.write_text("new")
    path.write_text("old")
    seen = []

    def look(handle: int) -> None:
        seen.append((os.fstat(handle).st_ino, path.read_text()))

    monkeypatch.setattr(files.os, "fsync", look)
    number = draft.stat().st_ino
    take_place(draft, path)
    assert seen == [(number, "old"), (tmp_path.stat().st_ino, "new")]
    assert not draft.exists()
    seen.clear()
    EXPERIMENT.save(path)
    assert [inode for inode, _ in seen] == [path.stat().st_ino, tmp_path.stat().st_ino]
    assert seen[0][1] == "new"
