# Ends at once but leaves a child that computes for ever.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.5, "processes": 8}
import os

if os.fork() == 0:
    while True:
        pass


def add(a, b):
    return None


# ---- honest twin ----
import os


def add(a, b):
    child = os.fork()
    if child == 0:
        os._exit(sum(range(1000)) % 2)
    os.waitpid(child, 0)
    return a + b
