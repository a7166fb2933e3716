# Sleeps for an hour: no CPU time, so the wall clock's cap must end it.
# statuses: timeout
# verdicts: timeout
# limits: {"seconds": 0.3}
import time


def add(a, b):
    time.sleep(3600)
    return a + b


# ---- honest twin ----
import time


def add(a, b):
    time.sleep(0.05)
    return a + b
