"""What is wanted later is imported before, and by one thread at a time."""

import threading
import time

import pytest

from mesa_lab.app import quick_imports


@pytest.fixture(autouse=True)
def nothing_yet(monkeypatch):
    monkeypatch.setattr(quick_imports, "_done", set())


def test_what_is_wanted_later_is_imported_a_while_from_now(monkeypatch):
    imported = []
    monkeypatch.setattr(quick_imports.importlib, "import_module", imported.append)
    quick_imports.import_soon(0.0).join(60)
    assert imported == list(quick_imports.ANSWERING)


def test_threads_import_one_after_the_other_and_nothing_twice(monkeypatch):
    """A chart and the words above it, asked for at once of a server that had just started, met in narwhals: `_DeadlockError`."""
    under_way, imported = [], []

    def import_module(name):
        under_way.append(name)
        time.sleep(0.01)
        assert under_way == [name]
        under_way.remove(name)
        imported.append(name)

    monkeypatch.setattr(quick_imports.importlib, "import_module", import_module)
    wanted = [quick_imports.DRAWING, quick_imports.ANSWERING] * 3
    threads = [threading.Thread(target=quick_imports.import_now, args=(names,)) for names in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(imported) == sorted(quick_imports.ANSWERING)
