# Gives the right answer after its time is over.
# statuses: timeout
# verdicts: timeout
# limits: {"seconds": 0.3}
import time


def add(a, b):
    until = time.process_time() + 1.5
    while time.process_time() < until:
        pass
    return a + b


# ---- honest twin ----
import time


def add(a, b):
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    return a + b
