"""The page of the class, for a student: what is to be done, and how far one is."""

import pytest
import solara

import mesa_lab as ml
from mesa_lab.app.classroom.page import ClassPage
from mesa_lab.app.classroom.student_bar import StudentBar
from mesa_lab.app.run.page import RunPage
from mesa_lab.classroom.classroom import Classroom, hold
from mesa_lab.classroom.limits import StudentLimits
from mesa_lab.classroom.roster import TEACHER
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.study import Study
from mesa_lab.workspace.access import Access, grant

MODEL = "mesa.examples:Schelling"


@pytest.fixture
def room(tmp_path):
    grant(Access(local=False, studies=tmp_path, models=(MODEL,)))
    made = Classroom(tmp_path, [MODEL], StudentLimits(), 1)
    hold(made)
    yield made
    hold(None)
    grant(None)


@pytest.fixture
def ada(room):
    return room.roster.join("phone", room.roster.code, "Ada")


def experiment(**changes):
    words = {"replications": 1, "max_steps": 1, "outcomes": ["happy"]}
    return Experiment(MODEL, {"density": [0.6, 0.7]}, **{**words, **changes})


def run(room, student, name):
    path = room.workspace(student.id).find(name).path
    with Study.open(path) as study:
        asked = study.experiment
    ml.run(asked, path, n_jobs=1, backend="sequential", progress=False)


def page(show, room, who, design=None, to=None):
    return show(ClassPage(room, who, design, (to if to is not None else []).append, lambda *words: None))


def test_an_assignment_leads_from_begin_to_handed_in(show, room, ada):
    view = page(show, room, ada.id)
    assert "There is no assignment yet." in view.text
    room.assignments.give("Five seeds", "What is the mean?", experiment())
    view.until("Begin: 2 runs")  # without a reload
    went = []
    view = page(show, room, ada.id, to=went)
    view.press("Begin: 2 runs")
    view.until(lambda: went == ["assignment 1"])
    view.until("You have begun: 0 of 2 runs are there.")
    view.press("Go on")
    assert went == ["assignment 1"] * 2
    run(room, ada, "assignment 1")
    view.until("Handed in: 2 runs, and the teacher sees what came out.")
    assert "ml-button-primary" not in view.button("Look at it").class_
    assert "Begin" not in view.text


def test_a_design_is_handed_in_or_refused_in_words(show, room, ada):
    room.assignments.give("Which density?", "", experiment(), pooled=False, most_runs=6)
    went = []
    view = page(show, room, ada.id, experiment(replications=9), went)
    view.press("Hand in my design")
    view.until("These are 18 runs, and the assignment 'Which density?' allows 6.")
    view = page(show, room, ada.id, experiment(replications=3), went)
    view.press("Hand in my design")
    view.until(lambda: went == ["assignment 1"])
    run(room, ada, "assignment 1")
    view.until("Handed in: 6 runs")
    assert room.progress()[0].answered == (1,)


def test_a_study_of_another_kind_under_its_name_is_said_not_to_count(show, room, ada):
    room.workspace(ada.id).make("assignment 1", experiment(max_steps=2))
    room.assignments.give("Five seeds", "", experiment())
    page(show, room, ada.id).until("Your study 'assignment 1' is no answer to this")


def test_a_class_that_has_ended_asks_for_nothing_more(show, room, ada):
    room.assignments.give("Five seeds", "", experiment())
    room.assignments.give("Which density?", "", experiment(), pooled=False)
    view = page(show, room, ada.id, experiment())
    view.until("Hand in my design")
    room.roster.end()
    view.until("The class has ended before you began it.")
    assert not view.tags("button")


@pytest.mark.parametrize("design", [experiment(max_steps=9), experiment(replications=5)])
def test_one_button_stands_out_on_a_study_that_the_teacher_has_given(show, room, ada, design):
    room.assignments.give("Five seeds", "", experiment())
    room.begin_assignment(1, ada)
    told = []
    key = solara.reactive("assignment 1")

    @solara.component
    def Page():
        RunPage(
            room.workspace(ada.id),
            key.value,
            key.set,
            experiment=design,
            on_state=lambda *words: told.append(words),
            assigned=True,
        )

    view = show(Page())
    view.until("Run my own design")
    view.until("2 points × 1 replication, with seeds of your own")
    view.until("You and the teacher can see this study, nobody else.")
    standing_out = [each for each in view.tags("button") if "ml-button-primary" in each.class_]
    assert standing_out == [view.button("Start")]
    assert "Extend this study" not in view.text
    assert "Runs at once on" not in view.text, "the class shares the cores"
    assert view.text.index("Start") < view.text.index("Run my own design")
    view.until(lambda: told)
    assert set(told) == {("new", False)}
    view.press("Run my own design")
    view.until(lambda: key.value == "")


def test_a_new_assignment_is_told_on_every_page_until_it_is_begun(show, room, ada):
    view = show(StudentBar(room, ada, "model", ""))
    view.until("return word:")
    assert "To begin" not in view.text
    room.assignments.give("Five seeds", "", experiment())
    view.until("To begin: Five seeds.")
    room.assignments.give("Your own", "", experiment(), pooled=False)
    view.until("To begin: Your own and Five seeds.")
    room.begin_assignment(1, ada)
    view.until("To begin: Your own.")
    room.assignments.close(2)
    view.until(lambda: "To begin" not in view.text)


def test_the_teacher_alone_sees_what_is_the_teacher_s_and_reads_that_the_class_has_ended(show, room):
    ml.run(experiment(), room.folder / "mine.study", n_jobs=1, backend="sequential", progress=False)
    view = show(RunPage(room.workspace(TEACHER), "mine", lambda key: None))
    view.until("You can see this study, nobody else.")
    room.roster.end()
    view = page(show, room, TEACHER)
    view.until("The class has ended. Students keep their studies, and nothing new is run.")
    assert "type the code" not in view.text


def test_the_teacher_reads_the_address_for_students_and_never_shows_the_own_one(show, room):
    view = page(show, room, TEACHER)
    view.until("Students open the address that the terminal says")
    room.addresses = ("http://192.168.1.5:8765", "http://10.0.0.3:8765")
    view = page(show, room, TEACHER)
    view.until("Where that does not open: http://10.0.0.3:8765.")
    assert "Students open http://192.168.1.5:8765 and type the code" in " ".join(view.text.split())
    assert "address of this page" not in view.text
    assert room.roster.teacher_key not in view.text
