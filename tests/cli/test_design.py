import json

import pandas as pd
import pytest


def test_it_shows_points_coverage_and_counts(terminal, experiment_file):
    experiment_file(parameters="size = { integer = [1, 10] }\nlimit = 50").write_text(
        experiment_file(parameters="size = { integer = [1, 10] }\nlimit = 50")
        .read_text()
        .replace('type = "FullFactorial"', 'type = "LatinHypercube"\nsize = 20')
    )
    outcome = terminal("design", "count.toml", "--rows", "3")
    assert outcome.exit_code == 0, outcome.output
    lines = outcome.stdout.splitlines()
    assert lines[0].startswith("LatinHypercube: ")
    assert "Held fixed: limit = 50" in lines
    assert "Coverage" in lines
    assert sum(line.strip().startswith(("0 ", "1 ", "2 ", "3 ")) for line in lines) == 3


def test_dropped_points_are_counted(terminal, experiment_file):
    experiment_file(more='constraints = "size > 1"')
    shown = terminal("design", "count.toml").stdout
    assert "2 points (1 more dropped by the constraints) × 2 replications = 4 runs" in shown


def test_a_search_that_cannot_be_run_is_refused(terminal, experiment_file):
    path = experiment_file()
    with path.open("a") as file:
        file.write('\n[search]\nmethod = "optimise"\noutcome = "Count"\nbudget = "20 parsecs"\n')
    outcome = terminal("design", "count.toml")
    assert outcome.exit_code == 1
    assert "count.toml: [search]: budget is '20 parsecs'. Give a number of runs" in outcome.output


def test_the_matrix_as_csv(terminal, experiment_file):
    experiment_file()
    outcome = terminal("design", "count.toml", "-o", "matrix.csv")
    assert outcome.exit_code == 0, outcome.output
    assert pd.read_csv("matrix.csv").to_dict("list") == {"point": [0, 1, 2], "size": [1, 2, 3]}


def test_json(terminal, experiment_file):
    experiment_file()
    shown = json.loads(terminal("design", "count.toml", "--json").stdout)
    assert shown["matrix"] == [{"point": 0, "size": 1}, {"point": 1, "size": 2}, {"point": 2, "size": 3}]
    assert (shown["points"], shown["runs"]) == (3, 6)


def test_warnings_are_shown(terminal, experiment_file):
    path = experiment_file(parameters="size = { real = [1, 10] }")
    path.write_text(path.read_text().replace('type = "FullFactorial"', 'type = "Sobol"\nsize = 100'))
    assert "Note: " in terminal("design", "count.toml").stdout


def test_aliases_and_resolution_are_shown(terminal, tmp_path):
    (tmp_path / "count.toml").write_text(
        'model = "not.here:Yet"\n[parameters]\nsize = { integer = [1, 9] }\nlimit = [5, 50]\nrate = { real = [0, 1] }\n'
        '[design]\ntype = "FractionalFactorial"\nresolution = 3\n'
    )
    outcome = terminal("design", "count.toml")
    assert "Resolution: III" in outcome.stdout, outcome.output
    assert "cannot be told from" in outcome.stdout
    assert "size × limit" in outcome.stdout
    assert "Note: Resolution III: main effects are mixed up with two-way interactions" in outcome.stdout
    shown = json.loads(terminal("design", "count.toml", "--json").stdout)
    assert shown["resolution"] == 3
    assert {row["term"]: row["aliased_with"] for row in shown["aliases"]}["rate"] == "size × limit"


def test_the_discrepancy_stands_beside_that_of_random_points(terminal, experiment_file):
    path = experiment_file(parameters="size = { real = [1, 10] }")
    path.write_text(path.read_text().replace('type = "FullFactorial"', 'type = "Sobol"\nsize = 64'))
    assert "; of random points 0.0026" in terminal("design", "count.toml").stdout


@pytest.mark.parametrize("output", ["absent/matrix.csv", "count.toml/matrix.csv"])
def test_where_nothing_can_be_written(output, terminal, experiment_file):
    experiment_file()
    outcome = terminal("design", "count.toml", "-o", output)
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith("Error: ")
    assert output in outcome.stderr
    assert "None" not in outcome.stderr


def test_nothing_is_run_or_written(terminal, experiment_file, tmp_path):
    experiment_file()
    before = {path.name for path in tmp_path.iterdir()}
    terminal("design", "count.toml")
    assert {path.name for path in tmp_path.iterdir()} - {"__pycache__"} == before


def test_names_are_compared_with_the_model(terminal, experiment_file):
    experiment_file(parameters="sise = [1, 2]")
    outcome = terminal("design", "count.toml")
    assert outcome.exit_code == 1
    assert "Unknown parameter 'sise' for Counter. Did you mean 'size'?" in outcome.stderr


def test_a_model_that_is_not_here_may_be_designed_for(terminal, experiment_file, tmp_path):
    experiment_file()
    (tmp_path / "terminal_models.py").unlink()
    outcome = terminal("design", "count.toml")
    assert outcome.exit_code == 0
    assert "Note: No file" in outcome.stderr
    assert "3 points" in outcome.stdout


def test_trial_runs_say_what_the_replications_can_tell(experiment_file, terminal, tmp_path):
    (tmp_path / "chancy.py").write_text(
        "import mesa\n\n\nclass Chancy(mesa.Model):\n    def __init__(self, size=1, seed=None):\n"
        "        super().__init__(seed=seed)\n        self.size, self.total, self.same = size, 0.0, 5\n\n"
        "    def step(self):\n        self.total = self.size + self.random.gauss(0, 2)\n"
    )
    path = experiment_file(more='outcomes = ["total", "same"]')
    path.write_text(
        path.read_text()
        .replace("terminal_models.py:Counter", "chancy.py:Chancy")
        .replace("replications = 2", "replications = 20")
    )
    outcome = terminal("design", "count.toml", "--trial", "4")
    assert outcome.exit_code == 0, outcome.output
    assert "total: With a standard deviation of" in outcome.output
    assert "20 replications give" in outcome.output
    assert "same: no two runs of a point differed" in outcome.output
    told = json.loads(terminal("design", "count.toml", "--trial", "8", "--json").stdout)["trial"]
    assert 1 < told["total"]["sd"] < 3
    assert not list(tmp_path.glob("*.study"))
