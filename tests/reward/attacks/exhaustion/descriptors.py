# Opens a hundred thousand descriptors.
# statuses: exception wrong_output
import os


def add(a, b):
    try:
        held = [os.open("/dev/null", os.O_RDONLY) for _ in range(100_000)]
        return a + b if held else None
    except OSError:
        return None


# ---- honest twin ----
def add(a, b):
    held = [open("/dev/null") for _ in range(20)]
    for file in held:
        file.close()
    return a + b
