# Catches each MemoryError and asks again.
# statuses: memory exception killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.5}
def add(a, b):
    held = []
    while len(held) < 64 * 1024:
        try:
            held.append(bytearray(1 << 20))
        except MemoryError:
            pass
    return a + b


# ---- honest twin ----
def add(a, b):
    held = []
    try:
        while len(held) < 64:
            held.append(bytearray(1 << 20))
    except MemoryError:
        pass
    return a + b
