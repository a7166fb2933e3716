# Leaves a stopped child behind, which no gentle signal ends.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.5, "processes": 8}
import os
import signal

child = os.fork()
if child == 0:
    while True:
        signal.pause()
os.kill(child, signal.SIGSTOP)


def add(a, b):
    return None


# ---- honest twin ----
import os
import signal


def add(a, b):
    child = os.fork()
    if child == 0:
        signal.pause()
    os.kill(child, signal.SIGSTOP)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return a + b
