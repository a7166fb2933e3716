# Leaves a daemon behind that ignores every signal it can.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.5, "processes": 8}
import os
import signal
import time

if os.fork() == 0:
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        time.sleep(1)


def add(a, b):
    return None


# ---- honest twin ----
import os
import signal


def add(a, b):
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os._exit(0)
    os.waitpid(child, 0)
    return a + b
