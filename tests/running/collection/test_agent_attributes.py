import pytest

from mesa_lab.running.collection.agent_attributes import attribute_or_none, reader_of


class Agent:
    def __init__(self, wealth):
        self.wealth = wealth


class Poor:
    __slots__ = ("purse",)


def test_attributes_of_many_agents_are_read_at_once():
    assert reader_of("wealth")([Agent(3), Agent("x")]) == [3, "x"]
    assert reader_of("attribute")([]) == []
    with pytest.raises(AttributeError):
        reader_of("wealth")([Agent(3), Poor()])
    assert [attribute_or_none("wealth")(agent) for agent in (Agent(3), Poor())] == [3, None]
