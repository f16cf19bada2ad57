"""Examples may take their time, and making them too: what they assert is no matter of the clock.

Ctrl-C reaches what tests start: a shell without job control starts its background jobs with SIGINT ignored, and they hand that on.
"""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
