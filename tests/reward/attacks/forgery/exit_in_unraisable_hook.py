# Lets a destructor fail and ends the process in sys.unraisablehook.
# statuses: wrong_output exception killed
import os
import sys

sys.unraisablehook = lambda error: os._exit(0)


class Answer:
    def __del__(self):
        raise ValueError


def add(a, b):
    Answer()


# ---- honest twin ----
import sys

sys.unraisablehook = lambda error: None


class Answer:
    def __del__(self):
        raise ValueError


def add(a, b):
    Answer()
    return a + b
