# Closes standard output and standard error.
# statuses: wrong_output exception killed
import os

os.close(1)
os.close(2)


def add(a, b):
    return None


# ---- honest twin ----
import sys

sys.stdout.flush()


def add(a, b):
    return a + b
