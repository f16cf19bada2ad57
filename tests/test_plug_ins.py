"""A package that adds a design, an outcome kind, a backend, a chart and an export format, with no change elsewhere."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

import mesa_lab as ml
from mesa_lab.cli import cli
from mesa_lab.drafts.design_fields import designs
from mesa_lab.preparation.outcome_kinds import installed_kinds
from mesa_lab.processing.charts import find_chart
from mesa_lab.testing import SPACES, check_chart, check_design

PACKAGE = '''
from dataclasses import dataclass, field, replace

import altair
import numpy as np
import pandas as pd

from mesa_lab.errors import OutcomeError
from mesa_lab.preparation.designs.design import UnitDesign
from mesa_lab.preparation.outcome_kinds.kind import OutcomeKind, Source
from mesa_lab.processing.charts.caption import caption
from mesa_lab.processing.charts.chart import ChartKind
from mesa_lab.processing.charts.theme import finish, theme_of
from mesa_lab.processing.export.export_format import ExportFormat
from mesa_lab.running.backends import sequential
from mesa_lab.running.backends.backend import Backend


@dataclass(frozen=True, eq=False)
class Ends(UnitDesign):
    """The two ends of every range, all at once."""

    high_first: bool = field(default=False, metadata={"help": "Whether the high end comes first."})

    def unit(self, dimensions, rng):
        return np.array([[0.0] * dimensions, [1.0] * dimensions])[:: -1 if self.high_first else 1]

    def n_points(self, space):
        return 2


@dataclass(frozen=True)
class Gini(Source):
    """The inequality of an attribute of all agents."""

    attribute: str

    def measure(self, model):
        values = sorted(getattr(agent, self.attribute) for agent in model.agents)
        count = len(values)
        total = sum(value * (count - place) for place, value in enumerate(values))
        return 1 + 1 / count - 2 * total / (count * sum(values))

    def check(self, model):
        if not any(hasattr(agent, self.attribute) for agent in model.agents):
            raise OutcomeError(f"No agent has '{self.attribute}'.")


def parse(text):
    return Gini(text[5:-1].removeprefix("Agent.")) if text.startswith("gini(") and text.endswith(")") else None


GINI = OutcomeKind("inequality", parse)


def run_backwards(work):
    return sequential.BACKEND.run(replace(work, tasks=reversed(list(work.tasks))))


BACKWARDS = Backend("backwards", lambda name: name == "backwards", run_backwards, ("backwards",))


def table(results, outcome, unit="runs"):
    count = int(results.values(outcome).notna().sum())
    rows = pd.DataFrame({"unit": [unit], "count": [count]})
    return caption(rows, "count", f"Runs with {outcome}", [f"{count} runs."], {"unit": "Unit", "count": "Count"})


def draw(table, theme="light", width=300, height=200, interactive=True):
    seen = {"tooltip": "count:Q"} if interactive else {}
    bars = altair.Chart(table).mark_bar().encode(x="unit", y="count", **seen)
    return finish(bars.properties(width=width, height=height), table, theme_of(theme), width)


COUNT = ChartKind("count", "Count", "How many runs have the outcome.", table, draw)


def write(path, tables):
    with path.open("w", encoding="utf-8") as file:
        for name, parts in tables.items():
            file.write(f"# {name}\\n")
            for part in parts():
                file.writelines(" | ".join(map(str, row)) + "\\n" for row in part.itertuples(index=False))


MARKDOWN = ExportFormat("markdown", (".md",), write, holds_many=True, is_text=True)
'''

ENTRY_POINTS = """
[mesa_lab.designs]
Ends = inequality:Ends
[mesa_lab.outcomes]
gini = inequality:GINI
[mesa_lab.backends]
backwards = inequality:BACKWARDS
[mesa_lab.charts]
count = inequality:COUNT
[mesa_lab.export_formats]
markdown = inequality:MARKDOWN
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The package, as an installer leaves it."""
    folder = tmp_path / "packages"
    info = folder / "inequality-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "inequality.py").write_text(PACKAGE, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: inequality\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
    importlib.invalidate_caches()
    installed_kinds.cache_clear()
    designs.cache_clear()
    yield
    sys.modules.pop("inequality", None)
    installed_kinds.cache_clear()
    designs.cache_clear()


def described(**changes: Any) -> ml.Experiment:
    settings = {"replications": 2, "max_steps": 5, "outcomes": ["Gini", "gini(Agent.wealth)"]} | changes
    return ml.Experiment("mesa.examples:BoltzmannWealth", {"n": ml.Integer(10, 30)}, **settings)


def ends(**words: Any) -> Any:
    return designs()["Ends"](**words)


def test_a_design_is_read_from_a_file_and_run() -> None:
    written = described(design=ends(high_first=True)).to_toml()
    assert 'type = "Ends"\nhigh_first = true' in written
    again = ml.Experiment.from_toml(written)
    assert again.design_matrix()["n"].tolist() == [30, 10]
    assert again == described(design=ends(high_first=True))
    with pytest.raises(ml.ExperimentError, match="type 'End' is unknown.*Did you mean 'Ends'"):
        ml.Experiment.from_toml(written.replace('"Ends"', '"End"'))


@pytest.mark.parametrize("backend", ["loky", "sequential"])
def test_an_outcome_kind_is_measured_in_every_process(backend: str, tmp_path: Path) -> None:
    results = ml.run(
        described(design=ends()), tmp_path / "a.study", n_jobs=2, backend=backend, progress=False
    )
    runs = results.runs
    assert runs["status"].tolist() == ["done"] * 4
    assert runs["gini(Agent.wealth)"].tolist() == pytest.approx(runs["Gini"].tolist())
    assert runs["Gini"].gt(0).all()
    series = results.series()
    assert series["gini(Agent.wealth)"].tolist() == pytest.approx(series["Gini"].tolist())


def test_an_outcome_kind_is_checked_before_anything_runs() -> None:
    described().check()
    with pytest.raises(ml.OutcomeError, match="No agent has 'welth'"):
        described(outcomes=["gini(Agent.welth)"]).check()
    with pytest.raises(ml.OutcomeError, match=r"Unknown statistic 'geni'"):
        described(outcomes=["geni(Agent.wealth)"])


def test_a_backend_is_taken_by_its_name(tmp_path: Path) -> None:
    plain = ml.run(described(design=ends()), tmp_path / "plain.study", backend="sequential", progress=False)
    results = ml.run(described(design=ends()), tmp_path / "back.study", backend="backwards", progress=False)
    assert results.runs["Gini"].tolist() == plain.runs["Gini"].tolist()
    assert results.study.sessions()[0]["settings"]["backend"] == "backwards"
    with pytest.raises(
        ml.RunError, match="none of loky, sequential, dask, ray, threading, backwards, .*mean 'backwards'"
    ):
        ml.run(described(design=ends()), tmp_path / "x.study", backend="backward", progress=False)
    assert not (tmp_path / "x.study").exists()


def test_a_chart_and_an_export_format_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.study"
    results = ml.run(described(design=ends()), path, backend="sequential", progress=False)
    shown = results.chart("count", unit="all")
    assert pd.DataFrame(shown.to_dict()["datasets"].popitem()[1]).to_dict("list") == {
        "unit": ["all"],
        "count": [4],
    }
    [file] = results.save(tmp_path / "all.md", tables=["points", "runs"])
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[:4] == ["# points", "0 | 10", "1 | 30", "# runs"]
    assert len(lines) == 8
    assert results.save(tmp_path / "named", "points", "markdown") == [tmp_path / "named.md"]
    with pytest.raises(ml.ExportError, match=r"Use .csv, .parquet, .xlsx, .json, .md, or a folder"):
        results.save(tmp_path / "x.feather")
    with pytest.raises(ml.ExportError, match="'markdwn'.*json, markdown.*Did you mean 'markdown'"):
        results.save(tmp_path / "x", format="markdwn")


@pytest.mark.parametrize("space", SPACES)
def test_the_design_passes_the_tests_for_designs(space: str) -> None:
    check_design(ends(high_first=True), space)


@pytest.mark.parametrize("study", ["plain", "one point", "text", "all runs failed", "odd names"])
def test_the_chart_passes_the_tests_for_charts(study: str) -> None:
    assert check_chart(find_chart("count"), study, unit="all") is not None


def test_the_terminal_knows_them_too(tmp_path: Path) -> None:
    path = tmp_path / "a.study"
    ml.run(described(design=ends()), path, backend="sequential", progress=False)
    printed = CliRunner().invoke(
        cli, ["export", str(path), "-o", "-", "--format", "markdown", "--tables", "points"]
    )
    assert (printed.exit_code, printed.stdout) == (0, "# points\n0 | 10\n1 | 30\n")
    drawn = CliRunner().invoke(cli, ["export", str(path), "-o", str(tmp_path / "c.html"), "--chart", "count"])
    assert drawn.exit_code == 0
    refused = CliRunner().invoke(cli, ["export", str(path), "-o", "-", "--format", "markdwn"])
    assert refused.exit_code == 2
    assert "csv, parquet, excel, json, markdown" in refused.stderr
