# Enters the kernel by the numbers of the x32 ABI.
# statuses: exception wrong_output killed
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def add(a, b):
    done = libc.syscall(0x40000000 + 39)  # getpid
    return a + b if done > 0 else None


# ---- honest twin ----
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def add(a, b):
    return a + b if libc.syscall(39) > 0 else None
