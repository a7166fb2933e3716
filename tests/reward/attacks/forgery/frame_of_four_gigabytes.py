# Announces a message of 4 GiB on every descriptor and never sends it.
# statuses: wrong_output exception killed timeout output_limit
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import os
import time

for fd in range(1, 128):
    try:
        os.set_blocking(fd, False)
        os.write(fd, b"\xff" * 8)
    except OSError:
        pass


def add(a, b):
    time.sleep(60)


# ---- honest twin ----
import os

os.write(2, b"\xff" * 8)


def add(a, b):
    return a + b
