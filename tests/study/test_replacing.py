"""A study that takes the place of another one: what a power cut may leave."""

import os
import stat

from mesa_lab.study import schema
from mesa_lab.study.draft import Draft


def test_the_old_log_is_gone_from_disk_before_the_new_file_has_its_name(tmp_path, monkeypatch):
    """Otherwise SQLite could play the old log into the new file."""
    path = tmp_path / "a.study"
    with Draft(path) as connection:
        schema.lay_out(connection)
    old = path.stat().st_ino
    log = tmp_path / "a.study-wal"
    log.write_bytes(b"old")
    synced = []
    sync = os.fsync

    def record(number):
        sync(number)
        if stat.S_ISDIR(os.fstat(number).st_mode):
            synced.append(
                ("log" if log.exists() else "no log", "old" if path.stat().st_ino == old else "new")
            )

    monkeypatch.setattr(os, "fsync", record)
    with Draft(path, replace=True) as connection:
        schema.lay_out(connection)
    assert synced == [("no log", "old"), ("no log", "new")]
    assert path.stat().st_ino != old
