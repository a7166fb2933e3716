# Closes every descriptor, the harness's own among them.
# statuses: wrong_output exception killed
import os

os.closerange(0, 65536)


def add(a, b):
    return None


# ---- honest twin ----
import os

read_end, write_end = os.pipe()
os.close(read_end)
os.close(write_end)


def add(a, b):
    return a + b
