"""What starting the app refuses, and whom it then serves. A running server is tested in a browser."""

import socket

import pytest

from mesa_lab.app.server import server
from mesa_lab.errors import MesaLabError
from mesa_lab.workspace.access import Access, access, grant


@pytest.fixture
def served(monkeypatch):
    """Start the app without starting anything; what it would have run."""
    runs = []
    monkeypatch.setattr(server, "_application", lambda pages: "application")
    monkeypatch.setattr(server, "_run", lambda app, listener, ready: runs.append((app, listener)))
    yield runs
    for _, listener in runs:
        listener.close()
    grant(None)


def test_others_need_models(served):
    with pytest.raises(MesaLabError, match=r"Host 0\.0\.0\.0 opens the app to others.*--models"):
        server.serve(host="0.0.0.0")
    assert served == []


def test_an_address_that_is_not_ours_is_refused(served, tmp_path):
    with pytest.raises(MesaLabError, match=r"Cannot listen on 192\.0\.2\.1"):
        server.serve(host="192.0.2.1", port=0, studies=tmp_path, models=["m:M"])


def test_a_person_alone_may_do_everything(served, tmp_path):
    server.serve(port=0, open_browser=False, studies=tmp_path / "new", models=["file.py:M"])
    assert access() == Access(local=True, studies=tmp_path / "new", models=("file.py:M",))
    assert (tmp_path / "new").is_dir()


def test_others_may_not(served, tmp_path):
    server.serve(host="0.0.0.0", port=0, studies=tmp_path, models=["m:M"])
    assert not access().local


def test_a_taken_port_gives_the_next(served, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server.serve(port=port, studies=tmp_path)
    assert served[0][1].getsockname()[1] != port


def test_a_notebook_is_one_persons(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert access() == Access(local=True, studies=tmp_path, models=())
