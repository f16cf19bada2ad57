"""What is not imported: altair works without it."""

import subprocess
import sys

from mesa_lab.app import quick_imports

CODE = """
import sys
from mesa_lab.app.quick_imports import spare_grammars
spare_grammars()
import altair
altair.Chart().mark_point().to_dict()
assert "lark" not in sys.modules, "the grammars were compiled"
loaded = sys.modules["rfc3987_syntax"] = object()
spare_grammars()
assert sys.modules["rfc3987_syntax"] is loaded, "what is loaded stays"
"""


def test_altair_is_imported_without_the_grammars_of_addresses():
    subprocess.run([sys.executable, "-c", CODE], check=True, timeout=120)


def test_what_is_wanted_later_is_imported_a_while_from_now(monkeypatch):
    imported = []
    monkeypatch.setattr(quick_imports.importlib, "import_module", imported.append)
    quick_imports.import_soon(0.0).join(60)
    assert imported == list(quick_imports._WANTED_LATER)
