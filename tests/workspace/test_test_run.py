import threading

import pytest

from mesa_lab.errors import RunError
from mesa_lab.workspace.test_run import Speed, Stopper, estimate, try_model

MODEL = """
import time
import mesa
from mesa.datacollection import DataCollector

class Slow(mesa.Model):
    def __init__(self, nap=0.0, fails_at=1_000_000, rng=None):
        super().__init__(rng=rng)
        self.nap, self.fails_at, self.count = nap, fails_at, 0
        self.datacollector = DataCollector({"count": "count"})
        self.datacollector.collect(self)

    def step(self):
        time.sleep(self.nap)
        self.count += 1
        if self.count == self.fails_at:
            raise RuntimeError("<img onerror=alert(1)> {{ 1 }}")
        self.datacollector.collect(self)
"""


@pytest.fixture
def slow(tmp_path):
    path = tmp_path / "slow.py"
    path.write_text(MODEL)
    return f"{path}:Slow"


def test_a_trial_shows_series_final_values_and_speed():
    trial = try_model("mesa.examples:WolfSheep", {"initial_sheep": 20}, steps=12)
    assert (trial.status, trial.steps, trial.failure) == ("done", 12, None)
    assert list(trial.series.columns) == ["step", "time", "Wolves", "Sheep", "Grass"]
    assert trial.series["Sheep"][0] == 20
    assert trial.series["Wolves"].iloc[-1] == trial.outcomes["Wolves"]
    assert trial.speed.run_seconds(12) == pytest.approx(trial.seconds)


def test_a_model_that_fails_shows_where(slow):
    trial = try_model(slow, {"fails_at": 3})
    assert trial.status == "failed"
    assert trial.failure.error_type == "RuntimeError"
    assert trial.failure.stage == "stepping"
    assert "slow.py" in trial.failure.traceback
    assert list(trial.series["count"]) == [0, 1, 2]


def test_a_trial_that_takes_too_long_ends_by_itself_and_keeps_what_it_saw(slow):
    trial = try_model(slow, {"nap": 0.05}, steps=10_000, time_limit=0.5)
    assert trial.status == "timed out"
    assert trial.steps > 0
    assert trial.speed.step_seconds > 0.04


def test_a_trial_can_be_stopped_from_another_thread(slow):
    stopper = Stopper()
    timer = threading.Timer(0.5, stopper.stop)
    timer.start()
    assert try_model(slow, {"nap": 60}, stopper=stopper).status == "stopped"


def test_a_model_that_does_not_exist_is_said_to_be_missing():
    with pytest.raises(RunError, match="WolfSheep"):
        try_model("mesa.examples:WolfShep")


def test_an_estimate_shares_the_runs_among_processes():
    speed = Speed(0.5, 0.01)
    assert estimate(speed, runs=100, steps=50, processes=4) == pytest.approx(25)
    assert estimate(speed, runs=1, steps=50, processes=4) == pytest.approx(1)
