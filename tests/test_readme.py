"""The README held to the code: its commands parse, its experiment is the example, its Python runs."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import mesa_lab as ml
from mesa_lab.cli import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def mesa_lab_commands() -> list[str]:
    lines = [line.partition("#")[0] for block in blocks("sh") for line in block.splitlines()]
    return [line[line.index("mesa-lab") :].strip() for line in lines if re.search(r"\bmesa-lab\b", line)]


@pytest.mark.parametrize("line", mesa_lab_commands())
def test_a_command_parses(line):
    _, name, *arguments = [*line.split(), "app"] if line == "mesa-lab" else line.split()
    cli.commands[name].make_context(name, arguments)


def test_ci_runs_the_commands_as_they_stand():
    app, test, run = (block.strip() for block in blocks("sh")[:3])
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for line in (f"readme_app '{app}'", f"readme '{run}'", f"readme '{test}'"):
        assert line in script


def test_the_experiment_file_is_the_example():
    (shown,) = blocks("toml")
    example = (ROOT / "examples" / "wolf_sheep.toml").read_text(encoding="utf-8")
    assert tomllib.loads(shown) == tomllib.loads(example)


def test_the_python_runs_and_says_what_comes_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    names: dict[str, object] = {}
    exec(
        compile(
            code.replace('"wolves.study")', '"wolves.study", progress=False, n_jobs=1)'), "README.md", "exec"
        ),
        names,
    )
    results = names["results"]
    assert isinstance(results, ml.Results)
    assert len(results.runs) == 2 * len(results.points) > 8
    assert results.failures.empty
    for statement in ast.parse(code).body:
        assert not isinstance(statement, ast.Expr) or eval(ast.unparse(statement.value), names) is not None


@pytest.mark.parametrize("target", re.findall(r"\]\(((?!http)[^)]+)\)", README))
def test_a_link_leads_somewhere(target):
    assert (ROOT / target).exists()


def test_every_command_is_mentioned():
    for name in cli.commands:
        assert re.search(rf"\b{name}\b", README), name
