import functools
import operator

import pytest

from mesa_lab.running.collection.agent_attributes import attribute_of, reader_of


class Agent:
    other = 5

    def __init__(self, wealth):
        self.wealth = wealth

    def method(self):
        return self.wealth

    async def later(self):
        return self.wealth


ONE = Agent(1)


def of_any_name(someone):
    return someone.wealth


@pytest.mark.parametrize("function", [of_any_name, lambda a: a.wealth, lambda a, /: a.wealth, Agent.method])
def test_a_function_that_reads_one_attribute_is_known_by_it(function):
    assert attribute_of(function) == "wealth"
    assert reader_of("wealth")([Agent(3), Agent("x")]) == [3, "x"]


@pytest.mark.parametrize(
    "function",
    [
        lambda a: a.wealth.real,
        lambda a: a.wealth + 1,
        lambda a: -a.wealth,
        lambda a: Agent.other,
        lambda a: a,
        lambda a: a.method(),
        lambda *a: a.wealth,
        lambda a, b=1: a.wealth,
        lambda a, *, b=1: a.wealth,
        lambda a, b=ONE: b.wealth,
        lambda *, a=ONE: a.wealth,
        lambda: Agent.other,
        lambda a: (yield a.wealth),
        Agent.later,
        ONE.method,
        functools.partial(of_any_name),
        operator.attrgetter("wealth"),
        len,
    ],
)
def test_a_function_that_does_anything_else_is_called(function):
    assert attribute_of(function) is None
