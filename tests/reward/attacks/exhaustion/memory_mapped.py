# Maps anonymous shared memory, which a limit on the heap alone would not see.
# statuses: memory exception killed timeout
# verdicts: wrong timeout
import mmap


def add(a, b):
    held = []
    for _ in range(4096):
        block = mmap.mmap(-1, 16 << 20)
        block[:: 4096] = b"x" * len(range(0, 16 << 20, 4096))
        held.append(block)
    return a + b


# ---- honest twin ----
import mmap


def add(a, b):
    with mmap.mmap(-1, 1 << 20) as block:
        block[0] = 1
        return a + b if block[0] == 1 else None
