# Turns its own crash into status 0 by sys.excepthook.
# statuses: wrong_output exception killed
import os
import sys

sys.excepthook = lambda *error: os._exit(0)


def add(a, b):
    raise RuntimeError("no idea")


# ---- honest twin ----
import sys

sys.excepthook = lambda *error: None


def add(a, b):
    return a + b
