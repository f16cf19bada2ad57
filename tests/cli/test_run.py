"""`run`, `resume`, `retry`, and what they say at the end."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

import mesa_lab as ml
from mesa_lab.study import Study

QUICK = ("-j", "1", "--quiet")
FAILING = "size = [1, 2, 3]\nlimit = 9"  # 3 × 4 steps is more than 9


def answer(outcome):
    return json.loads(outcome.stdout)


def test_run_says_what_came_out(terminal, experiment_file):
    experiment_file()
    outcome = terminal("run", "count.toml", *QUICK)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stderr == "Counter: 3 points × 2 replications = 6 runs.\n"
    lines = outcome.stdout.splitlines()
    assert [line.split()[:6] for line in lines if line.strip().startswith(("1 ", "2 ", "3 "))] == [
        ["1", "4", "in", "all", "2", "runs"],
        ["2", "8", "in", "all", "2", "runs"],
        ["3", "12", "in", "all", "2", "runs"],
    ]
    assert "6 of 6 runs done." in lines
    assert "Study: count.study" in lines


def test_run_as_json_is_json_and_nothing_else(terminal, experiment_file):
    experiment_file()
    found = answer(terminal("run", "count.toml", "here.study", "-j", "1", "--json"))
    assert found["study"] == "here.study"
    assert found["status"]["done"] == 6
    means = {(row["size"], row["outcome"]): row["mean"] for row in found["outcomes"]}
    assert means[3, "total"] == 12.0
    assert len(means) == 6


def test_running_again_runs_only_what_is_missing(terminal, experiment_file):
    experiment_file()
    terminal("run", "count.toml", *QUICK)
    before = ml.open_study("count.study").results.runs
    outcome = terminal("run", "count.toml", "--replications", "3", *QUICK)
    assert outcome.exit_code == 0, outcome.output
    assert "3 points × 3 replications = 9 runs; count.study holds 6 runs." in outcome.stderr
    after = ml.open_study("count.study").results.runs
    kept = after[after["run_id"].isin(before["run_id"])]
    assert kept["noise"].tolist() == before["noise"].tolist()
    assert kept["init_seconds"].tolist() == before["init_seconds"].tolist(), "runs were repeated"


def test_an_unlike_experiment_is_refused_and_loses_nothing(terminal, experiment_file):
    experiment_file()
    terminal("run", "count.toml", *QUICK)
    outcome = terminal("run", "count.toml", "--max-steps", "5", *QUICK)
    assert outcome.exit_code == 1
    assert "max_steps" in outcome.stderr
    assert ml.open_study("count.study").status().done == 6


def test_overwrite_starts_anew(terminal, experiment_file):
    experiment_file()
    terminal("run", "count.toml", *QUICK)
    assert terminal("run", "count.toml", "--max-steps", "5", "--overwrite", *QUICK).exit_code == 0
    assert ml.open_study("count.study").results.runs["total"].max() == 15


def test_failed_runs_are_counted_and_the_exit_code_says_so(terminal, experiment_file):
    experiment_file(parameters=FAILING)
    outcome = terminal("run", "count.toml", *QUICK)
    assert outcome.exit_code == 3
    assert "4 of 6 runs done, 2 failed." in outcome.stdout
    assert "2 × ValueError while stepping: 12 is more than 9 (run 5)" in outcome.stdout
    assert "mesa-lab retry count.study" in outcome.stdout
    assert "Traceback" not in outcome.output


def test_status_tells_where_runs_failed(terminal, experiment_file):
    experiment_file(parameters=FAILING)
    terminal("run", "count.toml", *QUICK)
    shown = terminal("status", "count.study").stdout
    assert "2 × ValueError while stepping: 12 is more than 9" in shown
    assert "raise ValueError" not in shown
    assert "raise ValueError" in terminal("status", "count.study", "--failures").stdout


def test_failures_as_json(terminal, experiment_file):
    experiment_file(parameters=FAILING)
    outcome = terminal("run", "count.toml", "-j", "1", "--json")
    assert outcome.exit_code == 3
    assert [failure["message"] for failure in answer(outcome)["failures"]] == ["12 is more than 9"] * 2


def test_a_corrected_model_is_retried(terminal, experiment_file, tmp_path):
    experiment_file(parameters=FAILING)
    terminal("run", "count.toml", *QUICK)
    assert terminal("run", "count.toml", *QUICK).exit_code == 3, "they are not run again unasked"
    model = tmp_path / "terminal_models.py"
    model.write_text(model.read_text().replace("if self.total > self.limit:", "if False:"))
    outcome = terminal("retry", "count.study", *QUICK)
    assert outcome.exit_code == 0, outcome.output
    assert "of which 2 are run again" in outcome.stderr
    assert "6 of 6 runs done." in outcome.stdout


def test_many_points_are_summarised(terminal, experiment_file):
    experiment_file(parameters=f"size = {list(range(1, 41))}")
    shown = terminal("run", "count.toml", *QUICK).stdout
    assert "over 40 points" in shown
    (total,) = [line.split() for line in shown.splitlines() if line.startswith("total")]
    assert " ".join(total) == "total 4 in all 2 runs size 1 82 160 in all 2 runs size 40"
    assert "Where all 2 runs are alike, up to 78 % of further runs may yet differ (95 % confidence)." in shown


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('outcomes = ["totl"]', "Did you mean 'total'?"),
        ("replicatons = 3", "Did you mean 'replications'?"),
        ('constraints = "size < 0"', "size < 0"),
        ("max_steps = 3", "line"),  # given twice
    ],
)
def test_a_wrong_experiment_leaves_no_study(more, says, terminal, experiment_file, tmp_path):
    experiment_file(more=more)
    outcome = terminal("run", "count.toml", *QUICK)
    assert outcome.exit_code == 1
    assert says in outcome.stderr
    assert outcome.stdout == ""
    assert not list(tmp_path.glob("*.study*"))


@pytest.fixture
def start(tmp_path):
    """Start `mesa-lab` as a process of its own, with its workers in one process group."""
    started = []

    def launch(*arguments, through=()):
        process = subprocess.Popen(
            [*through, sys.executable, "-m", "mesa_lab", *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield launch
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("It never happened.")


def done(path):
    try:
        return ml.open_study(path).status().done
    except ml.StudyError:
        return 0


@pytest.fixture
def endless_file(experiment_file):
    path = experiment_file("endless.toml", parameters=f"size = {list(range(50))}")
    path.write_text(path.read_text().replace(":Counter", ":Endless"))
    return path


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(start, endless_file, tmp_path):
    process = start("run", "endless.toml", "-j", "2")
    study = tmp_path / "endless.study"
    wait_for(lambda: done(study) >= 4 or process.poll() is not None)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers too
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert out == ""
    assert "Go on with: mesa-lab resume endless.study" in err
    assert "Traceback" not in err
    status = ml.open_study(study).status()
    assert 4 <= status.done < 100
    assert not status.is_active


def test_further_ctrl_c_disturb_nothing(start, endless_file, tmp_path):
    process = start("run", "endless.toml", "-j", "2")
    study = tmp_path / "endless.study"
    wait_for(lambda: done(study) >= 4 or process.poll() is not None)
    while process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.02)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert out == ""
    assert err.count("Interrupted: ") == 1
    assert err.count("interrupted\n") == 1
    assert "Go on with: mesa-lab resume endless.study" in err
    assert "Traceback" not in err
    assert "ignored" not in err
    assert ml.open_study(study).status().done >= 4


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_who_asks_it_to_end_gets_an_end_in_order(start, endless_file, tmp_path, name):
    process = start("run", "endless.toml", "-j", "2")
    study = tmp_path / "endless.study"
    wait_for(lambda: done(study) >= 4 or process.poll() is not None)
    process.send_signal(signal.Signals[name])
    _, err = process.communicate(timeout=120)
    assert process.returncode == 128 + signal.Signals[name]
    assert "Go on with: mesa-lab resume endless.study" in err
    assert "Traceback" not in err
    assert "leaked" not in err
    with ml.open_study(study) as opened:
        assert not opened.status().is_active
        assert opened.sessions()[-1]["message"] == name


def test_a_death_leaves_no_warning_behind(start, endless_file, tmp_path):
    """Loky's tracker, which outlives the command, clears its semaphores away without a word."""
    process = start("run", "endless.toml", "-j", "2")
    study = tmp_path / "endless.study"
    wait_for(lambda: done(study) >= 4 or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    _, err = process.communicate(timeout=120)  # until the last process that holds it has ended
    assert "runs" in err
    assert "leaked" not in err
    assert "resource_tracker" not in err


def test_a_single_long_run_is_seen_to_go_on(start, endless_file):
    text = endless_file.read_text().replace(str(list(range(50))), "[1]")
    endless_file.write_text(
        text.replace("replications = 2\nmax_steps = 4", "replications = 1\nmax_steps = 4000")
    )
    process = start("run", "endless.toml", "-j", "1")
    said = []
    while not (said and said[-1].endswith("so far\n")):
        said.append(process.stderr.readline())
        assert said[-1], said
    assert said[-1].startswith("0 of 1 run, ")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)


def test_who_starts_it_without_ctrl_c_is_not_interrupted(start, endless_file, tmp_path):
    """As nohup does for another signal, and a script for its background jobs."""
    ignoring = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
    process = start("run", "endless.toml", "-j", "2", through=ignoring)
    study = tmp_path / "endless.study"
    wait_for(lambda: done(study) >= 4 or process.poll() is not None)
    os.killpg(process.pid, signal.SIGINT)
    before = done(study)
    wait_for(lambda: done(study) > before + 4 or process.poll() is not None)
    assert process.poll() in (None, 0)
    process.send_signal(signal.SIGKILL)
    _, err = process.communicate(timeout=120)
    assert "Interrupted" not in err
    assert "Traceback" not in err


def test_a_study_in_the_background_is_paused_resumed_and_stopped(terminal, endless_file):
    launched = terminal("run", "endless.toml", "-j", "2", "--detach")
    assert launched.exit_code == 0, launched.output
    assert "runs in the background" in launched.stdout
    assert terminal("run", "endless.toml").exit_code == 1, "a second driver"
    wait_for(lambda: done("endless.study") >= 2)

    assert answer(terminal("status", "endless.study", "--json"))["state"] == "running"
    paused = terminal("pause", "endless.study")
    assert paused.exit_code == 0, paused.output
    assert paused.stdout.startswith("Paused")
    assert terminal("status", "endless.study").stdout.splitlines()[1].startswith("paused")
    assert "goes on in process" in terminal("resume", "endless.study").stdout
    wait_for(lambda: answer(terminal("status", "endless.study", "--json"))["state"] == "running")

    stopped = terminal("stop", "endless.study")
    assert stopped.exit_code == 0, stopped.output
    assert stopped.stdout.startswith("Stopped")
    assert "mesa-lab resume endless.study" in stopped.stdout
    for command in ("stop", "pause"):
        refused = terminal(command, "endless.study")
        assert refused.exit_code == 1
        assert "not being run" in refused.stderr


def test_resume_finishes_an_interrupted_study_with_the_same_results(terminal, experiment_file):
    experiment_file()
    terminal("run", "count.toml", "whole.study", *QUICK)
    experiment = ml.Experiment.load("count.toml")
    Study.for_experiment(experiment, "part.study").close()
    assert "mesa-lab resume part.study" in terminal("status", "part.study").stderr
    assert terminal("resume", "part.study", *QUICK).exit_code == 0
    whole, part = (ml.open_study(name).results.runs for name in ("whole.study", "part.study"))
    assert whole["noise"].tolist() == part["noise"].tolist()


def test_watch_ends_when_nothing_runs(terminal, experiment_file):
    experiment_file()
    terminal("run", "count.toml", *QUICK)
    outcome = terminal("status", "count.study", "--watch")
    assert outcome.exit_code == 0
    assert "finished: 6 of 6 runs done" in outcome.stdout


def test_an_unknown_backend_is_a_wrong_command_line(terminal, experiment_file):
    experiment_file()
    outcome = terminal("run", "count.toml", "--backend", "dusk")
    assert outcome.exit_code == 2
    assert "The backend is 'dusk', which is none of loky" in outcome.stderr
    assert "Did you mean 'dask'?" in outcome.stderr


def test_no_workers_are_a_wrong_command_line_and_leave_no_study(terminal, experiment_file, tmp_path):
    experiment_file()
    outcome = terminal("run", "count.toml", "-j", "0")
    assert outcome.exit_code == 2
    assert "0 workers run nothing" in outcome.stderr
    assert not list(tmp_path.glob("*.study*"))


def test_commands_to_copy_hold_paths_with_spaces(terminal, experiment_file):
    experiment_file("my count.toml")
    shown = terminal("run", "my count.toml", *QUICK)
    assert "mesa-lab report 'my count.study' --open" in shown.stdout
    assert "mesa-lab conclude 'my count.study'" in shown.stdout  # what comes next is the answer


def test_a_cluster_that_is_not_there_is_said(terminal, experiment_file, monkeypatch):
    monkeypatch.setattr("mesa_lab.running.backends.cluster_connection._START_SECONDS", 0.2)
    experiment_file()
    outcome = terminal("run", "count.toml", "--backend", "tcp://127.0.0.1:9")
    assert outcome.exit_code == 1
    assert "There is no dask scheduler at 'tcp://127.0.0.1:9'" in outcome.stderr
