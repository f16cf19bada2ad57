"""Runs of a class: in turns, within limits, and whatever one student's model does."""

import pytest

from mesa_lab.errors import MesaLabError, StudyError
from mesa_lab.preparation.designs import LatinHypercube
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.parameters.space import Integer
from mesa_lab.running import background
from mesa_lab.study import Study
from mesa_lab.workspace.access import Access, grant


def test_all_students_get_on_and_nothing_is_lost_at_a_restart(open_room, tmp_path):
    room = open_room(processes=2)
    students = [room.student(name) for name in ("ada", "bob", "cem", "dil")]
    places = [room.study(each, replications=3000) for each in students]
    room.run(*places)
    room.until(lambda: all(room.status(place).done for place in places))
    assert all(room.status(place).done < 3000 for place in places), "nobody was through before all had begun"
    outlook = room.queue.outlook(places[0])
    assert outlook is not None
    assert outlook.active == 4
    assert outlook.seconds is not None
    room.classroom.close()
    done = [room.status(place).done for place in places]
    assert all(0 < count < 3000 for count in done)

    again = open_room(processes=2)  # what was asked for is known
    again.until(
        lambda: all(again.status(place).done > before for place, before in zip(places, done, strict=True))
    )


def test_one_student_s_endless_loop_memory_or_crash_costs_the_others_nothing(open_room):
    room = open_room(processes=1, minutes_per_run=0.1, memory=1000)
    bad = {how: room.study(room.student(how), replications=1, how=how) for how in ("hang", "hog", "die")}
    room.run(*bad.values())
    good = room.study(room.student("ada"), replications=30)
    room.run(good)
    room.until_done(good, *bad.values())
    assert room.status(good).done == 30
    assert room.status(bad["hang"]).timed_out == 1
    assert room.status(bad["hog"]).failed == 1
    assert room.status(bad["die"]).failed == 1
    with Study.open(room.classroom.folder / bad["hog"]) as study:
        assert "MemoryError" in study.failures_frame().to_string()


def test_a_billion_steps_or_points_are_of_no_concern_to_the_others(open_room):
    room = open_room(processes=1, minutes_per_run=0.02)
    greedy, ada = room.student("greedy"), room.student("ada")
    workspace = room.classroom.workspace(greedy.id)
    many = Experiment(
        room.model, {"n": Integer(1, 10**9)}, LatinHypercube(10**9), max_steps=1, outcomes=["n"]
    )
    with pytest.raises(MesaLabError, match=r"1,000,000,000 (points|runs)"):
        workspace.make("many", many)
    steps = Experiment(room.model, {"n": [1, 2]}, max_steps=10**9, outcomes=["n"])
    long = workspace.make("long", steps)
    long_place = long.path.relative_to(room.classroom.folder).as_posix()
    place = room.study(ada, replications=20)
    room.run(long_place, place)
    room.until_done(long_place, place)
    assert room.status(place).done == 20
    assert room.status(long_place).timed_out == 2


def test_the_teacher_has_all_wait_and_go_on(open_room):
    room = open_room()
    room.classroom.roster.pause(True)
    place = room.study(room.student("ada"))
    room.until(lambda: room.queue._paused)
    room.run(place)
    room.until(lambda: room.queue.outlook(place) is not None)
    assert room.status(place).done == 0
    room.classroom.roster.pause(False)
    room.until_done(place)


def test_a_study_that_is_stopped_keeps_what_is_done(open_room):
    room = open_room(processes=1)
    ada = room.student("ada")
    place = room.study(ada, replications=5000)
    workspace = room.classroom.workspace(ada.id)
    room.run(place)
    room.until(lambda: room.status(place).done > 0)
    room.queue.leave(place)
    background.stop(room.classroom.folder / place)
    room.until(lambda: room.queue.outlook(place) is None)
    assert 0 < room.status(place).done < 5000
    assert room.queue.registry.tickets() == []
    workspace.delete(workspace.find("study"))


def test_limits_are_said_before_anything_runs(open_room):
    room = open_room(runs=10)
    ada = room.student("ada")
    first = room.study(ada, "first", replications=8)
    second = room.study(ada, "second", replications=3)
    with pytest.raises(StudyError, match=r"3 runs.*10 in all: 2 are left"):
        room.run(second)
    assert room.queue.registry.tickets() == []
    room.run(room.study("teacher", "demo", replications=20))
    workspace = room.classroom.workspace(ada.id)
    workspace.delete(workspace.find("second"))
    room.run(first)
    room.until_done(first)


def test_a_full_folder_takes_no_more(open_room):
    room = open_room(megabytes=0.01)
    ada = room.student("ada")
    place = room.study(ada)
    with pytest.raises(StudyError, match="Delete a study"):
        room.run(place)


def test_a_model_that_is_not_offered_is_not_run(open_room, tmp_path):
    room = open_room()
    ada = room.student("ada")
    other = tmp_path / "other.py"
    other.write_text("import mesa\n\nclass Other(mesa.Model):\n    pass\n")
    grant(None)  # as a study that came from elsewhere would be there
    folder = room.classroom.workspace(ada.id).folder
    folder.mkdir(parents=True)
    experiment = Experiment(f"{other}:Other", max_steps=1, outcomes=["steps"])
    Study.for_experiment(experiment, folder / "x.study").close()
    grant(Access(local=False, studies=room.classroom.folder, models=room.classroom.models))
    room.run(f"visitors/{ada.id}/x.study")
    room.until(lambda: any(ticket.problem for ticket in room.queue.registry.tickets()))
    assert "is not offered here" in room.queue.registry.tickets()[0].problem
