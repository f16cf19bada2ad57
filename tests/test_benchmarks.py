"""The benchmarks in tiny sizes: that they work, not how fast anything is."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def measured(question, figures):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(figures), question]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(figures.read_text(encoding="utf-8")), done.stdout


def test_benchmarks_answer_in_one_table(tmp_path):
    figures = tmp_path / "figures.json"
    answer, said = measured("tiny_runs", figures)
    assert [row["question"] for row in answer["rows"]] == ["tiny_runs"]
    assert all(row["measured"] > 0 for row in answer["rows"])
    assert {"machine", "versions", "date", "command", "load"} <= answer.keys()
    assert "60 tiny runs" in said


def test_intervals_hold_what_they_promise(tmp_path):
    answer, _ = measured("coverage", tmp_path / "figures.json")
    promised = [row for row in answer["rows"] if row["target"]]
    assert len(promised) >= 12
    for row in promised:
        # 95 ± 1.5 with ten times as many studies, and what chance adds to so few. What is said of the best, and that nothing
        # is said of equals or of chance, holds at least as often as it promises.
        at_least = (
            "the best is among",
            "the worth of the winner",
            "no difference claimed",
            "failures by chance",
        )
        studies = int(row["detail"].split()[0].replace(",", ""))
        slack = max(2.0, 3 * 100 * (0.95 * 0.05 / studies) ** 0.5)
        most = 100 if row["work"].startswith(at_least) else min(100, 95.5 + slack)
        assert 95 - slack <= row["measured"] <= most, row["work"]


def test_searches_are_played_beside_what_they_replace(tmp_path):
    answer, _ = measured("search", tmp_path / "figures.json")
    assert len(answer["rows"]) >= 7
    assert all(row["measured"] is not None for row in answer["rows"])


def test_runs_until_points_are_precise_are_counted(tmp_path):
    answer, _ = measured("precision", tmp_path / "figures.json")
    beside, precise = (row["measured"] for row in answer["rows"])
    assert 0 < beside < 0.8  # of a fixed number that does for the worst point
    assert precise >= 50  # with forty runs of a point at most
