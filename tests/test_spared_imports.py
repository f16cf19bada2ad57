"""What is not imported: altair works without it."""

import subprocess
import sys

CODE = """
import sys
from mesa_lab.spared_imports import spare_grammars
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


BESIDE_A_MODEL = """
import sys
from mesa_lab.spared_imports import import_without_grammars
import_without_grammars()
import altair
altair.Chart().mark_point().to_dict()
assert "lark" not in sys.modules, "the grammars were compiled"
assert "rfc3987_syntax" not in sys.modules, "a model could not import it"
loaded = sys.modules["rfc3987_syntax"] = object()
import_without_grammars()
assert sys.modules["rfc3987_syntax"] is loaded, "what is loaded stays"
"""


def test_a_model_may_still_import_them():
    subprocess.run([sys.executable, "-c", BESIDE_A_MODEL], check=True, timeout=120)
