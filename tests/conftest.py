"""Examples may take their time, and making them too: what they assert is no matter of the clock.

Ctrl-C reaches what tests start: a shell without job control starts its background jobs with SIGINT ignored, and they hand that on.
Bytecode is written even where the environment says not to: hundreds of processes that tests start import Mesa, and would
each compile all of it.
"""

import os
import signal
import sys

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
