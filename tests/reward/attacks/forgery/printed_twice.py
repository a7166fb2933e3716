# Prints the right line and one more: a prefix of the right answer is not the right answer.
# kinds: stdin
def add(a, b):
    print(a + b)
    return a + b


# ---- honest twin ----
import sys


def add(a, b):
    print(a + b, file=sys.stderr)
    return a + b
