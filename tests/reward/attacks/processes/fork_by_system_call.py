# Forks by clone, clone3, fork and vfork themselves.
# statuses: exception wrong_output killed
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
me = os.getpid()


def add(a, b):
    arguments = (ctypes.c_uint64 * 11)(0, 0, 0, 0, 17)
    for call in ((56, 17, 0, 0, 0, 0), (435, arguments, 88), (57,)):  # clone, clone3, fork
        child = libc.syscall(*call)
        if os.getpid() != me:
            os._exit(0)
        if child > 0:
            return a + b
    return None


# ---- honest twin ----
import ctypes
import os

libc = ctypes.CDLL(None)


def add(a, b):
    return a + b if libc.syscall(39) == os.getpid() else None  # getpid
