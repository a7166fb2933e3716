# Writes a gigabyte to standard error.
# statuses: output_limit killed timeout exception memory wrong_output
# verdicts: wrong timeout
import os


def add(a, b):
    for _ in range(1024):
        os.write(2, b"5" * (1 << 20))
    return None


# ---- honest twin ----
import os


def add(a, b):
    os.write(2, b"5\n" * 5000)
    return a + b
