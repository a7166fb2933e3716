# Computes for ever and swallows whatever is raised to stop it.
# statuses: timeout killed
# verdicts: wrong timeout
# limits: {"seconds": 0.5}
import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def add(a, b):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass


# ---- honest twin ----
import signal

signal.signal(signal.SIGTERM, signal.SIG_IGN)


def add(a, b):
    try:
        raise KeyboardInterrupt
    except BaseException:
        return a + b
