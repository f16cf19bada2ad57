"""Closing a page while its threads end."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "fixtures" / "closing_page.py"


def close(how):
    # In a process of its own, since Solara's server changes how threads work.
    return subprocess.run([sys.executable, SCRIPT, how], capture_output=True, text=True, timeout=120)


def test_a_thread_that_ends_meanwhile_does_not_matter():
    ended = close("mended")
    assert (ended.stdout, ended.stderr) == ("closed\n", "")


def test_solara_still_stumbles_by_itself():
    # When this fails, Solara has mended it, and mesa_lab/app/server/solara_fixes.py can go.
    ended = close("plain")
    assert ended.stdout == ""
    assert "KeyError" in ended.stderr
