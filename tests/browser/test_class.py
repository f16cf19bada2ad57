"""A class in real browsers: a student joins by phone, the teacher gives an assignment, a restart loses nobody."""

import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile

import pytest
from playwright.sync_api import expect

from mesa_lab.classroom.assignments import Assignments
from mesa_lab.classroom.roster import Roster
from mesa_lab.preparation.experiment import Experiment

LONG = 120_000
AWAY = ("ERR_", "Connection lost", "WebSocket", "insertBefore", "classList")
PHONE = {"width": 390, "height": 844}

QUEUE = '''
"""A queue."""
import mesa


class Queue(mesa.Model):
    """People who wait."""

    def __init__(self, desks=2, rng=None):
        super().__init__(rng=rng)
        self.desks = desks
'''


class Class:
    """A class that is served, and can be killed and started again."""

    def __init__(self, folder):
        self.folder = folder
        self.port = 0
        self.start()

    def start(self):
        self.log = self.folder / f"{time.monotonic_ns()}.log"
        (self.folder / "queue_model.py").write_text(QUEUE, encoding="utf-8")
        command = ["class", "--models", "mesa.examples:Schelling", "queue_model.py"]
        command += ["--folder", str(self.folder / "class")]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--no-open"]
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mesa_lab", *command],
                cwd=self.folder,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + 60
        while "Nobody can open files" not in self.log.read_text("utf-8"):
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < until
            time.sleep(0.05)
        said = self.log.read_text("utf-8")
        self.url = re.search(r"Students open\s+(\S+)", said)[1]
        self.port = int(self.url.rpartition(":")[2])
        self.code = re.search(r"type the code\s+(\w+)", said)[1]
        self.teacher = re.search(r"The teacher's page:\s+\S+?(/class\S+)", said)[1]

    def kill(self, how=signal.SIGKILL):
        os.kill(self.process.pid, how)
        self.process.wait(30)


@pytest.fixture(scope="module")
def served(cut_off, tmp_path_factory):
    del cut_off  # the server is in the network of the browser
    made = Class(tmp_path_factory.mktemp("class"))
    yield made
    made.kill(signal.SIGTERM)


def fits(page):
    """Whether nothing stands outside of the width of the window."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def join(page, name):
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    page.get_by_text("return word:").wait_for(timeout=LONG)


def test_a_student_and_the_teacher(served, visit, shoot, accessible):
    teacher = visit(served.url, served.teacher)
    teacher.get_by_text("Nobody has joined yet").wait_for(timeout=LONG)
    expect(teacher.get_by_label("Join code")).to_have_text(served.code)
    expect(teacher.locator(".ml-join-address")).to_have_text(served.url)
    teacher.wait_for_url(lambda address: "teacher" not in address)  # the page stands on the wall

    stranger = visit(served.url, "/studies")
    stranger.get_by_role("heading", name="Join the class").wait_for()
    stranger.get_by_label("Code").fill("wrong1")
    stranger.get_by_label("Your name").fill("Eve")
    stranger.get_by_role("button", name="Join").click()
    stranger.get_by_text("This is not the code of this class").wait_for()

    ada = visit(served.url, f"/?code={served.code}", **PHONE)
    assert fits(ada)
    accessible(ada)
    join(ada, "Ada")
    ada.get_by_role("button", name=re.compile("^Schelling")).first.click()
    ada.get_by_role("link", name="Design an experiment").wait_for()
    assert fits(ada)
    shoot(ada, "class-student-phone")
    # A model that was offered as a file alone opens like any other.
    ada.get_by_role("button", name=re.compile("^Queue")).click()
    # What was tapped shows without scrolling.
    expect(ada.get_by_role("heading", name="Queue")).to_be_in_viewport()
    teacher.get_by_role("rowheader", name="Ada").wait_for(timeout=LONG)

    # The teacher designs what each is to run, and gives it to the class.
    teacher.get_by_role("link", name="Model", exact=False).first.click()
    teacher.get_by_role("button", name=re.compile("^Schelling")).first.click()
    teacher.get_by_role("heading", name="Schelling").first.wait_for(timeout=LONG)
    teacher.get_by_role("link", name="Design an experiment").click()
    # The address is there before the page, and the page before has a field of that name too.
    teacher.get_by_role("heading", name="Design", level=1).wait_for(timeout=LONG)
    teacher.wait_for_url("**/design?**", timeout=LONG)
    steps = teacher.get_by_role("textbox", name="Steps", exact=True)
    steps.wait_for(timeout=LONG)
    before = teacher.url
    steps.fill("3")
    # The draft has it when the address does.
    teacher.wait_for_url(lambda address: address != before, timeout=LONG)
    teacher.get_by_role("link", name="Class").click()
    teacher.get_by_role("textbox", name="Title").fill("Five seeds")
    teacher.get_by_role("button", name="Give it to the class").click()
    teacher.get_by_text("1. Five seeds").wait_for()
    teacher.get_by_label("Message to all").fill("Look at <b>the</b> screen")
    teacher.get_by_role("button", name="Say it").click()

    ada.get_by_text("Look at <b>the</b> screen").wait_for(timeout=LONG)
    ada.get_by_text("To begin: Five seeds.").wait_for(timeout=LONG)
    ada.get_by_role("link", name="To the assignment").click()
    ada.get_by_role("button", name=re.compile("^Begin")).click()
    # Whatever she designed before, one button stands out.
    expect(ada.get_by_role("button", name="Start")).to_be_visible()
    expect(ada.locator("main .ml-button-primary")).to_have_text(["Start"])
    ada.get_by_role("button", name="Start").click()
    ada.wait_for_selector(".ml-progress .ml-state-finished", timeout=LONG)
    assert fits(ada)
    accessible(ada)
    shoot(ada, "class-run-phone")
    teacher.get_by_text("1 student began, 1 through").wait_for(timeout=LONG)
    accessible(teacher)
    shoot(teacher, "class-teacher")
    assert fits(teacher)

    # What one student found is shown to all; then the results of all, together.
    teacher.get_by_role("button", name="Studies of Ada", exact=True).click()
    teacher.get_by_role("button", name="Show assignment 1 to all").click()
    ada.get_by_role("link", name="Look at it").wait_for(timeout=LONG)
    teacher.get_by_role("button", name="Take it back: the study").click()
    ada.get_by_text("The teacher shows a study to all.").wait_for(state="hidden", timeout=LONG)
    teacher.get_by_role("button", name="All results together").click()
    teacher.wait_for_url("**/results**", timeout=LONG)
    teacher.get_by_role("heading", name="assignment 1 of all").wait_for(timeout=LONG)


def test_one_joins_and_gets_to_work_by_keyboard_alone(served, visit):
    page = visit(served.url, "/")
    page.get_by_label("Code").wait_for()
    for text in (served.code, "Hedy"):
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.tagName") != "INPUT":
            page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")
    page.get_by_text("return word:").wait_for(timeout=LONG)
    # Letters that are typed right before Enter are part of the name.
    assert "Hedy" in [student.name for student in Roster(served.folder / "class").students()]
    for _ in range(15):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('main, #ml-main') !== null"):
            break
    assert page.evaluate("document.activeElement.matches('a, button, input, [tabindex]')")


def go_by_keyboard(page, name):
    """Press the tabulator until what has this name has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = "((each) => each.ariaLabel || each.labels?.[0]?.textContent || each.textContent)(document.activeElement)"
        if page.evaluate(focused).strip() == name:
            return
    raise AssertionError(f"'{name}' cannot be reached by the keyboard.")


def test_the_teacher_leads_the_class_by_keyboard_alone(served, visit):
    student = visit(served.url, f"/?code={served.code}")
    join(student, "Grace")
    teacher = visit(served.url, served.teacher)
    teacher.get_by_role("rowheader", name="Grace").wait_for(timeout=LONG)
    go_by_keyboard(teacher, "Message to all")
    teacher.keyboard.type("Five minutes left")
    teacher.keyboard.press("Enter")
    student.get_by_text("Five minutes left").wait_for(timeout=LONG)
    go_by_keyboard(teacher, "All runs wait")
    teacher.keyboard.press("Space")
    student.get_by_text("The teacher has all runs wait.").wait_for(timeout=LONG)
    teacher.keyboard.press("Space")
    student.get_by_text("The teacher has all runs wait.").wait_for(state="hidden", timeout=LONG)
    go_by_keyboard(teacher, "Studies of Grace")
    teacher.keyboard.press("Enter")
    go_by_keyboard(teacher, "End the class")
    teacher.keyboard.press("Enter")
    student.get_by_text("The class has ended.").wait_for(timeout=LONG)
    go_by_keyboard(teacher, "Go on with the class")
    teacher.keyboard.press("Enter")
    student.get_by_text("The class has ended.").wait_for(state="hidden", timeout=LONG)


def test_a_server_that_is_killed_loses_nobody(served, visit, shoot):
    bob = visit(
        served.url, f"/?code={Roster(served.folder / 'class').code}"
    )  # a new one since the class was ended
    join(bob, "Bob")
    word = Roster(served.folder / "class").students()[-1].word
    context = bob.context
    bob.close()  # what a page says of a lost connection is another test's business
    served.kill()
    served.start()
    again = context.new_page()
    again.goto(served.url)
    again.get_by_text(f"return word: {word}").wait_for(timeout=LONG)

    other = visit(served.url, f"/?code={served.code}")
    other.get_by_label("Your name").fill("Bob")
    other.get_by_role("button", name="Join").click()
    other.get_by_text("has joined already").wait_for()
    other.get_by_label("Return word").fill(word)
    other.get_by_role("button", name="Join").click()
    other.get_by_text(f"return word: {word}").wait_for(timeout=LONG)


@pytest.fixture(scope="module")
def lesson(cut_off, tmp_path_factory):
    """A class with an assignment of each kind."""
    del cut_off  # the server is in the network of the browser
    made = Class(tmp_path_factory.mktemp("lesson"))
    given = Assignments(Roster(made.folder / "class").path)
    few = Experiment("mesa.examples:Schelling", {"density": [0.6, 0.8]}, replications=1, max_steps=1)
    given.give("Five seeds", "What is the mean?", few)
    given.give("Which density?", "", few, pooled=False, most_runs=20)
    yield made
    made.kill(signal.SIGTERM)


@pytest.fixture
def may_be_away(troubles):
    """Forget what a browser says of a server that does not answer."""
    yield
    troubles[:] = [each for each in troubles if not any(word in each for word in AWAY)]


def test_answers_are_handed_in_seen_and_taken_home_when_the_class_ends(lesson, visit):
    ada = visit(lesson.url, f"/?code={lesson.code}")
    join(ada, "Ada")
    ada.get_by_role("link", name="The class").click()
    question = ada.get_by_role("article").filter(has_text="Which density?")
    pooled = ada.get_by_role("article").filter(has_text="Five seeds")

    # A pooled one is handed in by running it; "back" after "Begin" leads to where one was, and begins nothing twice.
    pooled.get_by_role("button", name=re.compile("^Begin")).click()
    ada.get_by_role("button", name="Start").wait_for()
    ada.go_back()
    pooled.get_by_role("button", name="Go on").click()
    ada.get_by_role("button", name="Start").click()
    ada.wait_for_selector(".ml-progress .ml-state-finished", timeout=LONG)
    ada.get_by_role("link", name="The class").click()
    expect(pooled).to_contain_text("Handed in: 2 runs")

    # Of a question one's own design is handed in.
    question.get_by_role("button", name="Change it first").click()
    replications = ada.get_by_role("textbox", name="Replications")
    replications.wait_for(timeout=LONG)
    before = ada.url
    replications.fill("3")
    ada.wait_for_url(lambda address: address != before and "design=" in address, timeout=LONG)
    ada.get_by_role("link", name="The class").click()
    question.get_by_role("button", name="Hand in my design").click()
    ada.get_by_text("2 points × 3 replications").wait_for(timeout=LONG)
    ada.get_by_role("button", name="Start").click()
    ada.wait_for_selector(".ml-progress .ml-state-finished", timeout=LONG)
    ada.get_by_role("link", name="The class").click()
    expect(question).to_contain_text("Handed in: 6 runs")

    teacher = visit(lesson.url, lesson.teacher)
    row = teacher.get_by_role("row").filter(has=teacher.get_by_role("rowheader", name="Ada"))
    expect(row).to_contain_text("1, 2")
    expect(teacher.get_by_text("1 student began, 1 through")).to_have_count(2)
    teacher.get_by_role("button", name="End the class").click()
    ada.get_by_text("The class has ended. Your studies stay, and nothing new is run.").wait_for(timeout=LONG)
    expect(ada.get_by_role("button", name="Change it first")).to_have_count(0)
    late = visit(lesson.url, f"/?code={lesson.code}")
    late.get_by_label("Your name").fill("Late")
    late.get_by_role("button", name="Join").click()
    late.get_by_text("The class has ended.").wait_for(timeout=LONG)
    with teacher.expect_download(timeout=LONG) as taken:
        teacher.get_by_role("button", name="All studies").click()
    with zipfile.ZipFile(taken.value.path()) as archive:
        assert {"class.csv", "Ada/assignment 1.study", "Ada/assignment 2.study"} <= set(archive.namelist())
        assert "Ada" in io.TextIOWrapper(archive.open("class.csv"), "utf-8").read()
    teacher.get_by_role("button", name="Go on with the class").click()
    ada.get_by_text("The class has ended.").wait_for(state="hidden", timeout=LONG)


def test_two_tabs_of_one_student_are_the_same_student(lesson, visit):
    bob = visit(lesson.url, f"/?code={Roster(lesson.folder / 'class').code}")
    join(bob, "Bob")
    other = bob.context.new_page()
    other.goto(lesson.url + "/class")
    other.get_by_role("heading", name="Hello, Bob").wait_for(timeout=LONG)
    bob.get_by_role("link", name="The class").click()
    bob.get_by_role("article").filter(has_text="Five seeds").get_by_role(
        "button", name=re.compile("^Begin")
    ).click()
    bob.get_by_role("button", name="Start").wait_for(timeout=LONG)
    begun = other.get_by_role("article").filter(has_text="Five seeds")
    expect(begun).to_contain_text("You have begun: 0 of 2 runs are there.")
    begun.get_by_role("button", name="Go on").click()
    other.get_by_role("button", name="Start").click()
    for page in (bob, other):
        page.wait_for_selector(".ml-progress .ml-state-finished", timeout=LONG)
    assert [each.name for each in Roster(lesson.folder / "class").students()].count("Bob") == 1


def test_a_student_s_page_is_where_it_was_after_a_laptop_slept(lesson, visit, may_be_away):
    cem = visit(lesson.url, f"/?code={Roster(lesson.folder / 'class').code}")
    join(cem, "Cem")
    sockets, asleep = [], []

    def through(socket):
        if asleep:
            socket.close()
        else:
            socket.connect_to_server()
            sockets.append(socket)

    cem.route_web_socket(re.compile(""), through)
    cem.reload()
    cem.get_by_role("button", name=re.compile("^Schelling")).first.click()
    cem.get_by_role("link", name="Design an experiment").click()
    replications = cem.get_by_role("textbox", name="Replications")
    replications.fill("7")
    cem.wait_for_function("location.search.includes('design=')")

    # The server stands still, as it does while the teacher's laptop sleeps.
    lesson.process.send_signal(signal.SIGSTOP)
    try:
        cem.wait_for_timeout(15_000)
    finally:
        lesson.process.send_signal(signal.SIGCONT)
    expect(replications).to_have_value("7")
    cem.get_by_role("link", name="The class").click()
    cem.get_by_role("heading", name="Hello, Cem").wait_for(timeout=LONG)

    # The student's own sleeps: the connection is cut, and no other comes about for a while.
    asleep.append(True)
    cem.context.set_offline(True)
    for socket in sockets:
        socket.close()
    banner = cem.locator("#ml-connection")
    expect(banner).to_contain_text("Not connected")
    asleep.clear()
    cem.context.set_offline(False)
    expect(banner).to_be_hidden()
    cem.get_by_role("heading", name="Hello, Cem").wait_for(timeout=LONG)
    assert cem.url.startswith(f"{lesson.url}/class")
    cem.get_by_role("link", name="Design").first.click()
    expect(cem.get_by_role("textbox", name="Replications")).to_have_value("7")
