# The parent ends well; a daemon prints the answer later, when nobody counts its time.
# kinds: stdin
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.3, "processes": 8}
import os
import sys
import time

numbers = sys.stdin.read().split()
if os.fork() == 0:
    time.sleep(3)
    os.write(1, b"%d\n" % sum(map(int, numbers)))
os._exit(0)


def add(a, b):
    return None


# ---- honest twin ----
import os


def add(a, b):
    read_end, write_end = os.pipe()
    if os.fork() == 0:
        os.write(write_end, b"%d" % (a + b))
        os._exit(0)
    return int(os.read(read_end, 100))
