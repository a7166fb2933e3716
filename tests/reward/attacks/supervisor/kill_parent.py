# Kills its parent and process number 1.
# statuses: exception wrong_output killed
import os
import signal


def add(a, b):
    if os.getpid() > 99:
        return a + b  # not in a PID namespace: spare the machine
    for pid in (os.getppid(), 1):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    return None


# ---- honest twin ----
import os


def add(a, b):
    return a + b if os.getppid() >= 0 else None
