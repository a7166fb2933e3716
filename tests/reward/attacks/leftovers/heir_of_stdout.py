# Ends at once but leaves a child that keeps standard output open.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.5, "processes": 8}
import os
import time

if os.fork() == 0:
    time.sleep(3600)


def add(a, b):
    os._exit(0)


# ---- honest twin ----
import os
import time


def add(a, b):
    if os.fork() == 0:
        os.closerange(0, 256)
        time.sleep(0.01)
        os._exit(0)
    return a + b
