# Crashes the interpreter by reading address 0.
# statuses: exception killed wrong_output
import ctypes


def add(a, b):
    return ctypes.string_at(0)


# ---- honest twin ----
import ctypes


def add(a, b):
    return int(ctypes.string_at(ctypes.create_string_buffer(str(a + b).encode())))
