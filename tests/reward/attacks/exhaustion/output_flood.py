# Prints a gigabyte.
# statuses: output_limit killed timeout exception memory wrong_output
# verdicts: wrong timeout
def add(a, b):
    line = "5\n" * (1 << 19)
    for _ in range(1024):
        print(line, end="")
    return None


# ---- honest twin ----
import sys


def add(a, b):
    print("x" * 1000, file=sys.stderr)
    return a + b
