# Sends SIGKILL to every process it may.
# statuses: exception wrong_output killed
import os
import signal


def add(a, b):
    if os.getpid() > 99:
        return a + b  # not in a PID namespace: spare the machine
    try:
        os.kill(-1, signal.SIGKILL)
    except OSError:
        pass
    return None


# ---- honest twin ----
import os


def add(a, b):
    try:
        os.kill(-1, 0)
    except OSError:
        pass
    return a + b
