# Writes a gigabyte of one line straight to the descriptor.
# statuses: output_limit killed timeout exception memory wrong_output
# verdicts: wrong timeout
import os


def add(a, b):
    for _ in range(1024):
        os.write(1, b"5" * (1 << 20))
    return None


# ---- honest twin ----
import os


def add(a, b):
    os.write(2, b"5" * 5000)
    return a + b
