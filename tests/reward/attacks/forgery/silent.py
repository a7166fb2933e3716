# Says nothing at all: neither a line nor an entry point.
# kinds: stdin assert function proxied
import os
import sys

sys.stdout = open(os.devnull, "w")


def add(a, b):
    pass


# ---- honest twin ----
import io
import sys

kept, sys.stdout = sys.stdout, io.StringIO()
print("swallowed")
sys.stdout = kept


def add(a, b):
    return a + b
