# Joins the namespaces of the process with number 1 by pidfd.
# statuses: exception wrong_output killed
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def add(a, b):
    done = libc.setns(libc.syscall(434, 1, 0), 0x20000)
    return a + b if done == 0 or ctypes.get_errno() not in (1, 38) else None  # EPERM, ENOSYS


# ---- honest twin ----
import ctypes

libc = ctypes.CDLL(None, use_errno=True)


def add(a, b):
    done = libc.setns(libc.syscall(434, 1, 0), 0x20000)
    return a + b if done is not None else None
