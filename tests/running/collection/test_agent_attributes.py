import abc
import functools

import pytest
from mesa import Agent as MesaAgent

from mesa_lab.running.collection.agent_attributes import (
    are_plain,
    attribute_or_none,
    is_plain,
    reader_of,
)


class Agent:
    rank = 5
    nothing = None
    made_of_class = staticmethod(len)

    def __init__(self, wealth):
        self.wealth = wealth

    @property
    def luck(self):
        raise AssertionError

    @functools.cached_property
    def origin(self):
        raise AssertionError

    def method(self):
        raise AssertionError

    class Descriptor:
        def __get__(self, thing, owner=None):
            raise AssertionError

    described = Descriptor()


class Slotted:
    __slots__ = ("purse",)


class SlottedHeir(Slotted, Agent):
    pass


class Hides(Agent):
    rank = property(lambda self: 1)


class Shows(Agent):
    luck = 3
    described = None


class Answers:
    def __getattr__(self, name):
        return 1


class Watches(Agent):
    def __getattribute__(self, name):
        return super().__getattribute__(name)


class AnswersToo(Answers, Agent):
    pass


class Abstract(abc.ABC):
    @property
    @abc.abstractmethod
    def luck(self): ...


class Concrete(Abstract, Agent):
    luck = 1


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Agent, "wealth"),
        (Agent, "rank"),
        (Agent, "nothing"),
        (Agent, "no such thing"),
        (Slotted, "purse"),
        (SlottedHeir, "purse"),
        (SlottedHeir, "wealth"),
        (Shows, "luck"),
        (Shows, "described"),
        (Concrete, "luck"),
        (MesaAgent, "unique_id"),
        (MesaAgent, "pos"),
    ],
)
def test_a_plain_value_is_one(kind, name):
    assert is_plain(kind, name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Agent, "luck"),
        (Agent, "origin"),
        (Agent, "method"),
        (Agent, "made_of_class"),
        (Agent, "described"),
        (SlottedHeir, "luck"),
        (Hides, "rank"),
        (Answers, "anything"),
        (AnswersToo, "wealth"),
        (Watches, "wealth"),
        (Abstract, "luck"),
        (MesaAgent, "random"),
    ],
)
def test_what_code_answers_for_is_none(kind, name):
    assert not is_plain(kind, name)


def test_the_answer_follows_changes_of_classes():
    class Tracked(Agent):
        pass

    agents = [Tracked(1), Agent(2)]
    assert are_plain(agents, ["wealth", "rank"])
    Tracked.wealth = property(lambda self: 3)
    assert not are_plain(agents, ["wealth"])
    assert are_plain(agents[1:], ["wealth"])
    agents[1].__class__ = Hides
    assert not are_plain(agents[1:], ["rank"])


def test_attributes_of_many_agents_are_read_at_once():
    assert reader_of("wealth")([Agent(3), Agent("x")]) == [3, "x"]
    assert reader_of("attribute")([]) == []
    with pytest.raises(AttributeError):
        reader_of("wealth")([Agent(3), Slotted()])
    assert [attribute_or_none("wealth")(agent) for agent in (Agent(3), Slotted())] == [3, None]
