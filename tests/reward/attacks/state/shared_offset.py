# Moves the offset of a file that all runs share, and looks whether it moved.
# runs: 8
import os

known = False
for fd in range(3, 128):
    try:
        known = known or os.lseek(fd, 0, os.SEEK_CUR) == 7777
        os.lseek(fd, 7777, os.SEEK_SET)
    except OSError:
        pass


def add(a, b):
    return a + b if known else None


# ---- honest twin ----
import tempfile


def add(a, b):
    with tempfile.TemporaryFile() as file:
        file.seek(7777)
        return a + b if file.tell() == 7777 else None
