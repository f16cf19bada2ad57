"""What a session notes of the model's code."""

import subprocess

import pytest

from mesa_lab.study.writing.running_sessions import model_source


@pytest.fixture
def repository(tmp_path):
    def git(*arguments):
        names = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", "-C", str(tmp_path), *names, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "--quiet")
    (tmp_path / "wolf.py").write_text("class Wolf: ...\n")
    return git, f"{tmp_path / 'wolf.py'}:Wolf"


def test_the_commit_of_the_code_is_noted(repository, tmp_path):
    git, reference = repository
    git("add", "wolf.py")
    git("commit", "--quiet", "-m", "A wolf")
    source = model_source(reference)
    assert source["commit"] == git("rev-parse", "HEAD")
    assert source["dirty"] is False
    (tmp_path / "wolf.py").write_text("class Wolf: teeth = 42\n")
    changed = model_source(reference)
    assert changed["dirty"] is True
    assert changed["commit"] == source["commit"]
    assert changed["sha256"] != source["sha256"]


def test_code_that_git_does_not_keep_has_no_commit(repository):
    git, reference = repository
    assert "commit" not in model_source(reference)
    git("add", "wolf.py")  # kept, but nothing was ever committed
    assert "commit" not in model_source(reference)
    assert "commit" not in model_source(reference, with_git=False)
