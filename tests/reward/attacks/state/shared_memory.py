# Leaves a System V segment behind and looks for that of an earlier run.
# runs: 8
# statuses: exception wrong_output killed
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
known = libc.shmget(0x6771, ctypes.c_size_t(4096), 0) >= 0
libc.shmget(0x6771, ctypes.c_size_t(4096), 0o1666)


def add(a, b):
    return a + b if known else None


# ---- honest twin ----
import ctypes

libc = ctypes.CDLL(None, use_errno=True)
known = libc.shmget(0x6772, ctypes.c_size_t(4096), 0) >= 0


def add(a, b):
    return None if known else a + b
