"""What is promised of the code's structure: names that docs give, sizes, and the picture made from the imports."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mesa_lab"
FOLDERS = [PACKAGE, *(path.parent for path in PACKAGE.rglob("__init__.py") if path.parent != PACKAGE)]


def test_the_picture_shows_the_imports_as_they_are() -> None:
    spec = importlib.util.spec_from_file_location("picture", ROOT / "docs" / "architecture_picture.py")
    assert spec is not None
    assert spec.loader is not None
    picture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(picture)
    assert picture.PICTURE.read_text(encoding="utf-8") == picture.drawn(), (
        "Draw it again: python docs/architecture_picture.py"
    )


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_no_folder_holds_more_than_sixteen_modules(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 16


def test_no_module_is_longer_than_four_hundred_lines() -> None:
    sizes = {
        path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert {path: size for path, size in sizes.items() if size > 400} == {}


@pytest.mark.parametrize("page", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_files_that_the_docs_name_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = {
        name
        for code in re.findall(r"`([^`\n]+)`", text)
        for name in re.findall(r"[\w./-]+/[\w.-]*|\w+\.py", code)
    }
    known = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
    named = {name.rstrip("/") for name in named} - {"screenshots"}  # these are made on request
    missing = [name for name in named if not any(path == name or path.endswith(f"/{name}") for path in known)]
    assert missing == []
