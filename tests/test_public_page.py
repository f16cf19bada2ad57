"""The public page: every name on it exists, is where the type checker looks, and costs nothing before its use."""

import ast
import inspect
import subprocess
import sys

import mesa_lab

HEAVY = ("mesa", "pandas", "numpy", "scipy", "pyarrow", "altair", "solara", "joblib", "pydantic")


def test_names_are_alphabetical_and_exist() -> None:
    assert mesa_lab.__all__ == sorted(mesa_lab.__all__)
    for name in mesa_lab.__all__:
        assert getattr(mesa_lab, name) is not None


def test_the_type_checker_sees_the_same_names() -> None:
    tree = ast.parse(inspect.getsource(mesa_lab))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.name: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert sorted(seen) == mesa_lab.__all__
    assert seen == mesa_lab._HOMES


def test_importing_the_page_imports_nothing_heavy() -> None:
    code = f"import sys, mesa_lab; print([name for name in {HEAVY} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(mesa_lab, "Experimint")


def test_dir_shows_what_is_meant_for_users() -> None:
    assert [name for name in dir(mesa_lab) if not name.startswith("_")] == sorted(mesa_lab.__all__)
