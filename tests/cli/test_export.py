import io
import json
import os
import shlex
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

import mesa_lab as ml


@pytest.fixture
def study(terminal, experiment_file):
    experiment_file(parameters="size = [1, 2, 3]\nlimit = 9")
    terminal("run", "count.toml", "-j", "1", "--quiet", "--backend", "sequential")
    return "count.study"


def test_tables_into_a_folder(terminal, study, tmp_path):
    outcome = terminal("export", study, "-o", "out")
    assert outcome.exit_code == 0, outcome.output
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert {"runs.csv", "points.csv", "series.csv", "failures.csv", "summary.csv"} <= set(written)
    assert outcome.stdout.count("Wrote ") == len(written)
    runs = pd.read_csv("out/runs.csv")
    assert runs["noise"].dropna().tolist() == ml.open_study(study).results.runs["noise"].dropna().tolist()


@pytest.mark.parametrize(
    ("file", "read"),
    [
        ("runs.parquet", pd.read_parquet),
        ("runs.json", pd.read_json),
        ("runs.csv", pd.read_csv),
        ("all.xlsx", pd.read_excel),
    ],
)
def test_one_file_in_each_format(file, read, terminal, study):
    outcome = terminal("export", study, "-o", file, "--json")
    assert outcome.exit_code == 0, outcome.output
    assert json.loads(outcome.stdout) == [file]
    assert len(read(file)) == 6


@pytest.mark.parametrize(
    ("arguments", "read", "columns"),
    [
        ([], pd.read_csv, {"run_id", "seed", "noise"}),
        (["--tables", "runs"], pd.read_csv, {"run_id", "seed", "noise"}),
        (["--tables", "summary"], pd.read_csv, {"outcome", "mean", "ci_low"}),
        (["--tables", "failures", "--format", "json"], pd.read_json, {"error_type", "message"}),
        (["--tables", "points", "--format", "parquet"], pd.read_parquet, {"point", "size"}),
        (["--tables", "points,runs", "--format", "excel"], pd.read_excel, {"point", "size"}),
    ],
)
def test_a_table_to_standard_output_and_nothing_else(arguments, read, columns, terminal, study, tmp_path):
    before = set(tmp_path.iterdir())
    outcome = terminal("export", study, "-o", "-", *arguments)
    assert outcome.exit_code == 0, outcome.output
    assert columns <= set(read(io.BytesIO(outcome.stdout_bytes)))
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"count.study-shm", "count.study-wal"}


def test_a_page_and_a_matrix_to_standard_output(terminal, study, tmp_path):
    page = terminal("report", study, "-o", "-")
    assert page.exit_code == 0, page.output
    assert page.stdout.startswith("<!doctype html>")
    assert page.stdout.rstrip().endswith("</html>")
    assert not list(tmp_path.glob("*.html"))
    matrix = terminal("design", "count.toml", "-o", "-")
    assert pd.read_csv(io.StringIO(matrix.stdout))["size"].tolist() == [1, 2, 3]
    assert not (tmp_path / "-").exists()


def test_what_a_terminal_cannot_show_is_not_sent_there(terminal, study, monkeypatch):
    monkeypatch.setattr(
        "mesa_lab.cli.console.sys", SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True))
    )
    outcome = terminal("export", study, "-o", "-", "--format", "parquet")
    assert outcome.exit_code == 2
    assert "Redirect it, as in -o - > file.parquet" in outcome.stderr


def test_a_reader_that_has_enough_ends_the_export(terminal, study, tmp_path):
    command = f"{shlex.quote(sys.executable)} -m mesa_lab export {study} -o - --tables series | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.startswith("run_id,")
    assert "Traceback" not in done.stderr


def test_only_some_tables(terminal, study, tmp_path):
    terminal("export", study, "-o", "out", "--tables", "runs, failures", "--format", "parquet")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["failures.parquet", "runs.parquet"]


def test_a_chart(terminal, study, tmp_path):
    outcome = terminal(
        "export", study, "-o", "c.svg", "--chart", "effect", "--outcome", "noise", "--with", "level=0.9"
    )
    assert outcome.exit_code == 0, outcome.output
    text = (tmp_path / "c.svg").read_text()
    assert "noise" in text
    assert "90\u00a0% confidence interval" in text


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-o", "x.csv", "--tables", "rns"], 1, "Did you mean 'runs'?"),
        (["-o", "x.doc"], 1, ".doc"),
        (["-o", "absent/x.csv"], 1, "absent"),
        (["-o", "x.png", "--chart", "efect"], 1, "Did you mean 'effect'?"),
        (["-o", "x.png", "--chart", "effect", "--outcome", "totl"], 1, "Did you mean 'total'?"),
        (["-o", "x.png", "--chart", "effect", "--with", "parametr=size"], 1, "Did you mean 'parameter'?"),
        (["-o", "x.png", "--chart", "effect", "--with", "size"], 2, "NAME=VALUE"),
        (["-o", "x.png", "--outcome", "total"], 2, "--chart"),
        (["-o", "x.png", "--chart", "effect", "--tables", "runs"], 2, "--tables"),
        ([], 2, "--output"),
        (
            ["-o", "-", "--tables", "runs,failures"],
            2,
            "holds one table, not 2: name one, such as --tables runs",
        ),
        (["-o", "-", "--chart", "effect"], 2, "A chart goes into a file"),
        (["-o", "-", "--json"], 2, "leave one of them out"),
        (["-o", "-", "--tables", "rns"], 1, "Did you mean 'runs'?"),
    ],
)
def test_mistakes(arguments, code, says, terminal, study, tmp_path):
    def files():  # SQLite's own, beside an open study, apart
        return sorted(path.name for path in tmp_path.iterdir() if ".study-" not in path.name)

    before = files()
    outcome = terminal("export", study, *arguments)
    assert outcome.exit_code == code, outcome.output
    assert says in outcome.stderr
    assert files() == before


def test_a_report(terminal, study, tmp_path):
    outcome = terminal("report", study)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout == "Wrote count.html\n"
    assert "12 is more than 9" in (tmp_path / "count.html").read_text()


def test_a_report_is_told_what_is_better(terminal, study, tmp_path):
    outcome = terminal("report", study, "--goal", "min")
    assert outcome.exit_code == 0, outcome.output
    assert "Nobody said" not in (tmp_path / "count.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--goal", "less"], "is 'less'. Write \"max\""),
        (["--goal", "nothing=min"], "'nothing'"),
        (["--goal", "min", "--goal", "a=max"], "--goal min: among several write OUTCOME=min."),
        (["--compare", "n"], "--compare n: write NAME=VALUE, such as --compare by=density."),
        (["--compare", "by=nothing"], "'nothing'"),
        (["--compare", "nothing=1"], "has no option 'nothing'"),
    ],
)
def test_a_report_is_told_wrongly(terminal, study, arguments, says):
    outcome = terminal("report", study, *arguments)
    assert outcome.exit_code in (1, 2), outcome.output
    assert says in outcome.stderr
    assert "fault in Mesa Lab" not in outcome.stderr


def test_a_report_of_nothing(terminal):
    said = terminal("report", "")
    assert said.exit_code == 1
    assert "fault in Mesa Lab" not in said.output


def test_a_report_opens(terminal, study, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr("click.launch", opened.append)
    terminal("report", study, "-o", "elsewhere.html", "--open")
    assert opened == [(tmp_path / "elsewhere.html").as_uri()]
