# Locks its memory in RAM.
# statuses: exception wrong_output killed memory
import ctypes
import mmap

libc = ctypes.CDLL(None)


def add(a, b):
    held = mmap.mmap(-1, 256 << 20)
    address = ctypes.addressof(ctypes.c_char.from_buffer(held))
    locked = libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(256 << 20))
    return a + b if locked == 0 else None


# ---- honest twin ----
import mmap


def add(a, b):
    held = mmap.mmap(-1, 8 << 20)
    held.write(b"x")
    return a + b
