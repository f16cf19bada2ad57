"""What holds for every command: help with an example, light imports, errors in one line, exit codes."""

import json
import subprocess
import sys

import click
import pytest

from mesa_lab.cli import cli

HEAVY = (
    "pandas",
    "numpy",
    "mesa",
    "solara",
    "altair",
    "pyarrow",
    "scipy",
    "joblib",
    "pydantic",
    "rich",
    "networkx",
)
COMMANDS = [
    "app",
    "class",
    "models",
    "new",
    "design",
    "run",
    "resume",
    "status",
    "pause",
    "stop",
    "retry",
    "debug",
    "merge",
    "conclude",
    "check-claims",
    "export",
    "report",
    "compare",
    "check",
    "rescue",
]


def test_the_commands_in_their_order(terminal):
    assert list(cli.commands) == COMMANDS
    shown = terminal("--help").output
    assert "..." not in shown.partition("Commands:")[2].replace("COMMAND", ""), "a one-line help is cut off"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_parses(name, terminal):
    outcome = terminal(name, "--help")
    assert outcome.exit_code == 0
    lines = [line.strip() for line in outcome.output.splitlines()]
    examples = [part.strip() for line in lines if line.startswith("mesa-lab ") for part in line.split(";")]
    assert examples
    for example in examples:
        program, command, *arguments = example.split()
        assert program == "mesa-lab"
        assert command in COMMANDS
        cli.commands[command].make_context(command, arguments)  # raises when an option is unknown


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"], ["run"]])
def test_what_needs_no_model_imports_nothing_heavy(arguments):
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('HEAVY', [n for n in {HEAVY} if n in sys.modules]))\n"
        f"sys.argv = ['mesa-lab', *{arguments!r}]\n"
        "from mesa_lab.cli import main\n"
        "main()\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "HEAVY []" in answer.stdout, answer.stdout + answer.stderr


def test_python_dash_m_is_the_same_command():
    answer = subprocess.run(
        [sys.executable, "-m", "mesa_lab", "--version"], capture_output=True, text=True, check=True
    )
    assert answer.stdout.startswith("mesa-lab, version")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["models", "mesa.examples:Wolfsheep"], 1, "Did you mean 'WolfSheep'?"),
        (["models", "mesa.exmples:WolfSheep"], 1, "Did you mean 'examples'?"),
        (["new", "nowhere.py:Model"], 1, "nowhere.py"),
        (["design", "absent.toml"], 1, "absent.toml"),
        (["run", "absent.toml"], 1, "absent.toml"),
        (["resume", "absent.study"], 1, "absent.study"),
        (["status", "absent.study"], 1, "absent.study"),
        (["pause", "absent.study"], 1, "absent.study"),
        (["stop", "absent.study"], 1, "absent.study"),
        (["retry", "absent.study"], 1, "absent.study"),
        (["export", "absent.study", "-o", "out"], 1, "absent.study"),
        (["report", "absent.study"], 1, "absent.study"),
        (["status", "no.study"], 1, "no.study"),
        (["run"], 2, "Missing argument 'FILE'"),
        (["rum"], 2, "run"),
        (["run", "x.toml", "-r", "0"], 2, "0 is not in the range"),
        (["run", "x.toml", "--max-steps", "-1"], 2, "-1 is not in the range"),
    ],
)
def test_a_mistake_is_one_clear_line(arguments, code, says, terminal, tmp_path):
    (tmp_path / "no.study").write_text("This is no study.")
    before = sorted(tmp_path.iterdir())
    outcome = terminal(*arguments)
    assert outcome.exit_code == code, outcome.output
    assert outcome.stdout == ""
    last = outcome.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    assert says in last
    assert "Traceback" not in outcome.stderr
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"


def test_a_fault_of_ours_leaves_its_traceback_in_a_file(terminal, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def broken():
        raise ZeroDivisionError("an accident")

    monkeypatch.setattr("mesa_lab.preparation.models.installed_models", broken)
    outcome = terminal("models")
    assert outcome.exit_code == 1
    assert "Error: Unexpected ZeroDivisionError: an accident" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    (details,) = tmp_path.glob("mesa-lab-*.txt")
    assert str(details) in outcome.stderr
    assert "in broken" in details.read_text()
    assert "Traceback" in terminal("--debug", "models").stderr


def test_ctrl_c_anywhere_ends_with_130(terminal, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("mesa_lab.preparation.models.installed_models", interrupted)
    assert terminal("models").exit_code == 130


def test_a_click_error_keeps_its_own_code(terminal):
    with pytest.raises(click.UsageError):
        cli.main(["run"], standalone_mode=False)
    assert json.loads(terminal("models", "--json").stdout)


LONG = "x" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "count.toml", f"{LONG}.study"],
        ["run", f"{LONG}.toml"],
        ["resume", f"{LONG}.study"],
        ["status", f"{LONG}.study"],
        ["merge", f"{LONG}.study", "-o", "all.study"],
        ["design", "count.toml", "-o", f"{LONG}.csv"],
        ["new", "mesa.examples:Schelling", "-o", f"{LONG}.toml"],
        ["models", f"{LONG}.py:Model"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_name_that_is_too_long_is_said_in_one_line(arguments, terminal, experiment_file):
    experiment_file()
    outcome = terminal(*arguments)
    assert outcome.exit_code == 1
    [line] = outcome.stderr.splitlines()
    assert line.startswith("Error: The name 'xxx")
    assert "is too long for a file: 30" in line
    assert "Traceback" not in outcome.output
