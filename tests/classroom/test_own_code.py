"""Files that students bring: described, checked and run in confined processes alone, whatever is in them."""

import socket
import sys
import textwrap
from pathlib import Path

import pytest

from mesa_lab.classroom.own_code import LARGEST
from mesa_lab.errors import MesaLabError, StudyError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.models import describe, load_model, signature
from mesa_lab.running.backends.backend import Uncontrolled
from mesa_lab.running.confinement.own_models import confined_runs
from mesa_lab.running.confinement.rules import not_offered
from mesa_lab.running.workers.serialization import pack
from mesa_lab.study import Study
from mesa_lab.study.records import Task
from mesa_lab.viewing.viewer import Viewer
from mesa_lab.workspace.test_run import try_model

HERE = not not_offered()

GOOD = """
    from typing import Literal
    import mesa


    class Coins(mesa.Model):
        '''Coins change hands. Nothing else does.'''

        def __init__(self, n=3, share=0.5, how: Literal["a", "b"] = "a", extra=object(), rng=None):
            super().__init__(rng=rng)
            self.n = n
            self.datacollector = mesa.DataCollector({"n": "n", "x": lambda m: m.random.random()})

        def step(self):
            self.datacollector.collect(self)
"""

HOSTILE = """
    import mesa

    class Hostile(mesa.Model):
        def __init__(self, what="nothing", path="", rng=None):
            super().__init__(rng=rng)
            self.what, self.path, self.told = what, path, ""

        def step(self):
            import ctypes, os, signal, socket, subprocess, sys, threading
            what, path = self.what, self.path
            acts = {
                "read": lambda: open(path, "rb").read(1),
                "list": lambda: os.listdir(path),
                "write": lambda: open(path, "ab").write(b"x"),
                "truncate": lambda: os.truncate(path, 0),
                "remove": lambda: os.unlink(path),
                "rename": lambda: os.rename(path, path + "x"),
                "chmod": lambda: os.chmod(path, 0),
                "link": lambda: os.symlink(path, "there"),
                "socket": lambda: socket.create_connection(("127.0.0.1", int(path or 1)), 1),
                "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
                "unix": lambda: socket.socket(socket.AF_UNIX),
                "fork": os.fork,
                "program": lambda: subprocess.run([sys.executable, "-c", "1"]),
                "kill": lambda: os.kill(os.getppid(), signal.SIGKILL),
                "group": lambda: os.killpg(0, signal.SIGKILL),
                "memory of the parent": lambda: open(f"/proc/{os.getppid()}/mem", "rb"),
                "environment of the parent": lambda: open(f"/proc/{os.getppid()}/environ", "rb").read(),
                "limits of the parent": lambda: __import__("resource").prlimit(os.getppid(), 0, (1, 1)),
            }
            try:
                acts[what]()
            except (OSError, ValueError, PermissionError) as error:
                self.told = f"{type(error).__name__} {getattr(error, 'errno', '')}"
            else:
                self.told = "DONE"
            if what == "write here":
                open("note", "w").write("x")
"""


@pytest.fixture
def room(open_room):
    return open_room(processes=2, memory=1000, own_code=True)


def brought(room, name: str, text: str, file: str = "own.py") -> tuple[object, str]:
    """Have a student join and bring a file; return the student and the model."""
    student = room.student(name)
    code = room.classroom.own_code
    path = code.save(student.id, file, textwrap.dedent(text).encode())
    return student, str(path)


def test_a_good_model_is_described_checked_tried_watched_and_run_and_never_loaded_here(room):
    ada, path = brought(room, "ada", GOOD)
    found = describe(path)
    assert found.reference == f"{path}:Coins"
    assert found.summary == "Coins change hands."
    assert [info.kind for info in found.parameters] == ["integer", "real", "choice", "fixed"]
    assert found.parameters[2].choices == ("a", "b")
    assert "object" in repr(found.parameters[3].default)
    assert found.model_reporters == ("n", "x")
    kind = load_model(found.reference)
    assert list(signature(kind).parameters) == ["n", "share", "how", "extra"]
    with pytest.raises(MesaLabError, match="confined processes alone"):
        kind()

    experiment = Experiment(found.reference, {"n": [1, 2]}, replications=3, max_steps=4, outcomes=["n", "x"])
    experiment.check()
    with pytest.raises(MesaLabError, match="Did you mean 'share'"):
        experiment.replace(parameters={"shere": [0.1, 0.2]}).check()
    with pytest.raises(MesaLabError, match="confined processes alone, and this is none"):
        pack(experiment.protocol)
    trial = try_model(found.reference, steps=3)
    assert (trial.status, trial.steps) == ("done", 3)

    place = room.classroom.workspace(ada.id).folder / "coins.study"
    place.parent.mkdir(parents=True, exist_ok=True)
    Study.for_experiment(experiment, place).close()
    study = place.relative_to(room.classroom.folder).as_posix()
    room.run(study)
    room.until_done(study)
    assert room.status(study).done == 6
    with Study.open(place) as opened, Viewer.of_study(opened, 1) as viewer:
        frame = viewer.go(2)
        assert (frame.step, frame.problem, frame.check) == (2, "", "equal")
    assert not any(getattr(module, "__file__", None) == path for module in list(sys.modules.values()))


def test_another_student_s_model_is_refused(room):
    _, path = brought(room, "ada", GOOD)
    bob = room.student("bob")
    folder = room.classroom.workspace(bob.id).folder
    folder.mkdir(parents=True, exist_ok=True)
    experiment = Experiment(f"{path}:Coins", {"n": [1, 2]}, max_steps=1, outcomes=["n"])
    Study.for_experiment(experiment, folder / "x.study").close()
    room.run(f"visitors/{bob.id}/x.study")
    room.until(lambda: any(ticket.problem for ticket in room.queue.registry.tickets()))
    assert "another student's" in room.queue.registry.tickets()[0].problem


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("../../evil.py", b"", None),
        ("model.txt", b"", "letters, digits and underscores"),
        ("a b.py", b"", "letters, digits and underscores"),
        ("..py", b"", "letters, digits and underscores"),
        ("big.py", b"#" * (LARGEST + 1), "larger than 200 kB"),
        ("huge.py", None, "larger than 200 kB"),
        ("binary.py", b"\xff\xfe\x00", "no text in UTF-8"),
    ],
)
def test_what_is_no_small_python_file_is_not_taken(room, name, data, said):
    ada = room.student("ada")
    code = room.classroom.own_code
    if said is None:
        assert code.save(ada.id, name, data).parent == code.folder(ada.id)
        return
    with pytest.raises(StudyError, match=said):
        code.save(ada.id, name, data)
    assert code.files(ada.id) == []


@pytest.mark.skipif(not HERE, reason="this kernel offers no confinement; the refusal is tested in its place")
def test_what_a_hostile_model_tries_is_refused(room, tmp_path):
    _, path = brought(room, "ada", HOSTILE)
    other = room.study(room.student("bob"), "secret", replications=1)
    secret = room.classroom.folder / other
    before = secret.read_bytes()
    listener = socket.create_server(("127.0.0.1", 0))
    tries = [
        *(
            {"what": act, "path": str(secret)}
            for act in ("read", "write", "truncate", "remove", "rename", "chmod", "link")
        ),
        *(
            {"what": "read", "path": place}
            for place in ("/etc/passwd", f"{room.classroom.roster.path}", str(Path.home() / ".bashrc"))
        ),
        {"what": "list", "path": str(room.classroom.folder)},
        {"what": "list", "path": str(secret.parent)},
        {"what": "write", "path": path},
        {"what": "write", "path": str(tmp_path / "outside")},
        {"what": "socket", "path": str(listener.getsockname()[1])},
        *({"what": act, "path": ""} for act in ("datagram", "unix", "fork", "program", "kill", "group")),
        *({"what": f"{act} of the parent", "path": ""} for act in ("memory", "environment", "limits")),
    ]
    experiment = Experiment(f"{path}:Hostile", {"what": "read"}, max_steps=1, outcomes=["told"])
    payload = pack(experiment.protocol, confined=True)
    tasks = [Task(number, 0, number, 1, given) for number, given in enumerate(tries)]
    runs = confined_runs(payload.model)
    told = [
        (batch.runs[0].status, batch.finals[0] or batch.failures)
        for batch in runs.carry_out(payload, tasks, Uncontrolled(), lambda *_: None)
    ]
    runs.close()
    listener.close()
    assert len(told) == len(tries)
    for given, (status, values) in zip(tries, told, strict=True):
        assert status == "done", (given, values)
        assert values[0] in ("PermissionError 1", "PermissionError 13"), (given, values)
    assert secret.read_bytes() == before
    assert not (tmp_path / "outside").exists()
