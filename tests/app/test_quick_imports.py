"""What is wanted later is imported before."""

from mesa_lab.app import quick_imports


def test_what_is_wanted_later_is_imported_a_while_from_now(monkeypatch):
    imported = []
    monkeypatch.setattr(quick_imports.importlib, "import_module", imported.append)
    quick_imports.import_soon(0.0).join(60)
    assert imported == list(quick_imports._WANTED_LATER)
