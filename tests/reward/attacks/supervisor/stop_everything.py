# Stops every process, its group and itself, so that whoever waits waits for ever.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import os
import signal


def add(a, b):
    if os.getpid() > 99:
        return a + b  # not in a PID namespace: spare the machine
    for pid in (-1, 0, os.getppid(), 1, os.getpid()):
        try:
            os.kill(pid, signal.SIGSTOP)
        except OSError:
            pass
    return None


# ---- honest twin ----
import os
import signal


def add(a, b):
    try:
        os.kill(os.getpid(), signal.SIGCONT)
    except OSError:
        pass
    return a + b
