# Leaves a daemon of its own session behind.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.5, "processes": 8}
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(3600)
    os._exit(0)


def add(a, b):
    return None


# ---- honest twin ----
import os


def add(a, b):
    child = os.fork()
    if child == 0:
        os.setsid()
        os._exit(7)
    return a + b if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7 else None
