"""Runs by a cluster: a real one of dask with two workers gives the same rows as this machine, whatever happens to it."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from importlib import import_module
from pathlib import Path

import mesa.examples
import pandas as pd
import psutil
import pytest

import mesa_lab as ml
from mesa_lab.errors import OutcomeError, RunError
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.backends import cluster_connection
from mesa_lab.running.collection.arrow_columns import decode_table
from mesa_lab.running.stream import stream
from mesa_lab.running.workers.serialization import pack
from mesa_lab.study.records import Task

FIXTURES = Path(__file__).parents[2] / "fixtures"
TIMED = ["init_seconds", "run_seconds"]


@pytest.fixture(scope="module")
def scheduler():
    """The address of a cluster of two workers, which gives up a task that has lost two of them."""
    dask, distributed = import_module("dask"), import_module("distributed")
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        cluster_connection._workers_here(2) as address,
    ):
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2)
        yield address


@pytest.fixture
def client(scheduler):
    with import_module("distributed").Client(scheduler, set_as_default=False) as client:
        client.wait_for_workers(2)
        yield client


def tasks(count, **parameters):
    return [
        Task(i, i, 0, 100 + i, {k: v(i) if callable(v) else v for k, v in parameters.items()})
        for i in range(count)
    ]


def run(model, some_tasks, backend, control=None, **protocol):
    protocol.setdefault("max_steps", 3)
    return list(stream(Protocol(model, **protocol), some_tasks, 2, backend, control))


def rows(batches):
    """What is in batches, whichever runs came together."""
    runs = {record.run_id: record for batch in batches for record in batch.runs}
    assert sum(len(batch.runs) for batch in batches) == len(runs), "a run came twice"
    finals = {
        record.run_id: dict(zip(batch.outcome_names, values, strict=True))
        for batch in batches
        for record, values in zip(batch.runs, batch.finals, strict=True)
    }
    tables = [decode_table(batch.series).to_pandas() for batch in batches if batch.series]
    agents = [decode_table(data).to_pandas() for batch in batches for data in batch.agents.values()]
    order = ["run_id", "step"]
    joined = [pd.concat(some).sort_values(order, kind="stable") for some in (tables, agents) if some]
    joined = [frame.astype(object).where(frame.notna(), None).to_dict("list") for frame in joined]
    return {run_id: runs[run_id].status for run_id in sorted(runs)}, dict(sorted(finals.items())), joined


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("name", ["BoltzmannWealth", "Schelling", "WolfSheep"])
def test_a_cluster_gives_the_same_rows_as_this_thread(scheduler, name):
    jobs = tasks(12, width=6, height=6)
    model = getattr(mesa.examples, name)
    assert rows(run(model, jobs, scheduler, agents=True)) == rows(run(model, jobs, "sequential", agents=True))


def test_a_study_on_a_cluster_is_the_same_study(scheduler, tmp_path):
    experiment = ml.Experiment(
        f"{FIXTURES / 'faulty_models.py'}:Raises",
        {"fault": [-1, 2]},
        replications=6,
        max_steps=4,
        outcomes=["Energy", "count(Walker)"],
    )
    here = ml.run(experiment, tmp_path / "here.study", n_jobs=1, progress=False)
    there = ml.run(experiment, tmp_path / "there.study", backend=scheduler, progress=False)
    pd.testing.assert_frame_equal(there.runs.drop(columns=TIMED), here.runs.drop(columns=TIMED))
    pd.testing.assert_frame_equal(there.series(), here.series())
    plain = ["run_id", "stage", "error_type", "message"]
    pd.testing.assert_frame_equal(there.failures[plain], here.failures[plain])
    assert ml.open_study(tmp_path / "there.study").sessions()[0]["settings"]["backend"] == scheduler


def test_the_active_client_is_used_and_left_as_it_is(scheduler, monkeypatch):
    monkeypatch.setattr(cluster_connection, "_workers_here", None)
    with import_module("distributed").Client(scheduler) as active:
        mine = active.submit(abs, -4)
        assert len(run("mesa.examples:Schelling", tasks(4), "dask")) >= 1
        assert active.status == "running"
        assert mine.result() == 4


def test_without_a_cluster_as_many_workers_are_started_here_as_are_asked_for(monkeypatch, scheduler):
    started = []

    @contextlib.contextmanager
    def here(n_jobs):
        started.append(n_jobs)
        yield scheduler
        started.append("ended")

    monkeypatch.setattr(cluster_connection, "_workers_here", here)
    batches = run("mesa.examples:Schelling", tasks(3), "dask")
    assert list(rows(batches)[0].values()) == ["done"] * 3
    assert started == [2, "ended"]


def test_workers_that_were_started_here_end_with_their_driver(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(
        textwrap.dedent("""\
            import os, time, mesa, mesa_lab as ml
            class Endless(mesa.Model):
                def step(self):
                    print(flush=True)
                    open("under_way", "w").close()
                    time.sleep(600)
            ml.run(ml.Experiment(Endless, {}, replications=3, max_steps=1), backend="dask", n_jobs=2, progress=False)
            """)
    )
    driver = subprocess.Popen([sys.executable, str(script)], cwd=tmp_path)
    while not (tmp_path / "under_way").exists():
        assert driver.poll() is None
        time.sleep(0.1)
    family = psutil.Process(driver.pid).children(recursive=True)
    assert len(family) >= 3, "a nanny's process and two workers"
    driver.kill()
    driver.wait()
    _, left = psutil.wait_procs(family, timeout=20)
    assert left == []


def test_code_that_is_only_here_reaches_the_workers(tmp_path):
    """A model from a file, its neighbours, and functions named by reference: the workers have none of these files."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "neighbour.py").write_text("import mesa\nclass Bird(mesa.Agent):\n    songs = 3\n")
    (project / "bird_model.py").write_text(
        textwrap.dedent("""\
            import mesa
            import neighbour
            from neighbour import Bird
            class Aviary(mesa.Model):
                def __init__(self, birds=2, rng=None):
                    super().__init__(rng=rng)
                    Bird.create_agents(self, birds)
                @property
                def songs(self):
                    return sum(bird.songs for bird in self.agents_by_type[neighbour.Bird])
            """)
    )
    (project / "measures_of_birds.py").write_text("def twice(model):\n    return 2 * model.songs\n")
    script = textwrap.dedent(f"""\
        import pickle, shutil, sys
        sys.path.insert(0, {str(project)!r})
        from mesa_lab.preparation.run_configuration import Protocol
        from mesa_lab.running.workers.serialization import pack
        outcomes = {{"songs": "songs", "birds": "count(Bird)", "twice": "measures_of_birds:twice", "more": lambda m: m.songs + 1}}
        protocol = Protocol({str(project / "bird_model.py")!r} + ":Aviary", max_steps=1, outcomes=outcomes)
        sys.stdout.buffer.write(pack(protocol, elsewhere=True).data)
        """)
    packed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    project.rename(tmp_path / "gone")
    worker = textwrap.dedent("""\
        import sys
        from mesa_lab.study.records import Task
        from mesa_lab.running.workers.worker import run_here
        (batch,) = run_here(sys.stdin.buffer.read(), [Task(0, 0, 0, 7, {"birds": 5})])
        print(batch.runs[0].status, batch.finals[0])
        """)
    answer = subprocess.run([sys.executable, "-c", worker], input=packed, capture_output=True, check=True)
    assert answer.stdout.decode().split(maxsplit=1) == ["done", "(15, 5, 30, 16)\n"]


def test_a_model_of_a_script_reaches_the_workers(scheduler, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""\
            import mesa, mesa_lab as ml
            class Coins(mesa.Model):
                def __init__(self, n=1, rng=None):
                    super().__init__(rng=rng)
                    self.heads = sum(self.random.random() < 0.5 for _ in range(n))
            def share(model):
                return model.heads / 100
            experiment = ml.Experiment(Coins, {{"n": [100]}}, replications=3, max_steps=1, outcomes=["heads", share])
            there = ml.run(experiment, backend={scheduler!r}, progress=False).runs
            here = ml.run(experiment, backend="sequential", progress=False).runs
            assert there["heads"].tolist() == here["heads"].tolist()
            print((there["share"] * 100 == there["heads"]).tolist())
            """)
    )
    answer = subprocess.run([sys.executable, "-W", "error", str(script)], capture_output=True, text=True)
    assert (answer.stdout, answer.stderr) == ("[True, True, True]\n", "")


def test_code_that_cannot_be_sent_is_refused_with_the_way_out():
    lock = threading.Lock()
    protocol = Protocol(
        "mesa.examples:Schelling", max_steps=1, outcomes={"locked": lambda model: lock.locked()}
    )
    with pytest.raises(RunError, match=r"cannot be sent to a cluster: .*lock.* install it as a package"):
        pack(protocol, elsewhere=True)
    missing = Protocol("mesa.examples:Schelling", max_steps=1, outcomes="nowhere_at_all:f")
    with pytest.raises(OutcomeError, match="No function 'nowhere_at_all:f'"):
        pack(missing, elsewhere=True)


def test_results_come_while_others_are_under_way(scheduler, tmp_path):
    """The second run ends only once the first has been received here."""
    model = f"{FIXTURES / 'cluster_models.py'}:WaitsForFile"
    jobs = tasks(2, file=lambda i: str(tmp_path / f"{i}"))
    (tmp_path / "0").touch()
    order = []
    for batch in stream(Protocol(model, max_steps=1), jobs, 2, scheduler):
        order += [record.run_id for record in batch.runs]
        (tmp_path / "1").touch()
    assert order == [0, 1]


def test_a_lost_worker_costs_its_runs_only_and_they_are_done_elsewhere(client, scheduler, tmp_path):
    model = f"{FIXTURES / 'cluster_models.py'}:Notes"
    jobs = tasks(8, folder=str(tmp_path))
    killed = []
    batches = []
    for batch in stream(Protocol(model, max_steps=1, outcomes=["pid", "name"]), jobs, 2, scheduler):
        batches.append(batch)
        if not killed:  # the others wait for the file that is made below
            while not (
                busy := [path for path in tmp_path.glob("*.pid") if not path.with_suffix(".done").exists()]
            ):
                time.sleep(0.02)
            killed.append((busy[0].stem, int(busy[0].read_text())))
            os.kill(killed[0][1], signal.SIGKILL)
            (tmp_path / "go").touch()
    assert killed
    statuses, finals, _ = rows(batches)
    assert list(statuses.values()) == ["done"] * 8
    (elsewhere,) = [values["pid"] for values in finals.values() if values["name"] == killed[0][0]]
    assert elsewhere != killed[0][1]
    client.wait_for_workers(2)


def test_only_the_run_that_kills_its_workers_fails(client, scheduler):
    model = f"{FIXTURES / 'faulty_models.py'}:Exits"
    jobs = tasks(10, fault=lambda i: 2 if i == 4 else -1)
    batches = run(model, jobs, scheduler)
    statuses, finals, _ = rows(batches)
    assert statuses == {i: "failed" if i == 4 else "done" for i in range(10)}
    failures = [failure for batch in batches for failure in batch.failures]
    assert [(f.run_id, f.stage, f.error_type) for f in failures] == [(4, "worker", "WorkerDiedError")]
    assert "died, one after the other" in failures[0].message
    sound = tasks(10, fault=-1)
    expected = rows(run(model, sound, "sequential"))[1]
    assert {i: finals[i] for i in finals if i != 4} == {i: expected[i] for i in expected if i != 4}
    client.wait_for_workers(2)


class Asked:
    """A control that stops when told; a pause that it is told of ends after a few looks."""

    def __init__(self):
        self.stop = False
        self.looks = 0

    def paused(self):
        self.looks -= self.looks > 0
        return self.looks > 0

    def stopped(self):
        return self.stop


def test_a_request_to_stop_is_heard_while_runs_are_under_way(scheduler, tmp_path):
    model = f"{FIXTURES / 'cluster_models.py'}:WaitsForFile"
    asked = Asked()
    threading.Timer(0.5, lambda: setattr(asked, "stop", True)).start()
    assert run(model, tasks(4, file=str(tmp_path / "later")), scheduler, asked) == []
    (tmp_path / "later").touch()  # the workers are free for the next test


def test_after_a_pause_the_rest_is_run(scheduler):
    asked = Asked()
    seen = []
    for batch in stream(Protocol("mesa.examples:Schelling", max_steps=1), tasks(60), 2, scheduler, asked):
        if not seen:
            asked.looks = 5
        seen += [record.run_id for record in batch.runs]
    assert sorted(seen) == list(range(60))
    assert asked.looks == 0


def test_a_stream_that_is_closed_lets_go_of_its_tasks(client, scheduler):
    batches = stream(Protocol("mesa.examples:Schelling", max_steps=50), tasks(500), 2, scheduler)
    next(batches)
    batches.close()
    names = [thread.name for thread in threading.enumerate()]
    assert "mesa-lab-relay" not in names
    assert client.submit(abs, -1).result() == 1


def test_what_the_workers_lack_is_said(scheduler):
    protocol = Protocol("mesa.examples:Schelling", max_steps=1, outcomes={"odd": _Unloadable()})
    with pytest.raises(
        RunError, match="The cluster's workers lack something: no library of that name. Install the same"
    ):
        list(stream(protocol, tasks(3), 2, scheduler))


class _Unloadable:
    """A function of the model that cannot be unpickled anywhere."""

    __name__ = "unloadable"

    def __call__(self, model):
        return 0

    def __reduce__(self):
        return _refuse, ()


def _refuse():
    raise ImportError("no library of that name")


def test_an_address_where_nobody_is_says_so(monkeypatch):
    monkeypatch.setattr(cluster_connection, "_START_SECONDS", 0.5)
    with pytest.raises(RunError, match=r"There is no dask scheduler at 'tcp://127.0.0.1:9'"):
        run("mesa.examples:Schelling", tasks(1), "tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    ("backend", "library"), [("dask", "distributed"), ("ray", "ray"), ("tcp://127.0.0.1:9", "dask")]
)
def test_a_library_that_is_not_there_is_named_with_the_way_to_get_it(monkeypatch, backend, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(RunError, match=r"It comes with: pip install mesa-lab\[(dask|ray)\]"):
        run("mesa.examples:Schelling", tasks(1), backend)
