"""pyproject.toml held to the code: each dependency names a file that uses it, each import is declared, and the app's are few."""

import ast
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
SETTINGS = tomllib.loads(PYPROJECT)
PROJECT = SETTINGS["project"]
GROUPS = SETTINGS["dependency-groups"]

# What a package is called where it is imported, if not by its own name.
IMPORTED_AS = {
    "jupyter-client": "jupyter_client",
    "vl-convert-python": "vl_convert",
    "ema-workbench": "ema_workbench",
    "scikit-learn": "sklearn",
    "ipython": "IPython",
    "sim-tools": "sim_tools",
    "pillow": "PIL",
    "axe-playwright-python": "axe_playwright_python",
}
# What a tool that is never imported is called where it is used.
CALLED = {
    "ruff": "ruff check",
    "mypy": "mypy",
    "import-linter": "lint-imports",
    "jupyterlab": "jupyterlab",
    "pytest-timeout": "timeout = ",
    "pytest-xdist": "pytest_xdist_",
    "coverage": "coverage report",
}
# In the standard library of a newer Python than the one at hand.
NEWER = {"annotationlib"}
MADE_BY_TESTS = {"my_rules", "province"}


def entries():
    """Each package that pyproject.toml asks for, with the comment behind it."""
    found = []
    for start, end in (
        ("\ndependencies = [", "\n[project.scripts]"),
        ("\n[dependency-groups]", "\n[tool.hatch"),
    ):
        for line in PYPROJECT.partition(start)[2].partition(end)[0].splitlines():
            code, _, comment = line.partition("#")
            code = re.sub(r"\{.*\}", "", code)  # a group that is included
            found += [(name_of(each), comment.strip()) for each in re.findall(r'"([^"]+)"', code)]
    return found


def name_of(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def module_of(package):
    package = re.sub(r"^types-|-stubs$", "", package)
    return IMPORTED_AS.get(package, package)


def uses(path, package):
    """Whether a file imports a package, in code or in a text that is run, or calls it as a tool."""
    text = path.read_text(encoding="utf-8")
    if package in CALLED:
        return CALLED[package] in text
    module = re.escape(module_of(package))
    return re.search(rf"^\s*(from|import) {module}\b|import_module\(\"{module}\b", text, re.MULTILINE)


def file_of(comment):
    """The file that a comment names: of the project, or of an installed package."""
    named = re.match(r"([\w.-]+/)*[\w.-]+", comment)
    assert named, f"the comment '{comment}' begins with no file"
    own = ROOT / named[0]
    if own.is_file():
        return own
    package, _, rest = named[0].partition("/")
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent / rest if spec is not None and spec.origin else own


@pytest.mark.parametrize(("package", "comment"), entries())
def test_a_dependency_names_a_file_that_uses_it(package, comment):
    file = file_of(comment)
    assert file.is_file(), f"there is no file {file}"
    assert uses(file, package), f"{file} does not use {package}"


def test_no_dependency_is_without_a_line():
    extras = [each for group in PROJECT["optional-dependencies"].values() for each in group]
    grouped = [each for group in GROUPS.values() for each in group if isinstance(each, str)]
    asked = [name_of(each) for each in (*PROJECT["dependencies"], *extras, *grouped)]
    assert sorted(asked) == sorted(package for package, _ in entries())


def imported(folder):
    """Third parties that the files of a folder import, each with one of these files."""
    found = {}
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
                names = [each.value for each in node.args if isinstance(each, ast.Constant)]
            for name in names:
                found.setdefault(name.partition(".")[0], file.relative_to(ROOT))
    own = {
        "mesa_lab",
        "benchmarks",
        "tests",
        *MADE_BY_TESTS,
        *(path.stem for path in (ROOT / "tests").rglob("*.py")),
    }
    return {name: file for name, file in found.items() if name not in own | sys.stdlib_module_names | NEWER}


def declared(*requirements):
    return {module_of(name_of(each)) for each in requirements}


def test_what_the_package_imports_is_declared():
    extras = [each for group in PROJECT["optional-dependencies"].values() for each in group]
    known = declared(*PROJECT["dependencies"], *extras)
    missing = {
        name: str(file)
        for name, file in {**imported("mesa_lab"), **imported("pages")}.items()
        if name not in known
    }
    assert not missing


@pytest.mark.parametrize(
    ("folder", "groups"), [("tests", ("test",)), ("benchmarks", ("benchmarks", "browser")), ("examples", ())]
)
def test_what_the_rest_imports_is_declared(folder, groups):
    known = declared(*PROJECT["dependencies"])
    for group in groups:
        known |= declared(*in_group(group))
    missing = {name: str(file) for name, file in imported(folder).items() if name not in known}
    assert not missing


def in_group(group):
    for each in GROUPS[group]:
        if isinstance(each, str):
            yield each
        else:
            yield from in_group(each["include-group"])


def test_the_first_command_installs_what_the_app_needs_alone():
    assert SETTINGS["tool"]["uv"]["default-groups"] == []
    assert "compile-bytecode" not in SETTINGS["tool"]["uv"]
    heavy = {"dask", "distributed", "ray", "jupyterlab", "playwright", "pytest", "ruff", "mypy", "openpyxl"}
    assert not heavy & {name_of(each) for each in PROJECT["dependencies"]}


def test_every_supported_python_may_run_the_first_command():
    """uv takes the first line for what the project asks for, and refuses every other Python."""
    lines = [line for line in (ROOT / ".python-version").read_text().splitlines() if line[:1] != "#"]
    assert lines[0] == PROJECT["requires-python"]


def test_ci_names_the_mesa_of_the_tests_and_those_beside_it():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (pinned,) = re.findall(
        r"^mesa==(.+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert f'assert mesa.__version__ == "{pinned}"' in script
    (others,) = re.findall(r"for release in (3\.4.*); do", script)
    assert {"3.4.2", "4.0.0a0"} <= set(others.split())
    assert pinned not in others.split()
