# Puts /dev/null or a pipe in the place of every descriptor.
# statuses: wrong_output exception killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import os

null = os.open(os.devnull, os.O_RDWR)
for fd in range(64):
    if fd != null:
        try:
            os.fstat(fd)
            os.dup2(null, fd)
        except OSError:
            pass


def add(a, b):
    return None


# ---- honest twin ----
import os

null = os.open(os.devnull, os.O_RDWR)
spare = os.dup(null)
os.dup2(null, spare)


def add(a, b):
    return a + b
