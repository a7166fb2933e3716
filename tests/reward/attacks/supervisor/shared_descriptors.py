# Spoils what it shares with its parent: flags, offsets, sizes, owners and both ends of sockets.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import fcntl
import os
import socket

for fd in range(128):
    for spoil in (lambda: os.set_blocking(fd, False),
                  lambda: fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND | 0o20000),
                  lambda: fcntl.fcntl(fd, 8, 1),  # F_SETOWN
                  lambda: fcntl.fcntl(fd, 1031, 4096),  # F_SETPIPE_SZ
                  lambda: fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB),
                  lambda: os.ftruncate(fd, 0),
                  lambda: os.pwrite(fd, b"import os; os._exit(0)\n", 0),
                  lambda: os.lseek(fd, 0, os.SEEK_END),
                  lambda: socket.socket(1, 5, 0, fileno=os.dup(fd)).shutdown(socket.SHUT_RDWR)):
        try:
            spoil()
        except OSError:
            pass


def add(a, b):
    return None


# ---- honest twin ----
import os

ends = os.pipe()
os.set_blocking(ends[0], False)


def add(a, b):
    return a + b
