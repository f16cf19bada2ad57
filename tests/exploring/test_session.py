"""A session: settings are measured while one stays, kept in a study, and there again when it is opened anew."""

import threading

import pytest

import mesa_lab as ml
from mesa_lab.errors import ParameterError, StudyError
from mesa_lab.exploring.dials import dials_of, explorable
from mesa_lab.exploring.follow_ups import finding_of, search_for_best, search_until_precise
from mesa_lab.exploring.measured import Ran
from mesa_lab.exploring.session import Session
from mesa_lab.exploring.workplace import OwnProcess
from mesa_lab.search.carry_out import search_of, study_for
from mesa_lab.study import Study


@pytest.fixture(scope="module")
def experiment(plane):
    parameters = {"a": ml.Real(0, 1), "b": [1, 2, 3], "kind": ml.Choice(["plain", "high"])}
    return ml.Experiment(plane, parameters, max_steps=1, seed=5)


@pytest.fixture(scope="module")
def explored(experiment, settle, tmp_path_factory):
    """A session that has measured two settings and some all over, and remembers both."""
    session = Session(experiment, tmp_path_factory.mktemp("explored") / "plane.study")
    assert not session.is_kept  # nothing is made before the first run
    session.rest(most=8)
    settle(session, lambda: session.measured.n_runs == 8)
    session.remember("middle")
    session.survey(12)
    settle(session, lambda: session.measured.n_runs == 8 + 24)
    session.move({"a": "0.9", "kind": "high"})
    session.rest(most=3)
    settle(session, lambda: session.measured.n_runs == 8 + 24 + 3)
    session.remember("steep")
    session.refresh(["height"])
    yield session
    session.close()


def test_it_starts_at_the_middle_and_numbers_that_were_listed_become_a_range(explored):
    assert explored.remembered["middle"] == {"a": 0.5, "b": 2, "kind": "plain"}
    assert explored.dials[1].stops == (1, 2, 3)
    assert explored.dials[2].stops == ("plain", "high")


def test_what_was_measured_is_exact_and_the_rest_predicted(explored):
    here = explored.reading("height")
    assert (here.kind, here.n) == ("measured", 3)
    assert here.low <= here.mean <= here.high
    assert abs(explored.reading("height", explored.remembered["middle"]).mean - 7) < 1
    elsewhere = explored.reading("height", {"a": 0.3, "b": 2, "kind": "high"})
    assert elsewhere.kind == "predicted"
    assert elsewhere.low < 10 < elsewhere.high
    assert elsewhere.high - elsewhere.low < 6


def test_curves_go_through_the_setting_and_are_marked_where_it_was_measured(explored):
    a, b, kind = explored.profiles(["height"])
    assert [mark.value for mark in a.marks if mark.is_current] == [0.9]
    assert a.values[0] == 0.0
    assert a.beyond[0]  # no point lies at the very end
    assert not a.beyond[len(a.values) // 2]
    assert list(b.values) == [1, 2, 3]
    assert kind.mean[1] - kind.mean[0] == pytest.approx(5, abs=1.5)


def test_the_study_is_one_like_any_other_and_has_the_runs_that_any_study_would_have(explored, experiment):
    with Study.open(explored.path) as study:
        assert search_of(study).method.name == "by hand"
        assert study.status().finished == 35
        results = ml.open_study(explored.path).results
        point = results.runs.query("a == 0.5 and b == 2 and kind == 'plain'")
    plain = experiment.replace(design=[{"a": 0.5, "b": 2, "kind": "plain"}], replications=8)
    assert point["seed"].tolist() == [run.seed for run in plain.configurations()]


def test_a_session_is_there_again_with_its_place_and_its_names(explored, settle):
    explored.close()
    with Session.of_study(explored.path) as again:
        assert again.path == explored.path
        assert again.setting == {"a": 0.9, "b": 2, "kind": "high"}
        assert dict(again.remembered) == dict(explored.remembered)
        assert again.reading("height").mean == pytest.approx(explored.reading("height").mean)
        assert again.reading("height").n == 3
        assert not again.is_running


def test_two_settings_are_compared_in_pairs_and_all_become_a_design(explored):
    pairs = explored.comparison("middle", "steep", replications=4)
    assert pairs.common_random_numbers
    seeds = [run.seed for run in pairs.configurations()]
    assert seeds[:4] == seeds[4:] or seeds[::2] == seeds[1::2]
    assert explored.design().n_points == 2
    with pytest.raises(ParameterError, match="No setting is called 'low'. There are: middle, steep."):
        explored.comparison("low", "steep")


def test_values_that_make_no_sense_are_refused_with_the_range(explored):
    for setting, said in (
        ({"a": 3}, r"a = 3 lies outside of its range. It goes from 0 to 1."),
        ({"a": "much"}, "much"),
        ({"kind": "low"}, "low"),
        ({"c": 1}, r"'c' cannot be turned here. There are: a, b, kind."),
    ):
        before = dict(explored.setting)
        with pytest.raises(ParameterError, match=said):
            explored.move(setting)
        assert explored.setting == before


def test_a_study_is_explored_beside_itself_and_not_changed(experiment, settle, tmp_path):
    path = tmp_path / "base.study"
    design = experiment.replace(design=ml.LatinHypercube(12), replications=2)
    ml.run(design, path, n_jobs=1, backend="sequential", progress=False)
    before = path.read_bytes()
    with Session.of_study(path) as session:
        assert session.path.name == "base_explore.study"
        point = next(iter(design.points()))
        session.move({name: point[name] for name in ("a", "b", "kind")})
        assert session.reading("height").kind == "measured"
        session.rest(most=3)  # two of which there are
        settle(session, lambda: session.measured.n_runs == 25)
    assert path.read_bytes() == before
    with Session.of_study(path) as again:
        assert (again.path.name, again.measured.n_runs) == ("base_explore.study", 25)
    with Study.open(tmp_path / "base_explore.study") as own:
        assert own.runs_frame([])["replication"].tolist() == [2]


def test_a_setting_at_which_all_runs_fail_is_given_up(plane, settle, tmp_path):
    parameters = {"a": ml.Real(0, 1), "kind": ml.Choice(["broken", "plain"])}
    with Session(ml.Experiment(plane, parameters, max_steps=1), tmp_path / "broken.study") as session:
        session.rest()
        settle(session, lambda: session.measured.n_runs == 3)
        assert session.measured.failures_at(session.setting) == (3, "ValueError: this kind is broken")
        assert not session.rest()


def test_what_keeps_it_from_running_is_said(experiment, settle, tmp_path):
    session = Session(experiment, tmp_path / "busy.study")
    session.rest(most=1)
    settle(session, lambda: session.is_kept and session.measured.n_runs == 1)
    session.close()
    with Study.open(tmp_path / "busy.study") as study, study.writing(token="another"):
        other = Session.of_study(tmp_path / "busy.study")
        other.rest(most=3)
        settle(other, lambda: other.state.problem)
        assert "busy.study" in other.state.problem
        other.close()


def test_constraints_are_kept(plane, tmp_path):
    parameters = {"a": ml.Real(0, 1), "b": ml.Real(0, 1)}
    experiment = ml.Experiment(plane, parameters, constraints=["a + b < 0.8"], max_steps=1)
    session = Session(experiment, tmp_path / "none.study")
    assert sum(session.setting.values()) < 0.8
    session.move({"a": 0.7, "b": 0.7})
    assert session.rest_or_reason() == (
        "This setting breaks a constraint (a + b < 0.8): nothing is run here."
    )
    session.close()
    assert not session.path.exists()


def test_nothing_to_turn_and_no_session_are_said(plane, tmp_path):
    with pytest.raises(ParameterError, match="nothing to turn"):
        Session(ml.Experiment(plane, {"a": 0.5}), tmp_path / "fixed.study")
    ml.run(ml.Experiment(plane, max_steps=1), tmp_path / "plain.study", n_jobs=1, progress=False)
    with pytest.raises(StudyError, match="no session of exploring"):
        Session(ml.Experiment(plane, {"a": ml.Real(0, 1)}), tmp_path / "plain.study")


def test_a_process_that_was_started_early_carries_out_the_runs(experiment, settle, tmp_path):
    place = OwnProcess()
    with Session(experiment, tmp_path / "early.study", workplace=place) as session:
        session.prepare(early=True)
        settle(session, lambda: place._worker._woken)
        early = place._worker._woken
        assert not session.is_kept  # nothing is made for it
        session.rest(most=1)
        settle(session, lambda: session.measured.n_runs == 1)
        assert place._worker._pool.workers == [early]
    settle(session, lambda: early._executor is None)


def test_where_others_need_the_machine_nothing_is_started_early(experiment, tmp_path):
    place = OwnProcess(turns=threading.Semaphore())
    with Session(experiment, tmp_path / "others.study", workplace=place) as session:
        session.prepare(early=True)
    assert place._worker._woken is None
    assert session._runner._thread is None


def test_curves_are_rough_at_first_where_there_is_much_to_fit(experiment):
    session = Session(experiment, "rough.study")
    for number in range(90):
        setting = {"a": number / 90, "b": 1 + number % 3, "kind": "plain"}
        session.measured.add(Ran(setting, 0, {"height": 10 * setting["a"] + setting["b"]}))
    before = session.profiles(["height"])
    assert session.is_rough(["height"])
    session.refine(["height"])
    assert not session.is_rough(["height"])
    assert not session.refresh(["height"])  # nothing was measured since
    for rough, fine in zip(before, session.profiles(["height"]), strict=True):
        assert rough.mean == pytest.approx(fine.mean, abs=0.5)
    session.close()


def test_a_search_that_began_here_comes_back_with_its_runs_and_its_best(experiment, settle, tmp_path):
    with Session(experiment, tmp_path / "begin.study") as session:
        session.rest(most=3)
        settle(session, lambda: session.measured.n_runs == 3)
        for name, search in (
            ("best", search_for_best(session.experiment, "height", "max", 30)),
            ("precise", search_until_precise(session.experiment, session.setting, "height", 0.1)),
        ):
            path = tmp_path / f"{name}.study"
            ml.search(search, path, n_jobs=1, backend="sequential", progress=False)
            session.hand_over(path)
            session.take_in(path)
        settle(session)
        here = session.measured.n_at(session.setting)
        assert here >= 10  # the three that were there already are not counted twice
        found = finding_of(tmp_path / "best.study", session.dials)
        assert found.is_over
        assert found.setting["kind"] == "high"
        assert "height" in found.sentence
        session.move(found.setting)
        assert session.reading("height").kind == "measured"
        before = session.measured.n_runs
        (tmp_path / "precise.study").rename(tmp_path / "elsewhere.study")
    with Session.of_study(tmp_path / "begin.study") as again:
        assert again.searches == ("best.study", "precise.study")
        assert again.measured.n_runs == before - (here - 3)
        kept = again.measured.n_runs
    # What now bears that name may be anything: nothing of it is mixed in, and nothing of it stops the session.
    other = search_for_best(
        explorable(experiment.replace(max_steps=experiment.max_steps + 1)), "height", "max", 12
    )
    (tmp_path / "best.study").unlink()
    ml.search(other, tmp_path / "best.study", n_jobs=1, backend="sequential", progress=False)
    with Session.of_study(tmp_path / "begin.study") as again:
        assert 0 < again.measured.n_runs < kept
        alone = again.measured.n_runs
        again.take_in(tmp_path / "best.study")
        assert again.measured.n_runs == alone
    (tmp_path / "best.study").write_bytes(b"no study")
    with Session.of_study(tmp_path / "begin.study") as again:
        assert again.measured.n_runs == alone


def test_what_a_search_has_not_found_yet_is_said(experiment, tmp_path):
    study_for(search_for_best(explorable(experiment), "height", "min"), tmp_path / "new.study").close()
    found = finding_of(tmp_path / "new.study", dials_of(explorable(experiment).space))
    assert (found.setting, found.is_over) == (None, False)
    assert found.sentence.startswith("Nothing can be said yet: ")


def test_another_study_in_the_place_of_the_one_that_was_explored_is_not_mixed_in(
    experiment, settle, tmp_path
):
    base = tmp_path / "base.study"
    experiment = experiment.replace(design=ml.LatinHypercube(6))
    ml.run(experiment, base, n_jobs=1, backend="sequential", progress=False)
    with Session.of_study(base) as session:
        session.rest(most=1)
        settle(session)
        own, both = session.path, session.measured.n_runs
    assert own != base
    with Session.of_study(own) as again:
        assert again.measured.n_runs == both
    base.unlink()
    ml.run(experiment.replace(seed=experiment.seed + 1), base, n_jobs=1, backend="sequential", progress=False)
    with Session.of_study(own) as again:
        assert 0 < again.measured.n_runs < both
