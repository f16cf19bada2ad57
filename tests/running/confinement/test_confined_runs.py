"""What a confined process says is not believed: each task comes back once, and nothing is asked for without end."""

from pathlib import Path

import pytest

from mesa_lab.errors import MesaLabError, ModelError
from mesa_lab.running.backends.backend import Uncontrolled
from mesa_lab.running.confinement.answers import plain_batch
from mesa_lab.running.confinement.confined_runs import ConfinedRuns
from mesa_lab.running.workers.serialization import Payload
from mesa_lab.study.records import Batch, RunRecord, Task

FULL = {"error": ["MemoryError", "The model takes more memory than it may."]}


class Scripted:
    """A confined process whose answers are written down: one list for each time that it is asked."""

    folder = Path("/nowhere")

    def __init__(self, *answers, alive=False):
        self.answers = list(answers)
        self.is_alive = alive
        self.known = ""
        self.asked = 0

    def ask(self, what, data, digest, words, *, seconds, stopped):
        self.is_alive = True
        self.asked += 1
        for answer in self.answers.pop(0):
            yield ran(answer) if isinstance(answer, int) else (answer, [])

    def end(self):
        self.is_alive, self.known = False, ""


def ran(run_id):
    said, parts = plain_batch(
        Batch((RunRecord(run_id, 0, 0, 1, "done", 1, 1.0, 0.1, 0.1, ""),), finals=((),))
    )
    return {"ran": said}, parts


def carried_out(process, n=3):
    runs = ConfinedRuns(Path("/nowhere"))
    runs._process = process
    payload = Payload(b"", "m.py:M", confined=True)
    tasks = [Task(number, 0, number, 1, {}) for number in range(n)]
    batches = list(runs.carry_out(payload, tasks, Uncontrolled(), lambda *_: None))
    assert [batch.runs[0].run_id for batch in batches] == list(range(n))
    return [batch.runs[0].status for batch in batches], [batch.failures for batch in batches]


def begun(run_id):
    return {"began": run_id}


def test_an_error_after_a_run_began_is_of_that_run():
    process = Scripted([begun(0), 0, begun(1), FULL], [begun(2), 2, {"done": True}])
    status, failures = carried_out(process)
    assert status == ["done", "failed", "done"]
    assert "more memory than it may" in failures[1][0].message
    assert process.asked == 2


def test_an_error_between_runs_is_of_none_that_follow():
    assert (
        carried_out(Scripted([begun(0), 0, FULL], [begun(1), 1, begun(2), 2, {"done": True}]))[0]
        == ["done"] * 3
    )


def test_what_an_earlier_turn_used_up_costs_nothing():
    good = [begun(0), 0, begun(1), 1, begun(2), 2, {"done": True}]
    assert carried_out(Scripted([FULL], good, alive=True))[0] == ["done"] * 3


@pytest.mark.parametrize("alive", [False, True])
def test_a_process_that_says_that_it_is_done_is_asked_a_second_time_at_most(alive):
    process = Scripted(*[[{"done": True}]] * 10, alive=alive)
    with pytest.raises(MesaLabError, match="does nothing"):
        carried_out(process)
    assert process.asked == 1 + alive


def test_a_model_that_cannot_be_loaded_is_an_error_of_the_study():
    with pytest.raises(ModelError, match="more memory"):
        carried_out(Scripted([FULL]))
