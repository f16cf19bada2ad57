"""A model whose outcome is known, and waiting for what is run of it."""

import textwrap
import threading

import pytest

MODEL = """
    import mesa


    class Plane(mesa.Model):
        def __init__(self, a=0.5, b=2, kind="plain", rng=None):
            super().__init__(rng=rng)
            if kind == "broken":
                raise ValueError("this kind is broken")
            self.height = 10 * a + b + (5 if kind == "high" else 0) + 0.5 * self.random.gauss(0, 1)
            self.datacollector = mesa.DataCollector({"height": "height"})

        def step(self):
            self.datacollector.collect(self)
            self.running = False
"""


@pytest.fixture(scope="session")
def plane(tmp_path_factory):
    """The reference of a model: 10 a + b, and 5 more of the kind "high", with a standard deviation of 0.5."""
    path = tmp_path_factory.mktemp("plane") / "plane.py"
    path.write_text(textwrap.dedent(MODEL))
    return f"{path}:Plane"


@pytest.fixture(scope="session")
def settle():
    """A function that waits until a session has nothing to run."""

    def wait(session, holds=lambda: True, patience=120):
        news = threading.Event()
        end = session.listen(news.set)
        try:
            for _ in range(10 * patience):
                if not session.is_running and holds():
                    return
                news.wait(0.1)
                news.clear()
        finally:
            end()
        raise AssertionError(f"It does not come to rest: {session.state}")

    return wait
