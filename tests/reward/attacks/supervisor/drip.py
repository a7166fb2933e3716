# Keeps its supervisor busy: one byte of output at a time, for ever.
# statuses: timeout output_limit killed wrong_output
# verdicts: wrong timeout
# limits: {"seconds": 0.3}
import os
import time


def add(a, b):
    while True:
        os.write(1, b".")
        time.sleep(0.0005)


# ---- honest twin ----
import os
import time


def add(a, b):
    for _ in range(20):
        os.write(2, b".")
        time.sleep(0.0005)
    return a + b
