"""`mesa-lab conclude`, `run --conclude` and `check-claims`, as a shell sees them."""

import json

import pytest

import mesa_lab as ml
from mesa_lab.cli.conclude import answers_as_data, show_answers
from mesa_lab.errors import ConclusionError
from mesa_lab.processing.analysis.shelf import fitting
from mesa_lab.testing import synthetic_results

CLAIMS = """
[[claims]]
name = "bigger is more"
holds = "compare('total', by='size', base=1).difference['3'] > 0"

[[claims]]
name = "three at least"
holds = "mean('total', size=3) > 2"
"""


@pytest.fixture
def study(tmp_path):
    """A study of 3 points × 12 replications whose outcomes depend on chance."""
    path = tmp_path / "noisy.py"
    path.write_text(
        "import mesa\n\n\nclass Noisy(mesa.Model):\n"
        "    def __init__(self, size=1, seed=None):\n        super().__init__(seed=seed)\n"
        "        self.size, self.total = size, 0.0\n\n"
        "    def step(self):\n        self.total = 10 * self.size + self.random.gauss(0, 1)\n"
    )
    (tmp_path / "noisy.toml").write_text(
        'model = "noisy.py:Noisy"\nreplications = 12\nmax_steps = 1\nseed = 7\noutcomes = ["total"]\n'
        f'[parameters]\nsize = [1, 2, 3]\n[design]\ntype = "FullFactorial"\n{CLAIMS}'
    )
    return tmp_path


@pytest.fixture
def ran(study, terminal):
    assert terminal("run", "noisy.toml", "-q", "-j", "1").exit_code == 0
    return terminal


def test_run_and_conclude_in_one_command(study, terminal):
    outcome = terminal("run", "noisy.toml", "--conclude", "-q", "-j", "1")
    assert outcome.exit_code == 0
    assert "Is A better than B? (compare)" in outcome.output
    assert "answers about total" in outcome.output
    again = terminal("run", "noisy.toml", "--conclude", "-q", "-j", "1", "--json")
    names = [each["name"] for each in json.loads(again.stdout)["conclusions"]]
    assert "compare" in names
    assert terminal("run", "noisy.toml", "--conclude", "--detach").exit_code == 2


def test_all_questions_that_fit_are_answered(ran):
    output = ran("conclude", "noisy.study").output
    for name in ("compare", "best", "replications"):
        assert f"({name})" in output
    assert "do not fit: " in output or "does not fit: " in output
    found = json.loads(ran("conclude", "noisy.study", "--json").stdout)
    assert found["outcome"] == "total"
    assert {each["name"] for each in found["conclusions"]} >= {"compare", "best", "replications"}
    assert all(reason.endswith(".") for reason in found["do_not_fit"].values())


def test_one_question_is_answered_in_full_with_its_options(ran, study):
    outcome = ran(
        "conclude",
        "noisy.study",
        "--question",
        "compare",
        "--with",
        "base=3",
        "--with",
        "margin=1",
        "--chart",
        "c.svg",
    )
    assert outcome.exit_code == 0
    assert "lower" in outcome.output
    assert "superiority" in outcome.output
    assert "Method: " in outcome.output
    assert (study / "c.svg").read_text().startswith("<svg")


def test_who_wants_less_is_told_how_to_ask_and_keeps_it_in_the_next_command(ran):
    less = "--question best --outcome total --with goal=min"
    assert f"mesa-lab conclude noisy.study {less}" in ran("conclude", "noisy.study").output
    answer = ran("conclude", "noisy.study", *less.split())
    assert "if less is better" in answer.output
    assert f"mesa-lab conclude noisy.study {less} --next next.toml" in answer.output
    assert "If less is better:" not in answer.output


def test_the_next_experiment_is_written(ran, study):
    outcome = ran(
        "conclude",
        "noisy.study",
        "--question",
        "replications",
        "--with",
        "precision=0.001",
        "--next",
        "more.toml",
    )
    assert outcome.exit_code == 0
    assert "It extends this study" in outcome.stderr
    assert ml.Experiment.load(study / "more.toml").replications > 12
    nothing = ran(
        "conclude",
        "noisy.study",
        "--question",
        "replications",
        "--with",
        "precision=0.5",
        "--next",
        "none.toml",
    )
    assert nothing.exit_code == 1
    assert not (study / "none.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--question", "compar"], 1, "Did you mean 'compare'"),
        (["--outcome", "totl"], 1, "Did you mean 'total'"),
        (["--question", "compare", "--with", "bas=3"], 1, "no option 'bas'"),
        (["--question", "compare", "--with", "base"], 2, "NAME=VALUE"),
        (["--with", "base=3"], 2, "name it with --question"),
        (["--question", "surface"], 1, ""),
    ],
)
def test_what_is_wrong_is_said(ran, arguments, code, said):
    outcome = ran("conclude", "noisy.study", *arguments)
    assert outcome.exit_code == code
    assert said in outcome.output
    assert "Traceback" not in outcome.output


def test_claims_are_checked_and_missing_runs_run(study, terminal):
    outcome = terminal("check-claims", "noisy.toml", "-q", "-j", "1")
    assert outcome.exit_code == 0
    assert outcome.output.count("holds  ") == 2
    assert "2 claims: 2 hold, 0 fail, 0 cannot be told yet." in outcome.output
    of_study = terminal("check-claims", "noisy.study", "--json")
    found = json.loads(of_study.stdout)
    assert found["exit_code"] == 0
    assert [each["verdict"] for each in found["claims"]] == ["holds", "holds"]
    assert found["claims"][1]["parts"][0]["n"] == 12


@pytest.mark.parametrize(
    ("holds", "code", "said"),
    [
        ("mean('total', size=3) > 100", 5, "FAILS"),
        ("mean('total', size=3) > 30", 6, "cannot tell yet"),
        ("mean('total', size=3) > 30 or mean('total') > 0", 0, "holds"),
        ("mean('totl') > 30", 1, "Did you mean 'total'"),
        ("mean('total'", 1, "does not parse"),
    ],
)
def test_the_exit_code_tells_the_verdict(study, terminal, holds, code, said):
    text = (study / "noisy.toml").read_text()
    assert terminal("run", "noisy.toml", "-q", "-j", "1").exit_code == 0
    # Claims may change without a run being lost.
    (study / "noisy.toml").write_text(text.replace("mean('total', size=3) > 2", holds))
    outcome = terminal("check-claims", "noisy.toml", "-q", "-j", "1")
    assert outcome.exit_code == code, outcome.output
    assert said in outcome.output


def test_a_changed_model_is_checked_afresh(study, terminal):
    assert terminal("check-claims", "noisy.toml", "-q", "-j", "1").exit_code == 0
    before = (study / "noisy.study").read_bytes()
    outcome = terminal("check-claims", "noisy.toml", "--fresh", "-q", "-j", "1")
    assert outcome.exit_code == 0
    assert (study / "noisy.study").read_bytes() == before


def test_a_file_without_claims_is_told_how_to_write_one(experiment_file, terminal):
    experiment_file()
    outcome = terminal("check-claims", "count.toml")
    assert outcome.exit_code == 1
    assert "[[claims]]" in outcome.output


def test_observed_values_are_read_from_a_file(ran, study):
    (study / "data.csv").write_text("total\n20\n")
    outcome = ran("conclude", "noisy.study", "--question", "calibrate", "--with", "targets=data.csv")
    assert "3 points gave all that is compared with the data; it takes 6 at least" in outcome.output
    missing = ran("conclude", "noisy.study", "--question", "calibrate", "--with", "targets=none.csv")
    assert "The targets cannot be read from 'none.csv'" in missing.output
    unsaid = ran("conclude", "noisy.study", "--question", "calibrate")
    assert "--with targets=data.csv" in unsaid.output


def test_why_nothing_can_be_said_is_said_once_and_not_of_searches(capsys):
    experiment = ml.Experiment("none:None", {"a": [1, 2, 3]}, replications=4)
    results = synthetic_results(experiment, {"y": lambda runs, rng: [float("nan")] * len(runs)})
    show_answers(results, "y")
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("No run that came to its end has a finite value of 'y'.") == 1
    assert "search" not in shown
    assert "found" not in shown
    assert list(fitting(results, "y")[1])[-2:] == ["found", "convergence"]


def test_of_a_constant_outcome_only_what_fits_is_answered(capsys):
    experiment = ml.Experiment("none:None", {"a": [1, 2, 3]}, replications=4)
    results = synthetic_results(experiment, {"y": lambda runs, rng: [3.0] * len(runs)})
    show_answers(results, "y")
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("How many replications? (replications)")
    assert "found" not in shown


def test_a_question_whose_answer_fails_says_why_with_those_that_do_not_fit(capsys, monkeypatch):
    from mesa_lab.processing.analysis.shelf import find_question

    def nothing(self, results, outcome=None, **options):
        raise ConclusionError("The two halves are alike.")

    experiment = ml.Experiment("none:None", {"a": [1, 2, 3]}, replications=6)
    results = synthetic_results(experiment, {"y": lambda runs, rng: runs["a"] + rng.normal(size=len(runs))})
    asks = type(find_question("compare")).ask
    monkeypatch.setattr(
        type(find_question("compare")),
        "ask",
        lambda self, *args, **kw: (nothing if self.name == "compare" else asks)(self, *args, **kw),
    )
    assert answers_as_data(results, "y")["do_not_fit"]["compare"] == "The two halves are alike."
    show_answers(results, "y")
    said = capsys.readouterr().out
    assert "not fit: " in said
    assert "compare" in said.split("not fit: ")[1]
    assert "--question compare" not in said
