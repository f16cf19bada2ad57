"""Who explores in a class takes turns with the others, and has their limits."""

from mesa_lab.classroom.guest import ClassPlace
from mesa_lab.exploring.session import Session
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.parameters.space import Choice, Integer


def explore(room, student, **parameters) -> Session:
    folder = room.classroom.workspace(student.id).folder
    folder.mkdir(parents=True, exist_ok=True)
    ranges = parameters or {"n": Integer(1, 9)}
    experiment = Experiment(room.model, ranges, max_steps=1, outcomes=["n"])
    place = ClassPlace(room.queue, student.id)
    return Session(experiment, folder / "mine.study", workplace=place)


def test_a_student_explores_while_another_s_long_study_runs(open_room):
    room = open_room(processes=1)
    long = room.study(room.student("bob"), replications=5000)
    room.run(long)
    room.until(lambda: room.status(long).done)
    with explore(room, room.student("ada")) as session:
        session.rest(most=8)
        room.until(lambda: session.measured.n_runs == 8)
        assert session.reading("n").mean == session.setting["n"]
    assert 0 < room.status(long).done < 5000


def test_it_waits_while_the_class_waits(open_room):
    room = open_room(processes=1)
    room.classroom.roster.pause(True)
    with explore(room, room.student("ada")) as session:
        room.until(lambda: room.queue._paused)
        session.rest(most=1)
        room.until(lambda: room.queue._jobs)
        assert session.measured.n_runs == 0
        room.classroom.roster.pause(False)
        room.until(lambda: session.measured.n_runs == 1)


def test_an_endless_loop_ends_when_one_moves_on_and_at_the_limit(open_room):
    room = open_room(processes=1, minutes_per_run=0.05)
    with explore(room, room.student("ada"), how=Choice(["hang", "well", "die"])) as session:
        session.rest(most=1)
        room.until(lambda: session.measured.n_runs == 1)  # timed out after three seconds
        assert session.measured.failures_at({"how": "hang"})[0] == 1
        session.move({"how": "die"})
        session.rest(most=1)
        room.until(lambda: session.measured.n_runs == 2)
        session.move({"how": "well"})
        session.rest(most=1)
        room.until(lambda: session.measured.n_runs == 3)
        assert session.measured.failures_at({"how": "well"})[0] == 0


def test_who_has_used_up_their_runs_is_told(open_room):
    room = open_room(processes=1, runs=3)
    with explore(room, room.student("ada")) as session:
        session.rest(most=8)
        room.until(lambda: session.measured.n_runs == 8)  # what was begun is done
        session.move({"n": 2})
        session.rest(most=8)
        room.until(lambda: session.state.problem)
        assert "each student of this class may have 3 in all" in session.state.problem
