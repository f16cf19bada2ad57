"""Outcomes over time along a run whose values are known, whether the model collects or not."""

import math
import statistics

import mesa
import pytest

from mesa_lab import Outcome, RunConfiguration, simulate

PATH = [1, 2, 4, 8, 4, 2, 1, 0]


class Epidemic(mesa.Model):
    """Infected rise and fall, and the model stops itself when there are none."""

    def __init__(self, collects=True, path=PATH, seed=None):
        super().__init__(seed=seed)
        self.path, self.at = path, 0
        self.infected, self.word = path[0], "calm"
        self.datacollector = mesa.DataCollector(
            {"infected": "infected", "many": lambda model: model.infected > 4} if collects else {}
        )
        self.datacollector.collect(self)

    def step(self):
        self.at += 1
        self.infected = self.path[self.at]
        self.datacollector.collect(self)
        self.running = self.at < len(self.path) - 1


def measured(*outcomes, collects=True, path=PATH, **settings):
    settings = {"max_steps": 20, **settings}
    return simulate(
        RunConfiguration(
            Epidemic, 0, 0, {"collects": collects, "path": path}, outcomes=list(outcomes), seed=1, **settings
        )
    )


def one(over, source="infected", **settings):
    run = {
        name: settings.pop(name)
        for name in ("collects", "path", "max_steps", "data_collection_period")
        if name in settings
    }
    result = measured(Outcome("it", source, over=over, **settings), **run)
    return result.outcomes["it"]


EXPECTED = {
    "mean": statistics.mean(PATH),
    "max": 8,
    "min": 0,
    "sum": sum(PATH),
    "sd": statistics.stdev(PATH),
    "time of max": 3,
    "time of min": 7,
    'first "infected >= 4"': 2,
    "first infected == 0": 7,
    "first infected > 100": None,
}


@pytest.mark.parametrize("collects", [True, False])
@pytest.mark.parametrize("over", EXPECTED)
def test_the_number_is_that_of_all_steps(over, collects):
    expected = EXPECTED[over]
    assert one(over, collects=collects) == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize("period", [1, 5, -1])
def test_it_does_not_depend_on_which_steps_are_kept(period):
    for collects in (True, False):
        assert one("max", collects=collects, data_collection_period=period) == 8
        assert one("mean", collects=collects, data_collection_period=period) == statistics.mean(PATH)


def test_a_warm_up_is_left_out():
    assert one("mean", warm_up=4) == statistics.mean([4, 2, 1, 0])
    assert one("max", warm_up=4) == 4
    assert one("first infected <= 4", warm_up=2) == 2
    result = measured(Outcome("it", "infected", over="mean", warm_up=50))
    assert result.outcomes["it"] is None
    assert "before its warm-up of 50" in result.notes[0]


def test_a_run_that_stops_itself_can_count_with_its_last_value():
    rest = [0] * 13
    assert one("mean", after_end="carry") == pytest.approx(statistics.mean(PATH + rest))
    assert one("sd", after_end="carry") == pytest.approx(statistics.stdev(PATH + rest))
    up = [1, 2, 3]
    assert one("sum", path=up, max_steps=9, after_end="carry") == 6 + 7 * 3
    assert one("mean", path=up, max_steps=9, warm_up=5, after_end="carry") == 3
    assert one("max", path=up, max_steps=9, warm_up=5, after_end="carry") == 3
    assert one("max", after_end="carry") == 8
    # Nothing is added to a run that goes on until the end.
    assert one("mean", max_steps=7, after_end="carry") == statistics.mean(PATH)


def test_whether_something_ever_held_stays_a_yes_or_no():
    assert one("max", "many") is True
    assert one("mean", "many") == 1 / 8
    assert one("min", "many") is False


def test_missing_values_are_left_out():
    assert one("mean", path=[None, 2, math.nan, 4, 0]) == 2
    assert one("max", path=[None, None]) is None
    assert one("time of max", path=[None, 2, math.nan, 4, 0]) == 3
    assert one("sd", max_steps=0) is None


def test_text_has_no_mean_and_costs_its_cell_alone():
    result = measured(Outcome("it", "word", over="max"), "infected")
    assert result.outcomes == {"it": None, "infected": 0}
    assert "is no number" in result.notes[0]
    result = measured(Outcome("it", over="first word > 3", source="word"), "infected")
    assert result.outcomes == {"it": None, "infected": 0}
    assert "does not compare" in result.notes[0]


def test_it_stands_beside_the_value_at_the_end_and_has_no_series():
    result = measured("infected", Outcome("infected", over="max"))
    assert result.outcomes == {"infected": 0, "max of infected": 8}
    assert result.series.column_names == ["run_id", "step", "time", "infected"]
    assert result.series["infected"].to_pylist() == PATH


def test_a_stop_rule_means_the_value_of_the_moment():
    result = measured(Outcome("infected", "infected", over="max"), stop_when="infected == 2")
    assert result.steps == 1
    assert result.outcomes == {"infected": 2}


def test_asking_changes_nothing():
    plain = measured("infected")
    asked = measured(
        "infected", Outcome("count(Agent)", over="mean"), Outcome("infected", over="first infected > 3")
    )
    assert plain.series["infected"].to_pylist() == asked.series["infected"].to_pylist()


def test_infinite_values_are_not_hidden():
    assert one("max", path=[1, math.inf, 0]) == math.inf
    assert one("mean", path=[1, math.inf, 0]) == math.inf
