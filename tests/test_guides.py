"""The guides held to the code: their files load, their Python and SQL run, their tables say what there is."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import scipy.stats

import mesa_lab as ml
from mesa_lab.cli import cli
from mesa_lab.preparation.designs import DESIGNS
from mesa_lab.processing.charts import CHARTS, find_chart

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = ["designs.md", "experiments.md", "outcomes.md", "results.md", "values.md"]


def text(guide: str) -> str:
    return (DOCS / guide).read_text(encoding="utf-8")


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text(guide), re.MULTILINE | re.DOTALL)


def rows(guide: str, first: str) -> list[list[str]]:
    """The cells of the table whose first heading is this."""
    _, _, table = text(guide).partition(f"\n| {first} |")
    lines = table.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def code(cell: str) -> str:
    return cell.strip().strip("`")


def quick_run(*arguments: Any, **options: Any) -> ml.Results:
    return ml.pipeline.run(*arguments, **{"progress": False, "n_jobs": 1, **options})


@pytest.fixture
def quickly(tmp_path, monkeypatch):
    """An empty folder, and runs in one worker that say nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ml, "run", quick_run)


def carry_out(snippets: list[str]) -> dict[str, Any]:
    """Run snippets one after the other, as a notebook would."""
    names: dict[str, Any] = {"__name__": "guide"}
    for snippet in snippets:
        exec(compile(snippet, "guide", "exec"), names)
    return names


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("guide", GUIDES)
def test_the_python_runs(guide):
    names = carry_out(blocks(guide, "python"))
    assert names["results"].failures.empty


@pytest.mark.usefixtures("quickly")
def test_a_session_of_exploring_goes_as_its_guide_says(capsys):
    carry_out(blocks("explore.md", "python"))
    assert capsys.readouterr().out.splitlines()[-1] == "measured"


@pytest.mark.usefixtures("quickly")
def test_the_file_and_its_twin_in_python_are_the_same():
    (file,) = blocks("experiments.md", "toml")
    names = carry_out(blocks("experiments.md", "python")[:1])
    assert ml.Experiment.from_toml(file) == names["experiment"]
    names["experiment"].check()


@pytest.mark.parametrize("row", rows("experiments.md", "what"), ids=lambda row: row[0])
def test_a_parameter_is_the_same_in_both_forms(row):
    file, python = map(code, row[1:])
    read = ml.Experiment.from_toml(f'model = "m:M"\n[parameters]\nx = {file}')
    assert read.parameters == ml.Experiment("m:M", {"x": eval(python)}).parameters


def test_a_frozen_distribution_is_a_parameter():
    made = ml.Experiment("m:M", {"x": scipy.stats.norm(10, 2)}).space.varied["x"]
    assert made == ml.Real(distribution="norm", loc=10, scale=2)


def test_constraints_and_stop_rules_of_the_text_are_read():
    space = {"initial_wolves": 1, "initial_sheep": 2, "a": 0.3, "b": 0.4, "mode": "torus", "radius": 7}
    listed = re.findall(r'`"([^"`]+(?:<|==)[^"`]+)"`', text("experiments.md"))
    assert len(listed) == 3
    for constraint in listed:
        assert ml.Experiment("m:M", space, constraints=constraint).n_points == 1


def test_every_design_is_in_the_table_and_can_be_made():
    made = [eval(code(row[0])) for row in rows("experiments.md", "design")]
    assert {type(design) for design in made} == set(DESIGNS)


def test_every_setting_is_explained():
    for name in ml.Experiment.__dataclass_fields__:
        assert re.search(rf"\b{name}\b", text("experiments.md")), name


@pytest.mark.parametrize("setting", re.findall(r"^\| `(\w+ = [^`]+)`", text("experiments.md"), re.MULTILINE))
def test_a_setting_of_a_table_is_read(setting):
    ml.Experiment.from_toml(f'model = "m:M"\n{setting}')


@pytest.mark.parametrize("outcome", [code(row[0]) for row in rows("experiments.md", "outcome")[1:]])
def test_an_outcome_of_the_table_is_read(outcome):
    ml.Experiment("m:M", outcomes=[eval(outcome)])


@pytest.mark.usefixtures("quickly")
def test_tables_have_the_columns_that_are_listed():
    names = carry_out(blocks("results.md", "python")[:1])
    parts = {"the varied parameters": ["wolf_gain_from_food", "initial_wolves"]}
    outcomes = ["wolves", "sheep", "extinct"]
    parts["the outcomes' final values"] = outcomes
    for table, _, columns in rows("results.md", "table"):
        if columns == "see below":
            continue
        wanted: list[str] = []
        for part in columns.split(", "):
            if part == "the outcomes":
                wanted += ["wolves"]
            elif part == "what was measured":
                wanted += ["energy"]
            else:
                wanted += parts.get(part, [code(part)])
        assert list(eval(code(table), names)) == wanted, table
    listed = {name for row in rows("results.md", "column") for name in re.findall(r"`(\w+)`", row[0])}
    assert listed <= set(names["results"].aggregate("wolves", by=[]))


@pytest.mark.usefixtures("quickly")
def test_the_sql_gives_what_aggregate_gives():
    names = carry_out(blocks("results.md", "python")[:1])
    (query,) = blocks("results.md", "sql")
    with closing(sqlite3.connect("wolves.study")) as connection:
        found = pd.read_sql(query, connection)
    expected = names["results"].aggregate("wolves", by="wolf_gain_from_food")
    assert found["wolves"].tolist() == pytest.approx(expected["mean"].tolist())
    assert found["n"].tolist() == expected["n"].tolist()


def test_charts_take_the_options_that_are_listed():
    table = rows("results.md", "`results.chart(kind, outcome)`")
    assert [code(row[0]).strip('"') for row in table] == [kind.name for kind in CHARTS]
    for kind, _, options in table:
        assert set(re.findall(r"`(\w+)`", options)) == set(find_chart(code(kind).strip('"')).options)


@pytest.mark.parametrize(
    "line",
    [
        line[line.index("mesa-lab") :]
        for guide in GUIDES
        for block in blocks(guide, "sh")
        for line in block.splitlines()
    ]
    + [line for guide in GUIDES for line in re.findall(r"`(mesa-lab \w[^`]*)`", text(guide))],
)
def test_a_command_parses(line):
    _, name, *arguments = line.split()
    if arguments:
        cli.commands[name].make_context(name, arguments)
    assert name in cli.commands


@pytest.mark.parametrize("guide", [*GUIDES, "class.md", "explore.md", "watch.md"])
def test_links_lead_somewhere_and_lines_are_few(guide):
    for target in re.findall(r"\]\(((?!http)[^)#]+)", text(guide)):
        assert (DOCS / target).exists()
    assert len(text(guide).splitlines()) <= 200
