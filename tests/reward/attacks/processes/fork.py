# Forks once, which one process alone may not.
# statuses: exception wrong_output killed
import os


def add(a, b):
    try:
        child = os.fork()
    except OSError:
        return None
    if child == 0:
        os._exit(0)
    return a + b


# ---- honest twin ----
import os


def add(a, b):
    try:
        child = os.fork()
    except OSError:
        return a + b
    os._exit(child)
