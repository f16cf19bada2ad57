"""The guides to searches and their example files run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import mesa_lab as ml
from mesa_lab.cli import cli
from mesa_lab.search import carry_out
from mesa_lab.search.methods import METHODS

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs" / "search").glob("*.md"))
FILES = sorted((ROOT / "examples" / "search").glob("*.toml"))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_the_python_of_a_guide_runs(guide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def quick(search, path=None):
        return carry_out.search(search, path, backend="sequential", progress=False)

    monkeypatch.setattr(ml, "search", quick)
    names = {"__name__": "guide"}
    for block in re.findall(r"^```python\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.M | re.S):
        exec(compile(block, guide.name, "exec"), names)
    assert names["results"].runs["status"].eq("done").all()


def test_every_method_has_a_guide_and_an_example():
    listed = (ROOT / "docs" / "search" / "README.md").read_text(encoding="utf-8")
    for method in METHODS:
        name = method.name.replace(" ", "_")
        assert f"`{method.__name__}`" in listed
        assert name in [guide.stem for guide in GUIDES]
        assert name in [file.stem for file in FILES]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_example_is_run_from_the_terminal(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = [
        "run",
        str(file),
        "a.study",
        "--budget",
        "30",
        "--max-steps",
        "3",
        "--backend",
        "sequential",
        "-q",
    ]
    answer = CliRunner().invoke(cli, arguments)
    assert answer.exit_code == 0, answer.output
    assert ml.Search.load(file).method.described in answer.output
    status = CliRunner().invoke(cli, ["status", "a.study"])
    assert "a search" in status.output
    assert "resume" not in status.output
    more = CliRunner().invoke(
        cli,
        ["run", str(file), "a.study", "--budget", "36", "--max-steps", "3", "--backend", "sequential", "-q"],
    )
    assert more.exit_code == 0, more.output


def test_what_a_search_cannot_do_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(cli, ["run", str(FILES[0]), "--shard", "1/2"])
    assert "cannot be split into shards" in answer.output
    answer = CliRunner().invoke(cli, ["run", str(ROOT / "examples" / "schelling.toml"), "--budget", "3"])
    assert "--budget is for searches" in answer.output
