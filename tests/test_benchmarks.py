"""The benchmarks in tiny sizes: that they work, not how fast anything is."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_benchmarks_answer_in_one_table(tmp_path):
    figures = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(figures)]
    done = subprocess.run([*command, "tiny_runs"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(figures.read_text(encoding="utf-8"))
    assert [row["question"] for row in answer["rows"]] == ["tiny_runs"]
    assert all(row["measured"] > 0 for row in answer["rows"])
    assert {"machine", "versions", "date", "command", "load"} <= answer.keys()
    assert "60 tiny runs" in done.stdout
