"""A run is looked at: the same run, at any step, whatever its model does."""

import io
import textwrap

import pytest
from PIL import Image

from mesa_lab.errors import RunError, StudyError
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.study import Study
from mesa_lab.study.records import Task
from mesa_lab.viewing.viewer import Viewer


def test_the_run_of_the_study_is_seen_at_any_step(wolves):
    with Study.open(wolves) as study, Viewer.of_study(study, 1) as viewer:
        told = []
        frame = viewer.go(5, told.append)
        assert (frame.step, frame.is_over, frame.problem, frame.check) == (5, False, "", "equal")
        assert [picture.title for picture in frame.pictures] == ["Space", "Outcomes"]
        assert frame.author.endswith("app.py")
        for picture in frame.pictures:
            image = Image.open(io.BytesIO(picture.png))
            assert min(image.size) > 100
        back = viewer.go(2)
        assert (back.step, back.check) == (2, "equal")
        assert back.pictures[0].png != frame.pictures[0].png
        again = viewer.go(5)
        assert again.collected == frame.collected
        end = viewer.go(10_000)
        assert (end.step, end.is_over, end.check) == (12, True, "equal")


def test_another_code_than_the_study_s_is_said(wolves):
    with Study.open(wolves) as study:
        task = Task._make(next(iter(study.tasks([0]))))
        protocol = study.experiment.protocol
    with Viewer(protocol, task, recorded={1: {"Wolves": -1}}) as viewer:
        assert "Wolves is" in viewer.go(1).check
        assert viewer.go(2).check == "", "nothing to compare with"


def test_a_run_that_is_not_there(wolves):
    with Study.open(wolves) as study, pytest.raises(StudyError, match="no run 99"):
        Viewer.of_study(study, 99)


@pytest.fixture
def odd(tmp_path):
    def write(body: str) -> Protocol:
        path = tmp_path / "odd.py"
        path.write_text(textwrap.dedent(body))
        return Protocol(f"{path}:Odd", max_steps=50)

    return write


ODD = """
    import mesa


    class Odd(mesa.Model):
        def __init__(self, rng=None):
            super().__init__(rng=rng)
            print("hello")
            input_is_closed = True
            for _ in range(3):
                mesa.Agent(self)

        def step(self):
            {step}
"""


def test_a_failed_run_is_seen_at_the_step_before_it_failed(odd):
    protocol = odd(ODD.format(step="if self.time > 3: raise ValueError('no food')"))
    with Viewer(protocol, Task(0, 0, 0, 1, {})) as viewer:
        frame = viewer.go(50)
    assert frame.step == 3
    assert frame.problem == "ValueError in step 4: no food"
    assert [picture.text for picture in frame.pictures] == ["3 Agent"]


def test_a_model_that_kills_its_process_takes_nothing_with_it(odd):
    with Viewer(odd(ODD.format(step="import os; os._exit(1)")), Task(0, 0, 0, 1, {})) as viewer:
        assert viewer.go(0).step == 0
        with pytest.raises(RunError, match="has ended"):
            viewer.go(1)


def test_a_model_that_hangs_is_left_by_closing(odd):
    import threading

    viewer = Viewer(
        odd(ODD.format(step="\n            ".join(["while True:", "    pass"]))), Task(0, 0, 0, 1, {})
    )
    assert viewer.go(0).step == 0
    timer = threading.Timer(1.0, viewer.close)
    timer.start()
    with pytest.raises(RunError, match="is closed"):
        viewer.go(1)
    timer.join()


def test_a_model_that_takes_too_long_is_left(odd):
    protocol = odd(ODD.format(step="\n            ".join(["while True:", "    pass"])))
    with Viewer(protocol, Task(0, 0, 0, 1, {})) as viewer:
        assert viewer.go(0).step == 0
        with pytest.raises(RunError, match=r"did not come to step 1 within 0.5 s"):
            viewer.go(1, seconds=0.5)
        with pytest.raises(RunError, match="is closed"):
            viewer.go(0)


def test_a_model_that_cannot_be_set_up_says_so(odd):
    protocol = odd(
        "import mesa\n\nclass Odd(mesa.Model):\n    def __init__(self, rng=None):\n        1 / 0\n"
    )
    with Viewer(protocol, Task(0, 0, 0, 1, {})) as viewer:
        frame = viewer.go(3)
    assert frame.problem.startswith("ZeroDivisionError while setting up")
    assert frame.pictures == ()
