"""Modules that ask for the stack while they are imported get right answers, and nothing stays changed."""

import gc
import inspect
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mesa_lab.running.workers.lazy_imports import import_all

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


# What is imported by others and not used.

PACKAGE = """
import rarely_used.part  # a module may ask for itself while it loads
LOADED = globals().get("LOADED", 0) + 1
if TROUBLE:
    raise TROUBLE.pop()
__all__ = ["LOADED", "made_up"]
def __getattr__(name):
    if name == "made_up":
        return "made up"
    raise AttributeError(name)
"""


@pytest.fixture
def postponed(folder):
    """Import a module that imports a postponed package; give the package."""
    (folder / "rarely_used").mkdir()
    trouble = "import builtins\nTROUBLE = builtins.__dict__.setdefault('_trouble', [])\n"
    (folder / "rarely_used" / "__init__.py").write_text(trouble + PACKAGE, encoding="utf-8")
    (folder / "rarely_used" / "part.py").write_text("import rarely_used\nSEEN = rarely_used.__name__\n")
    (folder / "uses_it_not.py").write_text("import rarely_used\n")
    finders = list(sys.meta_path)
    import_all(["uses_it_not"], ["rarely_used", "is_not_there"])
    assert sys.meta_path == finders
    return sys.modules["rarely_used"]


def test_what_nobody_uses_is_not_loaded(postponed, folder):
    assert postponed.__file__ == str(folder / "rarely_used" / "__init__.py")
    assert repr(postponed).startswith("<module 'rarely_used' from")
    assert "LOADED" not in vars(postponed)
    assert "rarely_used.part" not in sys.modules


@pytest.mark.parametrize(
    "use",
    [
        "import rarely_used; found = rarely_used.LOADED",
        "from rarely_used import LOADED as found",
        "from rarely_used import *; found = LOADED",
        "import rarely_used; found = 'LOADED' in dir(rarely_used)",
        "import rarely_used.part; found = vars(rarely_used)['LOADED']",
        "from rarely_used import part; found = vars(__import__('rarely_used'))['LOADED']",
        "import rarely_used; found = rarely_used.made_up == 'made up' and rarely_used.LOADED",
    ],
)
def test_whoever_uses_it_finds_it_loaded_once(postponed, use):
    names = {}
    exec(use, names)
    assert names["found"] == postponed.LOADED == 1
    assert type(postponed) is type(sys)
    assert sys.modules["rarely_used.part"].SEEN == "rarely_used"
    with pytest.raises(AttributeError, match="nothing"):
        _ = postponed.nothing


def test_an_interrupted_load_is_done_again(postponed, monkeypatch):
    import builtins

    monkeypatch.setattr(builtins, "_trouble", [KeyboardInterrupt()], raising=False)
    with pytest.raises(KeyboardInterrupt):
        _ = postponed.made_up
    assert postponed.made_up == "made up"


def test_threads_find_it_whole(folder):
    (folder / "slow_one.py").write_text("import time\ntime.sleep(0.2)\nEND = 1\n", encoding="utf-8")
    (folder / "needs_it_later.py").write_text("import slow_one\n", encoding="utf-8")
    import_all(["needs_it_later"], ["slow_one"])
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: sys.modules["slow_one"].END, range(4))) == [1] * 4


def test_what_workers_postpone_is_imported_by_mesa_and_not_used():
    program = (
        "import sys; from mesa_lab.running.workers import process as processes; from mesa_lab.running.importing import import_all\n"
        "import_all(processes._IMPORTED_FIRST, processes._POSTPONED)\n"
        "import pyarrow; pyarrow.array([1, 2])\n"
        "print(*(type(sys.modules[name]).__name__ for name in processes._POSTPONED))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert set(out.split()) == {"_Postponed"}
