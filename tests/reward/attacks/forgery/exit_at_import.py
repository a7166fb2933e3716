# Ends the process with status 0 before any question is asked.
# statuses: wrong_output exception killed
import os

os._exit(0)


def add(a, b):
    return None


# ---- honest twin ----
import os


def give_up():
    os._exit(0)


def add(a, b):
    return a + b
