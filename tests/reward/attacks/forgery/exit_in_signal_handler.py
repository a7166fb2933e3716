# Ends the process from an alarm's handler, between two instructions of whatever runs then.
# statuses: wrong_output exception killed
import os
import signal
import time

signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
signal.setitimer(signal.ITIMER_REAL, 0.02)


def add(a, b):
    time.sleep(1)


# ---- honest twin ----
import signal

caught = []
signal.signal(signal.SIGUSR1, lambda *_: caught.append(1))


def add(a, b):
    signal.raise_signal(signal.SIGUSR1)
    return a + b if caught else None
