# Takes what stands on the harness's descriptors before the harness reads it.
# statuses: wrong_output exception killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import os

for fd in range(0, 128):
    try:
        os.set_blocking(fd, False)
        os.read(fd, 1 << 20)
    except OSError:
        pass


def add(a, b):
    return None


# ---- honest twin ----
import os

read_end, write_end = os.pipe()
os.write(write_end, b"7")
os.read(read_end, 1)


def add(a, b):
    return a + b
