"""One visitor leaves places for others, and a place is free again when a page is closed."""

import threading

import pytest

from mesa_lab.app.watch import player
from mesa_lab.app.watch.player import MOST_OF_ONE, Look, Player
from mesa_lab.errors import RunError


class Stuck:
    """A viewer whose model never comes to a step."""

    def __init__(self):
        self.closed = threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed.set()

    def close(self):
        self.closed.set()

    def go(self, step, tell, seconds):
        self.closed.wait(60)
        raise RunError("This viewer is closed.")


@pytest.fixture
def watch():
    players = []

    def open_one(owner):
        said, first = [], threading.Event()

        def show(look: Look) -> None:
            said.append(look)
            first.set()

        def make():
            first.set()
            return Stuck()

        players.append(Player(make, 0, show, owner))
        assert first.wait(20)
        return players[-1], said

    yield open_one
    for each in players:
        each.close()


def test_one_visitor_leaves_places_for_others(watch):
    for _ in range(MOST_OF_ONE):
        _, said = watch("ada")
        assert said == []
    _, said = watch("ada")
    assert said[-1].problem == "You watch 4 runs already. Close one of these pages, then open this one again."
    first, said = watch("bob")
    assert said == []
    first.close()


def test_a_closed_page_gives_its_place_back(watch):
    opened = [watch("ada")[0] for _ in range(MOST_OF_ONE)]
    for each in opened:
        each.close()
    waiting = threading.Event()
    for _ in range(200):
        if not player._open:
            break
        waiting.wait(0.05)
    assert player._open == []
    _, said = watch("ada")
    assert said == []
