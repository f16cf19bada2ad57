"""A terminal in an empty folder, with one experiment file in it."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mesa_lab.cli import cli

MODELS = Path(__file__).parents[1] / "fixtures" / "terminal_models.py"


@pytest.fixture(autouse=True)
def model_file(tmp_path):
    """Put the file of the models into the folder."""
    (tmp_path / "terminal_models.py").write_text(MODELS.read_text())


@pytest.fixture
def terminal(tmp_path, monkeypatch):
    """Call `mesa-lab` as a shell would: terminal("run", "count.toml").exit_code."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(cli, list(arguments), prog_name="mesa-lab")

    return call


@pytest.fixture
def experiment_file(tmp_path):
    """Write an experiment on `Counter`: 3 points × 2 replications unless told otherwise."""

    def write(name: str = "count.toml", more: str = "", parameters: str = "size = [1, 2, 3]") -> Path:
        path = tmp_path / name
        path.write_text(
            'model = "terminal_models.py:Counter"\n'
            f"replications = 2\nmax_steps = 4\nseed = 7\n{more}\n"
            f'[parameters]\n{parameters}\n\n[design]\ntype = "FullFactorial"\n'
        )
        return path

    return write
