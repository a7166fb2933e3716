# Asks for a reboot with the wrong magic numbers, which an allowed call would refuse otherwise.
# statuses: exception wrong_output killed
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def add(a, b):
    done = libc.syscall(169, 1, 2, 3, None)
    return a + b if done == 0 or ctypes.get_errno() not in (1, 38) else None  # EPERM, ENOSYS


# ---- honest twin ----
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def add(a, b):
    done = libc.syscall(169, 1, 2, 3, None)
    return a + b if done is not None else None
