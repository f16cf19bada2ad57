"""Did the model change: pairs of runs, outcomes, times, and what is said of them."""

import itertools
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mesa_lab as ml
from mesa_lab.processing.analysis.versions import time_changes
from mesa_lab.processing.analysis.versions.outcome_changes import equal_values
from mesa_lab.testing import STUDIES, check_conclusion, study_of_kind, synthetic_results


def study(
    times: int = 1,
    slower: float = 1.0,
    moved: Any = 0,
    points: Any = (0, 1, 2, 3),
    replications: int = 10,
    failed: Any = (),
    others: Any = (),
    steps: int = 100,
    **settings: Any,
) -> ml.Results:
    """Results whose outcome is the same in all of them but for what is moved, and whose times scatter by 5 %."""
    settings = {"seed": 3, "replications": replications, "common_random_numbers": True, **settings}
    experiment = ml.Experiment("none:None", {"a": list(points)}, **settings)

    def wolves(runs: pd.DataFrame, rng: Any) -> Any:
        known = np.random.default_rng(5).normal(0, 3, (replications + 100, 100))
        own = known[runs["replication"], runs["a"].astype(int)]
        return 10 * runs["a"] + own + (moved(runs) if callable(moved) else moved)

    outcomes: dict[str, Any] = {"wolves": wolves, "mood": lambda runs, rng: ["calm"] * len(runs)}
    outcomes |= {name: lambda runs, rng: runs["a"] for name in others}
    results = synthetic_results(experiment, outcomes, failed=failed, steps=steps)
    made: Any = results.study
    runs, rng = made._runs, np.random.default_rng(times)
    runs["seed"] = runs["replication"] + 1000 * experiment.seed
    runs["init_seconds"] = 0.01 * np.exp(rng.normal(0, 0.05, len(runs)))
    runs["run_seconds"] = 0.1 * slower * np.exp(rng.normal(0, 0.05, len(runs)))
    return results


def test_studies_that_give_the_same_are_said_to() -> None:
    conclusion = ml.compare(study(1), study(2))
    check_conclusion(conclusion)
    assert conclusion.question == "Did the model change?"
    assert conclusion.sentence.startswith(
        "The model gives the same as before: all 40 pairs of runs with the same point and seed agree in both outcomes. Set-up takes "
    )
    assert not conclusion.values["changed"]
    assert conclusion.table["mark"].tolist() == ["equal"] * 2 + ["same"] * 10
    assert conclusion.tables["differences"].empty


def test_a_slower_run_is_marked_at_every_point_and_set_up_is_not() -> None:
    conclusion = ml.compare(study(1), study(2, slower=1.2))
    check_conclusion(conclusion)
    times = conclusion.tables["times"]
    assert times.groupby("measure")["mark"].unique().map(list).to_dict() == {
        "run time": ["slower"],
        "set-up time": ["same"],
    }
    row = times[(times["measure"] == "run time") & (times["point"] == "all points")].iloc[0]
    assert row["low"] < 0.2 < row["high"]
    assert "slower)" in conclusion.sentence
    assert "By point: run time slower at 4 of 4 points." in conclusion.sentence
    assert (conclusion.values["changed"], conclusion.values["outcomes_changed"]) == (True, False)


def test_an_outcome_that_moved_is_given_with_its_size_and_the_runs_where_it_did() -> None:
    conclusion = ml.compare(study(1), study(2, moved=lambda runs: 2.0 * (runs["a"] > 1)))
    check_conclusion(conclusion)
    row = conclusion.tables["outcomes"].set_index("outcome").loc["wolves"]
    assert (row["n_pairs"], row["n_equal"], row["n_differ"]) == (40, 20, 20)
    assert row["difference"] == pytest.approx(1.0)
    assert row["low"] < 1 < row["high"]
    assert row["largest"] == pytest.approx(2.0)
    assert row["verdict"] == "differs"
    differences = conclusion.tables["differences"]
    assert differences["point"].tolist() == [2, 3] * 10
    assert np.allclose(differences["new"].astype(float) - differences["old"].astype(float), 2)
    assert (
        "20 of 40 pairs of runs with the same point and seed differ, in wolves (20 of 40; on average +1"
        in (conclusion.sentence)
    )


def test_other_random_numbers_are_told_from_another_mean() -> None:
    conclusion = ml.compare(
        study(1), study(2, moved=lambda runs: np.random.default_rng(1).normal(0, 1, len(runs)))
    )
    row = conclusion.tables["outcomes"].set_index("outcome").loc["wolves"]
    assert row["verdict"] == "differs run by run"
    assert "an average that chance can explain" in conclusion.sentence
    assert conclusion.values["outcomes_changed"]


def test_small_differences_are_equal_within_a_tolerance() -> None:
    old, new = study(1), study(2, moved=1e-9)
    assert ml.compare(old, new).values["outcomes_changed"]
    conclusion = ml.compare(old, new, tolerance=1e-6)
    assert not conclusion.values["outcomes_changed"]
    assert "agree in both outcomes to within" in conclusion.sentence


def test_what_has_no_partner_is_said_with_counts() -> None:
    old = study(1, others=["gone"])
    new = study(2, points=(1, 2, 3, 4), replications=12, failed=[0, 5], others=["fresh"])
    conclusion = ml.compare(old, new)
    check_conclusion(conclusion)
    assert conclusion.values["n_pairs"] == 30
    assert conclusion.values["n_failed_new"] == 2
    assert conclusion.values["changed"]
    assert (
        "2 of 30 runs that came to their end in the old study failed or timed out in the new one."
        in conclusion.sentence
    )
    said = " ".join(conclusion.warnings)
    assert (
        "10 runs of the old study have no partner of the same point and seed, 1 point among them of which the new study has none"
        in said
    )
    assert (
        "18 runs of the new study have no partner of the same point and seed, 1 point among them of which the old"
        in said
    )
    assert "1 outcome of the old study is not in the other: gone." in said
    assert "1 outcome of the new study is not in the other: fresh." in said


def test_runs_that_failed_in_both_are_counted() -> None:
    conclusion = ml.compare(study(1, failed=[3]), study(2, failed=[3, 4]))
    assert any("1 pair failed or timed out in both" in line for line in conclusion.warnings)
    assert conclusion.values["n_compared"] == 38


def test_another_number_of_steps_is_a_change() -> None:
    conclusion = ml.compare(study(1), study(2, steps=90))
    assert conclusion.values["outcomes_changed"]
    assert any("40 pairs took another number of steps" in line for line in conclusion.warnings)


def test_few_pairs_get_no_mark() -> None:
    conclusion = ml.compare(study(1, replications=1), study(2, replications=1, slower=3))
    check_conclusion(conclusion)
    assert set(conclusion.tables["times"]["mark"]) == {"too few pairs"}
    assert "Times of 4 pairs are too few to compare: 5 are needed." in conclusion.sentence
    assert not conclusion.charts


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ({}, {"max_steps": 7}, "different experiments: max_steps is 1000 in the old study and 7 in the new one. None of their 40 runs and 40 runs"),
        ({}, {"points": (7, 8)}, "no point of one is a point of the other, so that none of 40 runs and 20 runs can be compared"),
        ({}, {"seed": 4}, "4 points in common, but no run with the same seed .seed=3 and seed=4.: none of 40 runs"),
        ({"failed": range(40)}, {}, "No pair of runs can be compared: of 40 pairs of runs .* 0 came to their end in the old study, 40 in the new"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_with_counts(old: Any, new: Any, message: str) -> None:
    with pytest.raises(ml.ConclusionError, match=message):
        ml.compare(study(1, **old), study(2, **new))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"margin": -1}, "margin is -1"),
        ({"tolerance": "x"}, "tolerance is 'x'"),
        ({"level": 1}, "level is 1"),
        ({"outcomes": "wolfs"}, "Did you mean 'wolves'"),
    ],
)
def test_wrong_options_are_named(options: Any, message: str) -> None:
    with pytest.raises(ml.OutcomeError, match=message):
        ml.compare(study(1), study(2), **options)


def test_only_studies_are_compared() -> None:
    with pytest.raises(ml.StudyError, match="compare takes two study files, studies or results, not 3"):
        ml.compare(study(1), 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", STUDIES)
def test_every_kind_of_study_can_be_compared_with_itself(kind: str) -> None:
    if "100,000" in kind:
        return
    if kind == "all runs failed":
        with pytest.raises(ml.ConclusionError, match="No pair of runs can be compared"):
            ml.compare(study_of_kind(kind), study_of_kind(kind))
        return
    conclusion = ml.compare(study_of_kind(kind), study_of_kind(kind))
    check_conclusion(conclusion)
    assert not conclusion.values["changed"], conclusion.sentence


@pytest.mark.parametrize(
    ("old", "new", "equal"),
    [
        ([1, 2], [1, 3], [True, False]),
        ([1.0, np.nan], [1.0, np.nan], [True, True]),
        ([np.inf, -np.inf], [np.inf, np.inf], [True, False]),
        ([2**60, 2**60], [2**60, 2**60 + 1], [True, False]),
        (["a", None], ["b", None], [False, True]),
        ([True, False], [True, True], [True, False]),
        ([1, "a"], ["1", "a"], [False, True]),
        ([1.0, None], [None, 1.0], [False, False]),
    ],
)
def test_equal_is_the_same_value(old: list[Any], new: list[Any], equal: list[bool]) -> None:
    assert equal_values(pd.Series(old), pd.Series(new)).tolist() == equal


def pairs_with(noise: np.ndarray[Any, Any], points: int) -> Any:
    """Pairs of runs whose times differ by this on a logarithmic scale."""
    n = len(noise) // 2
    halves = dict(zip(time_changes.MEASURES, (noise[:n], noise[n:]), strict=True))
    return SimpleNamespace(
        done=np.ones(n, dtype=bool),
        point=np.arange(n) % points,
        values=lambda name: (pd.Series(np.ones(n)), pd.Series(np.exp(halves[name]))),
    )


@pytest.mark.parametrize("spread", [0.05, 0.2])
def test_false_alarms_about_times_are_rare(spread: float) -> None:
    rng = np.random.default_rng(8)
    alarms, rows = 0, 0.0
    for _, points in itertools.product(range(100), (4,)):
        table = time_changes.compare_times(pairs_with(rng.normal(0, spread, 80), points), 0.03, 0.95)
        marked = table["mark"].isin(["faster", "slower"])
        rows += marked.mean()
        alarms += bool((marked & (table["p_adjusted"] <= 0.05)).any())
    assert alarms <= 5  # of 100 studies in which nothing changed
    assert rows <= 5  # of 100 rows


def test_many_pairs_are_compared_without_resampling() -> None:
    rng = np.random.default_rng(2)
    ratio = rng.normal(0.1, 0.3, 6000)
    many = time_changes.change_of(np.ones(6000), np.exp(ratio), 0.03, 0.95)
    few = time_changes.change_of(np.ones(4000), np.exp(ratio[:4000]), 0.03, 0.95)
    assert many["low"] == pytest.approx(few["low"], abs=0.01)
    assert many["mark"] == few["mark"] == "slower"


def test_the_python_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = ml.pipeline.run
    monkeypatch.setattr(ml, "run", lambda *given, **options: run(*given, progress=False, n_jobs=1, **options))
    text = (Path(__file__).parents[4] / "docs" / "versions.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)
    assert names["conclusion"].values["n_pairs"] == 10
    assert not names["conclusion"].values["outcomes_changed"]


def test_means_of_runs_that_survived_are_said_to_be_that_and_where_the_others_failed() -> None:
    failed = [run for run in range(40) if run % 4 == 3 and run < 36]  # nine of ten at a = 3
    conclusion = ml.compare(study(1), study(2, failed=failed, moved=lambda runs: 9.0 * (runs["a"] == 3)))
    assert (
        "9 of 40 runs that came to their end in the old study failed or timed out in the new one."
        in conclusion.sentence
    )
    assert (
        "All means are of the 31 pairs whose runs came to their end in both studies; the other 9 have no part"
        in conclusion.sentence
    )
    assert any("In the new study all 9 failed runs are where a is 3" in line for line in conclusion.warnings)
    assert conclusion.values["n_compared"] == 31


def test_a_sentence_counts_the_rows_that_the_table_marks() -> None:
    def slower_by_chance(results: ml.Results) -> ml.Results:
        made: Any = results.study
        made._runs["run_seconds"] *= np.array([1.3, 1.08, 1.08, 1.0])[made._runs["point"]]
        return results

    conclusion = ml.compare(study(1), slower_by_chance(study(2)))
    times = conclusion.tables["times"]
    single = times[(times["point"] != "all points") & (times["measure"] == "run time")]
    marked, sure = single["mark"] == "slower", (single["mark"] == "slower") & (single["p_adjusted"] <= 0.05)
    assert marked.sum() > sure.sum() > 0  # so that the two counts are told apart
    assert (
        f"run time slower at {marked.sum()} of 4 points, {sure.sum()} of them beyond what chance gives among so many (Holm)"
        in conclusion.sentence
    )
