# Takes a descriptor out of another process by pidfd_getfd.
# statuses: exception wrong_output killed
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def add(a, b):
    for pid in (os.getppid(), 1, 2, 3):
        handle = libc.syscall(434, pid, 0)  # pidfd_open
        for fd in range(32):
            if handle >= 0 and pid != os.getpid() and libc.syscall(438, handle, fd, 0) >= 0:
                return a + b
    return None


# ---- honest twin ----
import os


def add(a, b):
    ends = os.pipe()
    copy = os.dup(ends[1])
    os.write(copy, b"%d" % (a + b))
    return int(os.read(ends[0], 100))
