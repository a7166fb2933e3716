# Fills thousands of pipes: memory of the kernel, not of the process.
# statuses: memory exception killed timeout
# verdicts: wrong timeout
import fcntl
import os


def add(a, b):
    held = []
    for _ in range(20_000):
        ends = os.pipe()
        os.set_blocking(ends[1], False)
        try:
            fcntl.fcntl(ends[1], 1031, 1 << 20)  # F_SETPIPE_SZ
        except OSError:
            pass
        os.write(ends[1], bytes(1 << 20))
        held.append(ends)
    return a + b


# ---- honest twin ----
import os


def add(a, b):
    ends = os.pipe()
    os.write(ends[1], str(a + b).encode())
    return int(os.read(ends[0], 100))
