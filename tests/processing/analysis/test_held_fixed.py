"""What was held fixed is said with its values, in the same sentence in Python, in the terminal and in a report."""

import contextlib
import json
import re
import sqlite3

import pytest
from click.testing import CliRunner

import mesa_lab as ml
from mesa_lab.cli import cli
from mesa_lab.errors import StudyFormatError
from mesa_lab.processing.report.tables import parameters_table
from mesa_lab.study import Study
from mesa_lab.study.database import copies

MODEL = """
import mesa

class Walk(mesa.Model):
    def __init__(self, pace=2.0, many=3, title="slow", length=7, rng=None):
        super().__init__(rng=rng)
        self.way = pace * many + self.random.random()
        self.datacollector = mesa.DataCollector({"way": "way"})
        self.datacollector.collect(self)

    def step(self):
        self.datacollector.collect(self)
"""
SAID = (
    "What length (9), title (slow) and many (3) do: they were held fixed at these values, and the answer holds for these "
    "alone."
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("held")
    (folder / "walk.py").write_text(MODEL)
    experiment = ml.Experiment(
        f"{folder / 'walk.py'}:Walk",
        {"pace": ml.Real(0, 1), "length": 9, "title": "slow"},
        ml.Sobol(16),
        max_steps=1,
        replications=2,
    )
    ml.run(experiment, folder / "walk.study", progress=False, n_jobs=1)
    return folder / "walk.study"


def test_the_answer_names_them_with_their_values(path):
    with Study.open(path) as study:
        results = ml.Results(study)
        assert results.sensitivity("way").unknown[0] == SAID


def test_the_terminal_and_the_report_say_the_same(path, tmp_path):
    ran = CliRunner().invoke(cli, ["conclude", str(path)])
    assert SAID in re.sub(r"\s+", " ", ran.output)
    page = tmp_path / "report.html"
    assert CliRunner().invoke(cli, ["report", str(path), "-o", str(page)]).exit_code == 0
    assert SAID in re.sub(r"\s+", " ", page.read_text())
    with Study.open(path) as study:
        table = parameters_table(ml.Results(study))
    assert table["caption"] == "Parameters"
    assert table["rows"][1:] == [
        ["length", "held fixed", "9"],
        ["title", "held fixed", "slow"],
        ["many", "the model's default", "3"],
    ]


def test_the_defaults_of_the_day_stay_when_the_study_grows_and_none_are_made_up(path):
    place = path.parent / "walk.py"
    place.write_text(MODEL.replace("many=3", "many=4"))
    with Study.open(path) as study:
        study.extend(study.experiment.replace(replications=3))
        assert study.model_defaults == {"many": "3"}
    place.write_text(MODEL)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        model = json.loads(connection.execute("SELECT value FROM meta WHERE key = 'model'").fetchone()[0])
        kept = model.pop("defaults")
        connection.execute("UPDATE meta SET value = ? WHERE key = 'model'", (json.dumps(model),))
        copies.note(connection, "meta")
    with Study.open(path) as study:
        assert "many" not in ml.Results(study).sensitivity("way").unknown[0]
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        odd = json.dumps({**model, "defaults": {"many": kept}})
        connection.execute("UPDATE meta SET value = ? WHERE key = 'model'", (odd,))
        copies.note(connection, "meta")
    with Study.open(path) as study, pytest.raises(StudyFormatError, match="defaults"):
        study.model_defaults  # noqa: B018
