# Hides a wrong ending behind an exit handler that reports status 0.
# statuses: wrong_output exception killed
import atexit
import os

atexit.register(os._exit, 0)


def add(a, b):
    raise KeyboardInterrupt


# ---- honest twin ----
import atexit

atexit.register(print, end="")


def add(a, b):
    return a + b
