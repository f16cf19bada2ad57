"""The pages of questions: their Python runs on one study, their commands parse, their claims and pictures are there."""

import os
import re
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab import pipeline
from mesa_lab.cli import cli
from mesa_lab.processing.analysis.shelf import QUESTIONS
from mesa_lab.search import carry_out

DOCS = Path(__file__).parents[1] / "docs" / "questions"
PAGES = sorted(page.name for page in DOCS.glob("*.md"))


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """What the first block of the first page leaves: an experiment and its results, in a folder of their own."""
    folder, run, before = tmp_path_factory.mktemp("questions"), pipeline.run, Path.cwd()
    patch = pytest.MonkeyPatch()
    patch.setattr(
        ml, "run", lambda *given, **options: run(*given, **{"progress": False, "n_jobs": 1, **options})
    )
    patch.setattr(
        ml,
        "search",
        lambda search, path=None: carry_out.search(search, path, backend="sequential", progress=False),
    )
    os.chdir(folder)
    names = {"__name__": "guide"}
    exec(compile(blocks("README.md", "python")[0], "README.md", "exec"), names)
    yield names
    os.chdir(before)
    patch.undo()


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page, shared):
    names = dict(shared)
    for block in blocks(page, "python")[page == "README.md" :]:
        exec(compile(block, page, "exec"), names)


def test_the_claims_of_the_page_hold(shared):
    (text,) = blocks("claims.md", "toml")
    claims = ml.Experiment.from_toml(f'model = "m:M"\n{text}').claims
    checked = shared["results"].check_claims(claims)
    assert [each.verdict for each in checked] == ["holds"] * len(claims)


def test_the_forms_of_claims_are_checked(shared):
    table = (DOCS / "claims.md").read_text(encoding="utf-8").partition("\n| form |")[2].split("\n\n")[0]
    forms = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(forms) == 7
    for checked in shared["results"].check_claims({form: form for form in forms}):
        assert checked.parts, checked


def test_every_question_has_a_page_with_a_picture():
    named = {"discover": "discover.md"}
    for question in QUESTIONS:
        page = DOCS / named.get(question.name, f"{question.name}.md")
        pictures = re.findall(r"^!\[[^\]]+\]\(([^)]+)\)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert pictures, page
        assert all((DOCS / picture).exists() for picture in pictures)
        assert page.read_text(encoding="utf-8").startswith(f"# {question.text}\n")


@pytest.mark.parametrize(
    "line", [line for page in PAGES for block in blocks(page, "sh") for line in block.splitlines()]
)
def test_a_command_parses(line):
    _, name, *arguments = line.split()
    cli.commands[name].make_context(name, arguments)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(((?!http)[^)#]+)", (DOCS / page).read_text(encoding="utf-8")):
        assert (DOCS / target).exists(), target


def test_pictures_are_small():
    for picture in DOCS.glob("*.svg"):
        assert picture.stat().st_size < 60_000, picture.name
