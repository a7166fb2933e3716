# Leaves by os._exit(0) in the middle of a call, past every handler.
# statuses: wrong_output exception killed
import os


def add(a, b):
    os._exit(0)


# ---- honest twin ----
import os


def add(a, b):
    os.getpid()
    return a + b
