"""Modules that ask for the stack while they are imported get right answers, and nothing stays changed."""

import gc
import inspect
import sys

import pytest

from mesa_lab.running.importing import import_all

# As Mesa's own `mesa.mesa_logging` does.
CURIOUS = """
import gc, inspect
def name():
    return inspect.getmodule(inspect.stack()[1][0]).__name__
NAME = name()
CALLER = inspect.getouterframes(inspect.currentframe())[0]
OF_CLASS = inspect.getmodule(gc.get_objects.__class__)
COLLECTED = gc.isenabled()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]
    gc.unfreeze()


def _as_ever():
    return gc.isenabled(), inspect.getmodule.__module__, inspect.getframeinfo.__module__


def test_a_module_learns_its_name_from_the_stack(folder):
    (folder / "curious.py").write_text(CURIOUS, encoding="utf-8")
    (folder / "before.py").write_text("", encoding="utf-8")
    module = import_all(["before", "curious"])
    assert module.__name__ == module.NAME == "curious"
    assert module.CALLER.filename == str(folder / "curious.py")
    assert (module.CALLER.function, module.CALLER.lineno) == ("<module>", 6)
    assert module.OF_CLASS.__name__ == "builtins"
    assert not module.COLLECTED
    assert "before" in sys.modules


def test_afterwards_everything_is_as_before(folder):
    (folder / "harmless.py").write_text("", encoding="utf-8")
    import_all(["harmless"])
    assert _as_ever() == (True, "inspect", "inspect")
    assert inspect.stack()[0].code_context is not None


def test_after_a_failure_too(folder):
    (folder / "broken.py").write_text("1 / 0", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        import_all(["broken"])
    assert _as_ever() == (True, "inspect", "inspect")
