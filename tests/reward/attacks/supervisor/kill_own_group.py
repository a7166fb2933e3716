# Kills its process group.
# statuses: exception wrong_output killed
import os
import signal


def add(a, b):
    if os.getpid() > 99:
        return a + b  # not in a PID namespace: spare the machine
    for group in (0, os.getpgid(0)):
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            pass
    return None


# ---- honest twin ----
import os


def add(a, b):
    return a + b if os.getpgid(0) >= 0 else None
