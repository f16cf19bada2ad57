"""What is not imported: altair works without it."""

import subprocess
import sys

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
