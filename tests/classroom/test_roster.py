"""Joining a class, coming back, and being sent out."""

import stat

import pytest

from mesa_lab.classroom.join_code import clean_code
from mesa_lab.classroom.roster import FILE, TEACHER, JoinError, Roster


@pytest.fixture
def roster(tmp_path):
    return Roster(tmp_path)


def test_a_student_joins_with_the_code_and_a_name(roster):
    student = roster.join("browser", f" {roster.code[:3].upper()}-{roster.code[3:]} ", "  Ada  L. ")
    assert (student.name, student.number) == ("Ada L.", 1)
    assert roster.who("browser") == student.id
    assert roster.who("another") is None


@pytest.mark.parametrize(
    ("code", "name", "says"),
    [
        ("wrong1", "Ada", "not the code"),
        ("", "Ada", "not the code"),
        (None, "   ", "Type your name"),
        (None, "x" * 41, "41 characters"),
        (None, "Ada\u202egpj", "cannot be shown"),
        (None, "a\x00b", "cannot be shown"),
        (None, "Teacher", "teacher's"),
    ],
)
def test_who_cannot_join_is_told_why(roster, code, name, says):
    with pytest.raises(JoinError, match=says):
        roster.join("browser", roster.code if code is None else code, name)
    assert roster.students() == []


def test_a_name_is_taken_once_and_its_owner_comes_back_with_the_word(roster):
    ada = roster.join("phone", roster.code, "Ada")
    with pytest.raises(JoinError, match="has joined already"):
        roster.join("laptop", roster.code, "ADA")
    with pytest.raises(JoinError, match="has joined already"):
        roster.join("laptop", roster.code, "Ada", "wrong1")
    assert roster.join("laptop", roster.code, "ada", ada.word).id == ada.id
    assert roster.join("phone", roster.code, "Ada").id == ada.id, "the browser that joined is known"
    assert [each.name for each in roster.students()] == ["Ada"]


def test_the_teacher_lets_somebody_in_again_once(roster):
    ada = roster.join("phone", roster.code, "Ada")
    roster.readmit(ada.id)
    assert roster.join("laptop", roster.code, "Ada").id == ada.id
    with pytest.raises(JoinError):
        roster.join("tablet", roster.code, "Ada")


def test_who_is_sent_out_needs_to_join_again(roster):
    ada = roster.join("phone", roster.code, "Ada")
    roster.remove(ada.id)
    assert roster.who("phone") is None


def test_the_teacher_is_known_by_the_address(roster):
    with pytest.raises(JoinError, match="not the teacher's address"):
        roster.teach("phone", roster.code)
    roster.teach("desk", roster.teacher_key)
    assert roster.who("desk") == TEACHER


def test_a_restart_loses_nobody(roster, tmp_path):
    ada = roster.join("phone", roster.code, "Ada")
    roster.say("Look at the screen")
    roster.pause(True)
    again = Roster(tmp_path)
    assert (again.code, again.teacher_key) == (roster.code, roster.teacher_key)
    assert again.who("phone") == ada.id
    assert (again.message, again.is_paused) == ("Look at the screen", True)


def test_nobody_joins_a_class_that_has_ended_until_it_goes_on_with_another_code(roster):
    ada, code = roster.join("phone", roster.code, "Ada"), roster.code
    roster.end()
    with pytest.raises(JoinError, match="has ended"):
        roster.join("laptop", code, "Bob")
    roster.reopen()
    with pytest.raises(JoinError, match="not the code"):
        roster.join("laptop", code, "Bob")
    assert roster.who("phone") == ada.id
    assert roster.join("laptop", roster.code, "Bob").number == 2


def test_other_users_of_the_computer_cannot_read_the_roster(roster, tmp_path):
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_code_may_be_typed_as_it_was_read_aloud():
    assert clean_code("K x 4 - 7 P M") == "kx47pm"
