"""Files that students bring: described, checked and run in confined processes alone, whatever is in them."""

import io
import socket
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from mesa_lab.classroom.invitation import invitation
from mesa_lab.classroom.own_code import LARGEST
from mesa_lab.errors import MesaLabError, StudyError
from mesa_lab.preparation.experiment import Experiment
from mesa_lab.preparation.models import describe, load_model, signature
from mesa_lab.processing.results import Results
from mesa_lab.running.backends.backend import Uncontrolled
from mesa_lab.running.confinement import landlock, own_models
from mesa_lab.running.confinement.answers import UnfitAnswerError, batch_from, plain_batch, read
from mesa_lab.running.confinement.confined_runs import ConfinedRuns
from mesa_lab.running.confinement.own_models import confined_runs
from mesa_lab.running.confinement.rules import not_offered
from mesa_lab.running.workers.serialization import pack
from mesa_lab.study import Study
from mesa_lab.study.records import Batch, RunRecord, Task
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
            for _ in range(n):
                mesa.Agent(self).wealth = 1

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
    assert (found.reference, found.summary) == (f"{path}:Coins", "Coins change hands.")
    assert [info.kind for info in found.parameters] == ["integer", "real", "choice", "fixed"]
    assert found.parameters[2].choices == ("a", "b")
    assert "object" in repr(found.parameters[3].default)
    assert found.model_reporters == ("n", "x")
    kind = load_model(found.reference)
    assert list(signature(kind).parameters) == ["n", "share", "how", "extra"]
    with pytest.raises(MesaLabError, match="confined processes alone"):
        kind()

    experiment = Experiment(
        found.reference, {"n": [1, 2]}, replications=3, max_steps=4, outcomes=["n", "x"], agents=["wealth"]
    )
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
        assert len(Results(opened).agents()) == 3 * (1 + 2) * 4
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


BURDEN = """
    import os, signal
    import mesa

    class Burden(mesa.Model):
        def __init__(self, what="nothing", rng=None):
            super().__init__(rng=rng)
            self.what = what
            self.x = 1
            if what == "text":
                self.x = "x" * 100_000_000
            self.datacollector = mesa.DataCollector({"x": "x"})

        def step(self):
            if self.what == "loop":
                while True:
                    try:
                        while True:
                            pass
                    except BaseException:
                        pass
            elif self.what == "memory":
                self.hoard = [bytearray(1 << 26) for _ in range(10_000)]
            elif self.what == "end":
                os._exit(7)
            elif self.what == "disk":
                number = 0
                while True:
                    with open(f"file{number}", "wb") as file:
                        file.write(bytes(1 << 22))
                    number += 1
            elif self.what == "threads":
                import threading
                lasting = threading.Event()
                while True:
                    threading.Thread(target=lasting.wait, daemon=True).start()
            elif self.what == "open":
                self.held = []
                while True:
                    self.held.append(open("/dev/null"))
            elif self.what == "print":
                print("x" * 1_000_000_000)
            elif self.what == "forge":
                import pickle
                for number in range(3, 30):
                    try:
                        os.write(number, b"99999999999999\\n")
                    except OSError:
                        pass
                while True:
                    pass
            self.datacollector.collect(self)
"""


@pytest.mark.skipif(not HERE, reason="this kernel offers no confinement; the refusal is tested in its place")
@pytest.mark.timeout(900)
def test_what_eats_the_machine_costs_its_own_run_alone_and_the_class_goes_on(open_room):
    room = open_room(processes=2, memory=500, minutes_per_run=0.02, megabytes=40, own_code=True)
    ada, path = brought(room, "ada", BURDEN)
    acts = ["nothing", "loop", "memory", "end", "disk", "threads", "open", "print", "forge", "text"]
    folder = room.classroom.workspace(ada.id).folder
    folder.mkdir(parents=True, exist_ok=True)
    experiment = Experiment(f"{path}:Burden", {"what": acts}, max_steps=1, outcomes=["x"])
    Study.for_experiment(experiment, folder / "x.study").close()
    bad = f"visitors/{ada.id}/x.study"
    good = room.study(room.student("bob"), replications=20)
    room.run(bad, good)
    room.until(lambda: all(room.status(place).state == "finished" for place in (bad, good)), seconds=600)
    assert room.status(good).done == 20
    with Study.open(folder / "x.study") as study:
        frame = study.runs_frame([])
        failures = study.failures_frame().set_index("run_id")["message"].to_dict()
    status = dict(zip(acts, frame.sort_values("run_id")["status"], strict=True))
    assert status["nothing"] == "done"
    assert status["loop"] == "timed out"
    for act in ("memory", "end", "disk", "threads", "open", "forge"):
        assert status[act] in ("failed", "timed out"), (act, status[act])
    assert "has ended" in failures[acts.index("end")]
    assert not list(Path(tempfile.gettempdir()).glob("mesa-lab-scratch-*/*/file0"))
    assert not [ticket for ticket in room.queue.registry.tickets() if ticket.problem]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("while True: pass", "did not answer within"),
        ("import os; os._exit(1)", "has ended"),
        ("x = [bytearray(1 << 26) for _ in range(10_000)]", "MemoryError"),
        ("raise SystemExit(3)", "cannot be imported"),
        ("x = 1\n" * 30_000, "holds no Mesa model"),
        ("(" * 5_000, "cannot be"),
    ],
)
def test_a_file_that_cannot_be_described_says_why(room, monkeypatch, text, said):
    if text.startswith("while"):
        monkeypatch.setattr(own_models, "_DESCRIBING_SECONDS", 2.0)
    _, path = brought(room, "ada", text)
    with pytest.raises(MesaLabError, match=said) as caught:
        describe(path)
    assert str(room.classroom.folder) not in str(caught.value), (
        "where files are on the server is nobody's business"
    )


def test_where_the_system_cannot_confine_them_the_class_is_refused_unless_told_otherwise(
    monkeypatch, tmp_path
):
    from click.testing import CliRunner

    from mesa_lab.cli.classroom import classroom

    asked = []
    monkeypatch.setattr(landlock, "version", lambda: 1)
    monkeypatch.setattr(
        "mesa_lab.app.server.server.serve", lambda *words, **options: asked.append(options["classroom"])
    )
    words = ["--models", "mesa.examples:Schelling", "--no-open"]
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    refused = run.invoke(classroom, [*words, "--own-code"])
    assert refused.exit_code != 0
    assert "cannot keep students' code from" in f"{refused.output}{refused.exception}"
    assert asked == []
    assert run.invoke(classroom, [*words, "--own-code", "--unconfined"]).exit_code == 0
    assert not asked[0].walls
    assert "NOTHING keeps it" in invitation(asked[0], "127.0.0.1", 1)
    assert "say --own-code too" in run.invoke(classroom, [*words, "--unconfined"]).output
    assert run.invoke(classroom, words).exit_code == 0
    assert asked[1].own_code is None


def test_without_walls_the_limits_hold(open_room):
    room = open_room(processes=1, memory=500, minutes_per_run=0.02, own_code=True)
    _, path = brought(room, "ada", BURDEN)
    experiment = Experiment(f"{path}:Burden", {"what": "memory"}, max_steps=1, outcomes=["x"])
    payload = pack(experiment.protocol, confined=True)
    runs = ConfinedRuns(Path(path).parent, {"memory": 500.0, "walls": False}, 120.0)
    (batch,) = runs.carry_out(payload, [Task(0, 0, 0, 1, {"what": "memory"})], Uncontrolled(), print)
    runs.close()
    assert batch.runs[0].status == "failed"
    assert "MemoryError" in str(batch.failures)


def test_answers_that_were_made_up_are_refused():
    task = Task(5, 0, 0, 1, {})
    good = Batch((RunRecord(5, 0, 0, 1, "done", 3, 3.0, 0.1, 0.2, ""),), ("x",), ((1.5,),))
    said, parts = plain_batch(good)
    assert batch_from(said, parts, task) == good
    elsewhere = Batch((RunRecord(9, 9, 9, 9, "done", 3, 3.0, 0.1, 0.2, ""),), ("x",), ((1.5,),))
    assert batch_from(plain_batch(elsewhere)[0], [], task).runs == good.runs, (
        "which run it is, is not for it to say"
    )
    for change in (
        {"runs": []},
        {"finals": [[1, 2]]},
        {"finals": [[{"a": 1}]]},
        {"finals": [[2**70]]},
        {"names": ["x" * 2_000]},
        {"series": 0},
        {"series": -1},
        {"runs": [[5, 0, 0, 1, "splendid", 3, 3.0, 0.1, 0.2, ""]]},
        {"runs": [[5, 0, 0, 1, "done", "3", 3.0, 0.1, 0.2, ""]]},
        {"failures": [[5, "nowhere", "a", "b", "c"]]},
        {"outputs": [[5, 0, 7]]},
        {"agents": {"x": 3}},
    ):
        with pytest.raises(UnfitAnswerError):
            batch_from(said | change, [b"nonsense"], task)
    for data in (
        b"x\n",
        b"99999999999\n",
        b"5\n[1,2",
        b"-1\n",
        b"2\n[]",
        b"20\n[{}, [99999999999]]  ",
        b"9" * 40,
    ):
        with pytest.raises(UnfitAnswerError):
            read(io.BytesIO(data))
