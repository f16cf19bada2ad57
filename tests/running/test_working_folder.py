"""A file of the working folder takes the place of no module: what is started there imports what the command itself would import."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

DECOYS = (
    "queue",
    "random",
    "statistics",
    "numpy",
    "scipy",
    "altair",
    "joblib",
    "mesa",
    "mesa_lab",
    "resource",
)
EXPERIMENT = """
model = "mesa.examples:Schelling"
replications = 2
max_steps = 2

[parameters]
density = [0.5, 0.6]
"""


@pytest.fixture
def folder(tmp_path):
    """Return a folder in which files are named like modules, each noting when it is imported."""
    for name in DECOYS:
        (tmp_path / f"{name}.py").write_text(
            f"from pathlib import Path\nPath({str(tmp_path / 'imported')!r}).open('a').write('{name}\\n')\n"
            f"raise ImportError('{name} of the working folder')\n"
        )
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    return tmp_path


def imported(folder):
    noted = folder / "imported"
    return noted.read_text().split() if noted.exists() else []


def started(folder, *words):
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300)


def command(folder, *words):
    return started(folder, Path(sys.executable).with_name("mesa-lab"), *words)


@pytest.mark.parametrize("words", [("--jobs", "2"), ("--jobs", "2", "--backend", "dask")])
def test_workers_import_nothing_from_there(folder, words):
    ended = command(folder, "run", "e.toml", *words)
    assert (ended.returncode, imported(folder)) == (0, []), ended.stderr
    assert "4 of 4 runs done" in ended.stdout + ended.stderr


ELSEWHERE = """
    import math, sys, time
    from pathlib import Path

    import mesa_lab as ml
    from mesa_lab.preparation.limited_work.limited_process import run_limited
    from mesa_lab.running.background import launch
    from mesa_lab.running.confinement.own_models import OwnModels
    from mesa_lab.study import Study
    from mesa_lab.viewing.viewer import Viewer

    if __name__ == "__main__":
        assert run_limited(math.sqrt, 9) == 3

        study = Study.create("b.study", ml.Experiment.from_toml(Path("e.toml").read_text()))
        launch("b.study", n_jobs=1)
        for _ in range(1200):
            if study.status().done == 4:
                break
            time.sleep(0.1)
        assert study.status().done == 4

        with Viewer.of_study(study, 0) as viewer:
            assert viewer.go(1).check == "equal"

        brought = Path("student")
        brought.mkdir()
        (brought / "own.py").write_text("import mesa\\nclass Own(mesa.Model):\\n    def step(self): pass\\n")
        own = OwnModels(lambda path: brought.resolve() if path.parent == brought.resolve() else None)
        assert own.description(f"{brought.resolve()}/own.py:Own")
        own.close()
"""


def test_no_other_process_imports_from_there(folder, tmp_path_factory):
    script = tmp_path_factory.mktemp("script") / "elsewhere.py"
    script.write_text(textwrap.dedent(ELSEWHERE))
    ended = started(folder, sys.executable, str(script))
    assert (ended.returncode, imported(folder)) == (0, []), ended.stderr


def test_a_model_that_starts_a_python_finds_its_own_modules_there(folder):
    (folder / "helper.py").write_text("print('here')")
    (folder / "model.py").write_text(
        textwrap.dedent("""
            import subprocess, sys

            import mesa

            class Asks(mesa.Model):
                def __init__(self, rng=None):
                    super().__init__(rng=rng)
                    self.said = subprocess.run([sys.executable, "-c", "import helper"], capture_output=True, text=True).stdout.strip()
        """)
    )
    for name in DECOYS:
        (folder / f"{name}.py").unlink()
    (folder / "f.toml").write_text(
        'model = "model.py:Asks"\nmax_steps = 1\nreplications = 2\noutcomes = ["said"]\n[parameters]\n'
    )
    ended = command(folder, "run", "f.toml", "--jobs", "2")
    assert ended.returncode == 0, ended.stderr
    shown = command(folder, "export", "f.study", "-o", "-")
    assert shown.stdout.count("here") == 2, shown.stdout + shown.stderr
