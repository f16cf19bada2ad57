"""A process of its own that carries on a search: `running.background` starts it as it starts the driver of any study."""

from __future__ import annotations

import sys

from mesa_lab.running import background
from mesa_lab.search.carry_out import drive_search

if __name__ == "__main__":
    sys.exit(background.main(drive=drive_search))
