"""Runs by many processes: the same rows as by one, and no task is ever lost."""

import gc
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import mesa
import mesa.examples
import psutil
import pytest

from mesa_lab.errors import MesaLabError, ModelError, RunError
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.running.collection.arrow_columns import decode_table
from mesa_lab.running.stream import stream
from mesa_lab.running.workers import pool
from mesa_lab.study.records import Task

FAULTY = Path(__file__).parents[1] / "fixtures" / "faulty_models.py"
COLLECTING = Path(__file__).parents[1] / "fixtures" / "collecting_models.py"


MODELS = [
    ("BoltzmannWealth", {"n": 10, "width": 4, "height": 4}),
    ("Schelling", {"width": 8, "height": 8}),
    ("VirusOnNetwork", {"num_nodes": 20}),
    ("ConwaysGameOfLife", {"width": 5, "height": 5}),
]
if hasattr(mesa.Model, "run_for"):  # under Mesa 3.4 it fails by itself
    MODELS.append(("MultiLevelAllianceModel", {"n": 6}))


def faulty(name):
    return f"{FAULTY}:{name}"


def tasks(count, **parameters):
    return [
        Task(i, i, 0, 100 + i, {k: v(i) if callable(v) else v for k, v in parameters.items()})
        for i in range(count)
    ]


def present(row):
    """Which runs share a batch decides which columns are there, empty."""
    return {name: value for name, value in row.items() if value is not None}


class Outcome:
    """All that a stream gave, by run."""

    def __init__(self, batches):
        self.batches = list(batches)
        self.runs = {run.run_id: run for batch in self.batches for run in batch.runs}
        self.failures = {failure.run_id: failure for batch in self.batches for failure in batch.failures}
        self.finals = {
            run.run_id: present(dict(zip(batch.outcome_names, finals, strict=True)))
            for batch in self.batches
            for run, finals in zip(batch.runs, batch.finals, strict=True)
        }
        self.series = {}
        for batch in self.batches:
            for row in decode_table(batch.series).to_pylist() if batch.series else ():
                self.series.setdefault(row.pop("run_id"), []).append(present(row))
        assert sum(len(batch.runs) for batch in self.batches) == len(self.runs), "a run came twice"

    @property
    def statuses(self):
        return [self.runs[run_id].status for run_id in sorted(self.runs)]


def run(model, some_tasks, n_jobs=2, backend="loky", control=None, **protocol):
    protocol.setdefault("max_steps", 3)
    return Outcome(stream(Protocol(model, **protocol), some_tasks, n_jobs, backend, control))


def workers_of(driver):
    return [process for process in driver.children() if "popen_loky_posix" in " ".join(process.cmdline())]


@pytest.fixture(scope="module", autouse=True)
def _no_workers_left():
    yield
    pool.end_idle()


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(("name", "parameters"), MODELS)
def test_every_way_of_running_gives_the_same_rows(name, parameters):
    model = getattr(mesa.examples, name)
    jobs = tasks(8, **parameters)
    alone = run(model, jobs, backend="sequential")
    assert alone.statuses == ["done"] * 8
    for other in (run(model, jobs), run(model, jobs[::-1]), run(model, jobs, backend="threading")):
        assert other.finals == alone.finals
        assert other.series == alone.series


def test_agent_tables_come_along():
    results = run("mesa.examples:BoltzmannWealth", tasks(5, n=4, width=3, height=3), agents=True)
    rows = [row for batch in results.batches for row in decode_table(batch.agents[""]).to_pylist()]
    assert len(rows) == 5 * 4 * 4
    assert set(rows[0]) == {"run_id", "step", "agent_id", "agent_type", "Wealth"}


@pytest.mark.parametrize("backend", ["loky", "sequential", "threading"])
def test_a_tenth_of_the_runs_fails(backend):
    results = run(faulty("Raises"), tasks(20, fault=lambda i: 2 if i % 10 == 3 else -1), backend=backend)
    assert [run_id for run_id in sorted(results.runs) if results.runs[run_id].status == "failed"] == [3, 13]
    assert results.statuses.count("done") == 18
    assert results.failures[3].stage == "stepping"
    assert results.failures[3].message == "wrong at 2"


def test_one_of_four_runs_exits_on_one_worker():
    results = run(faulty("Exits"), tasks(4, fault=lambda i: 1 if i == 2 else -1), n_jobs=1)
    assert results.statuses == ["done", "done", "failed", "done"]
    failure = results.failures[2]
    assert (failure.stage, failure.error_type) == ("worker", "WorkerDiedError")
    assert failure.message == "The worker process died during this run (EXIT(3))."


def test_a_segmentation_fault_says_where():
    results = run(faulty("Segfaults"), tasks(3, fault=lambda i: 1 if i == 0 else -1))
    assert results.statuses == ["failed", "done", "done"]
    assert "Segmentation fault" in results.failures[0].message
    assert "in go_wrong" in results.failures[0].traceback


def test_a_worker_killed_from_outside_costs_nothing(tmp_path):
    flag = str(tmp_path / "killed")
    results = run(faulty("Dies"), tasks(6, fault=lambda i: 2 if i == 3 else -1, flag=flag))
    assert Path(flag).exists()
    assert results.statuses == ["done"] * 6
    assert results.finals == run(faulty("Dies"), tasks(6), backend="sequential").finals


def test_idle_workers_may_die_between_two_streams():
    assert run(faulty("Base"), tasks(4)).statuses == ["done"] * 4
    for process in workers_of(psutil.Process()):
        process.kill()
    assert run(faulty("Base"), tasks(4)).statuses == ["done"] * 4


@pytest.mark.parametrize(
    ("name", "stage"),
    [("Loops", "stepping"), ("Sleeps", "stepping"), ("Swallows", "worker"), ("Blocks", "worker")],
)
def test_a_model_that_never_returns(name, stage):
    results = run(faulty(name), tasks(4, fault=lambda i: 2 if i == 1 else -1), timeout=1)
    assert results.statuses == ["done", "timed out", "done", "done"]
    failure = results.failures[1]
    assert (failure.stage, failure.error_type) == (stage, "RunTimeoutError")
    assert "go_wrong" in failure.traceback


def test_what_a_model_prints_is_kept_for_its_failure_only(capfd):
    results = run(faulty("Prints"), tasks(2, fault=lambda i: 1 if i == 1 else -1))
    assert results.runs[1].notes == "The model printed last: about to fail"
    assert results.runs[0].notes == ""
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""


def test_workers_free_each_model_before_the_next():
    results = run(faulty("Alone"), tasks(400), n_jobs=1)
    assert {failure.message + failure.traceback for failure in results.failures.values()} == set()
    assert results.statuses == ["done"] * 400
    # Short runs share a collection of garbage: so many models may wait for it, but not all.
    assert max(final["others"] for final in results.finals.values()) < 200


def test_models_that_change_their_surroundings_do_not_matter():
    jobs = tasks(6)
    assert (
        run(faulty("Wanders"), jobs, n_jobs=1).finals == run(faulty("Wanders"), jobs[::-1], n_jobs=1).finals
    )


def test_the_calling_process_is_left_as_it_was():
    before = (
        signal.getsignal(signal.SIGINT),
        Path.cwd(),
        sys.stdout,
        gc.get_threshold(),
    )
    frozen = gc.get_freeze_count()
    random.seed(7)
    state = random.getstate()
    for backend in ("loky", "sequential", "threading"):
        run(faulty("Wanders"), tasks(3), backend=backend)
    assert random.getstate() == state
    assert (
        signal.getsignal(signal.SIGINT),
        Path.cwd(),
        sys.stdout,
        gc.get_threshold(),
    ) == before
    assert gc.get_freeze_count() <= frozen  # what others froze may have been freed meanwhile


class Switch:
    def __init__(self):
        self.pause = self.stop = False

    def paused(self):
        return self.pause

    def stopped(self):
        return self.stop


def test_stopping_ends_the_workers_at_once():
    pool.end_idle()
    switch = Switch()
    results = []
    for batch in stream(
        Protocol(faulty("Sleeps"), max_steps=2),
        tasks(50, fault=lambda i: 1 if i > 3 else -1),
        2,
        control=switch,
    ):
        results += batch.runs
        switch.stop = True
    assert {run.status for run in results} == {"done"}
    pool.end_idle()
    assert workers_of(psutil.Process()) == []


def test_pausing_lets_running_ones_finish():
    switch = Switch()
    batches = stream(Protocol(faulty("Waits"), max_steps=2), tasks(20), 2, control=switch)
    seen = list(next(batches).runs)
    switch.pause = True
    threading.Timer(1.0, lambda: setattr(switch, "pause", False)).start()
    for batch in batches:
        seen += batch.runs
        if switch.pause:
            assert len(seen) <= 10
    assert sorted(run.run_id for run in seen) == list(range(20))


def test_closing_the_stream_ends_its_workers():
    pool.end_idle()
    batches = stream(Protocol(faulty("Sleeps"), max_steps=2), tasks(4, fault=lambda i: 1 if i else -1), 2)
    next(batches)
    batches.close()
    pool.end_idle()
    assert workers_of(psutil.Process()) == []


def test_tasks_are_read_as_they_are_needed():
    read = []

    def endless():
        for number in range(10**9):
            read.append(number)
            yield Task(number, number, 0, number, {})

    batches = stream(Protocol(faulty("Waits"), max_steps=1), endless(), 2)
    next(batches)
    batches.close()
    assert len(read) < 10_000  # one look ahead


def test_a_model_that_cannot_be_loaded():
    with pytest.raises(ModelError, match="no_such_module"):
        run("no_such_module:Model", tasks(3))


def test_a_model_that_workers_cannot_load(tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("raise RuntimeError('not today')\n")
    with pytest.raises(RunError, match=r"cannot load the model.*not today"):
        run(f"{file}:Broken", tasks(3))


def test_what_cannot_be_loaded_leaves_the_worker_fit_for_what_it_knew():
    first = run(mesa.examples.Schelling, tasks(2, width=5, height=5), n_jobs=1, max_steps=1)
    with pytest.raises(MesaLabError, match="No function 'nowhere:function'"):
        run(mesa.examples.Schelling, tasks(2), n_jobs=1, max_steps=1, outcomes="nowhere:function")
    again = run(mesa.examples.Schelling, tasks(2, width=5, height=5), n_jobs=1, max_steps=1)
    assert again.finals == first.finals


def test_a_model_whose_import_kills(tmp_path):
    file = tmp_path / "deadly.py"
    file.write_text(
        "import os, mesa\nclass Deadly(mesa.Model): pass\nif 'LOKY_PICKLER' in os.environ or True: os._exit(9)\n"
    )
    with pytest.raises(RunError, match="die while they load"):
        run(f"{file}:Deadly", tasks(3), n_jobs=1)


def test_no_jobs_make_no_sense():
    with pytest.raises(RunError, match="n_jobs is 0"):
        run(faulty("Base"), tasks(1), n_jobs=0)


def test_an_edited_model_is_loaded_again(tmp_path):
    file = tmp_path / "edited.py"
    text = "import mesa\nclass Edited(mesa.Model):\n    value = 1\n    def __init__(self, rng=None): super().__init__(rng=rng)\n"
    file.write_text(text)
    assert run(f"{file}:Edited", tasks(1), outcomes=("value",)).finals[0] == {"value": 1}
    file.write_text(text.replace("value = 1", "value = 22"))
    assert run(f"{file}:Edited", tasks(1), outcomes=("value",)).finals[0] == {"value": 22}


SCRIPT = """
import mesa
from mesa_lab.preparation.run_configuration import Protocol
from mesa_lab.study.records import Task
from mesa_lab.running.stream import stream

class Agent(mesa.Agent):
    wealth = 2

class Model(mesa.Model):
    def __init__(self, n=3, rng=None):
        super().__init__(rng=rng)
        Agent.create_agents(self, n)
        self.datacollector = mesa.DataCollector({"Wealth": lambda m: helper(m)})
    def step(self):
        self.datacollector.collect(self)

def helper(model):
    return sum(agent.wealth for agent in model.agents)

found = []
for batch in stream(Protocol(Model, max_steps=2, stop_when=lambda m: False), [Task(i, 0, 0, i, {"n": i}) for i in range(6)], 2):
    found += [(run.run_id, run.status, *finals) for run, finals in zip(batch.runs, batch.finals)]
print(sorted(found))
"""


@pytest.mark.parametrize("how", ["stdin", "script", "option"])
def test_a_class_of_the_main_module_needs_no_guard(how, tmp_path):
    file = tmp_path / "study.py"
    file.write_text(SCRIPT)
    command = {
        "stdin": [sys.executable, "-"],
        "script": [sys.executable, str(file)],
        "option": [sys.executable, "-c", SCRIPT],
    }
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        command[how],
        input=SCRIPT if how == "stdin" else None,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == str([(i, "done", 2 * i) for i in range(6)])


def test_workers_do_not_outlive_a_killed_driver(tmp_path):
    script = textwrap.dedent(f"""
        import sys
        from mesa_lab.preparation.run_configuration import Protocol
        from mesa_lab.study.records import Task
        from mesa_lab.running.stream import stream
        tasks = [Task(i, 0, 0, i, {{"fault": -1 if i == 0 else 1}}) for i in range(4)]
        for batch in stream(Protocol({faulty("Sleeps")!r}, max_steps=2), tasks, 2):
            print("one", flush=True)
    """)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
    ) as driver:
        assert driver.stdout.readline() == "one\n"
        workers = [
            p for p in psutil.Process(driver.pid).children() if "popen_loky_posix" in " ".join(p.cmdline())
        ]
        assert len(workers) == 2
        driver.kill()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []


def test_streams_in_two_threads_do_not_meet():
    found = {}

    def one(name, count):
        found[name] = run(faulty("Base"), tasks(count), n_jobs=1 + count % 2).statuses

    threads = [threading.Thread(target=one, args=(name, 10 + name)) for name in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: ["done"] * 10, 1: ["done"] * 11}


def test_an_interrupt_in_the_main_thread_ends_the_workers():
    pool.end_idle()
    main = threading.main_thread().ident
    batches = stream(Protocol(faulty("Sleeps"), max_steps=2), tasks(4, fault=lambda i: 1 if i else -1), 2)
    next(batches)
    threading.Timer(0.5, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        next(batches)
    pool.end_idle()
    assert workers_of(psutil.Process()) == []


def test_a_backend_that_is_not_there_is_named():
    with pytest.raises(RunError, match="The backend is 'nowhere', which is none of loky"):
        run(faulty("Base"), tasks(2), backend="nowhere")
