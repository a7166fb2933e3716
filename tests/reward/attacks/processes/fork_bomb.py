# Every process makes two.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import os

made = 0
for _ in range(10):  # a thousand processes, where nothing stops it
    try:
        os.fork()
        made += 1
    except OSError:
        pass


def add(a, b):
    return a + b if made else None


# ---- honest twin ----
import os


def add(a, b):
    for _ in range(200):
        try:
            os.fork()
        except OSError:
            pass
    return a + b
