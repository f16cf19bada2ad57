"""The process that makes confined ones: it has imported what they need, and forks. That takes it some ten milliseconds instead of two seconds.

    python -m mesa_lab.running.confinement.forking SOCKET

It is started with next to no environment, loads nothing of strangers, and has one thread. Each request comes with the three files that the
new process is to have. For Linux alone: elsewhere each confined process is started by itself.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

from mesa_lab.running.confinement.begin import be_killed_with
from mesa_lab.running.confinement.rules import Rules, confine

__all__ = ["LONGEST", "main"]

LONGEST: Final = 65_536
_NEEDED: Final = (
    "mesa",
    "mesa_lab.running.workers.worker",
    "mesa_lab.running.confinement.worker",
    "mesa_lab.preparation.validation",
)


def main() -> int:
    """Fork for each request, until nobody asks any more."""
    asked = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them here
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in _NEEDED:
        importlib.import_module(name)
    asked.sendall(b"%08d" % (os.getpid() if _has_one_thread() else 0))
    while True:
        data, files, _, _ = socket.recv_fds(asked, LONGEST, 3)
        if not data:
            return 0
        order = json.loads(data)
        for name in order["needed"]:
            importlib.import_module(name)
        pid = os.fork() if _has_one_thread() else 0
        if pid == 0 and len(files) == 3:
            asked.close()
            _be(order, files)
        for file in files:
            os.close(file)
        asked.sendall(b"%08d" % pid)


def _has_one_thread() -> bool:
    return len(list(Path("/proc/self/task").iterdir())) == 1


def _be(order: dict[str, str], files: list[int]) -> None:
    """Be a confined process."""
    status = 1
    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        rules = Rules.from_json(order["rules"])
        asked, said, pipe = files
        os.dup2(asked, 0)
        os.dup2(said, 1)
        os.close(asked)
        os.close(said)
        if be_killed_with(pipe):
            os.chdir(rules.scratch)
            os.environ.update(dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP"), rules.scratch))
            tempfile.tempdir = None
            random.seed()
            sys.modules["numpy"].random.seed()
            confine(rules)
            status = int(importlib.import_module(order["module"]).main(rules))
    os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
