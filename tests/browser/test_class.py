"""A class in real browsers: a student joins by phone, the teacher gives an assignment, a restart loses nobody."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from playwright.sync_api import expect

from mesa_lab.classroom.roster import Roster

LONG = 120_000
PHONE = {"width": 390, "height": 844}


class Class:
    """A class that is served, and can be killed and started again."""

    def __init__(self, folder):
        self.folder = folder
        self.port = 0
        self.start()

    def start(self):
        self.log = self.folder / f"{time.monotonic_ns()}.log"
        command = ["class", "--models", "mesa.examples:Schelling", "--folder", str(self.folder / "class")]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--no-open"]
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mesa_lab", *command], stdout=sink, stderr=subprocess.STDOUT
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
    ada.get_by_role("link", name="The class").click()
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
    teacher.get_by_role("button", name="Studies", exact=True).click()
    teacher.get_by_role("button", name="Show assignment 1 to all").click()
    ada.get_by_role("link", name="Look at it").wait_for(timeout=LONG)
    teacher.get_by_role("button", name="Take it back: the study").click()
    ada.get_by_text("The teacher shows a study to all.").wait_for(state="hidden", timeout=LONG)
    teacher.get_by_role("button", name="All results together").click()
    teacher.wait_for_url("**/run**", timeout=LONG)
    teacher.get_by_role("heading", name="assignment 1 of all").wait_for(timeout=LONG)


def test_a_server_that_is_killed_loses_nobody(served, visit, shoot):
    bob = visit(served.url, f"/?code={served.code}")
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
