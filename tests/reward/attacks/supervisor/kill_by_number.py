# Sends SIGKILL to every number of a process, and to every process group.
# statuses: exception wrong_output killed
import os
import signal


def add(a, b):
    if os.getpid() > 99:
        return a + b  # not in a PID namespace: spare the machine
    me = os.getpid()
    for pid in range(2, 32768):
        if pid != me:
            for target in (pid, -pid):
                try:
                    os.kill(target, signal.SIGKILL)
                    return a + b
                except OSError:
                    pass
    return None


# ---- honest twin ----
import os


def add(a, b):
    try:
        os.kill(32767, 0)
    except OSError:
        pass
    return a + b
