# Grows a list until 64 GiB are taken.
# statuses: memory exception killed timeout
# verdicts: wrong timeout
def add(a, b):
    held = []
    while len(held) < 64 * 1024:
        held.append(bytearray(1 << 20))
    return a + b


# ---- honest twin ----
def add(a, b):
    held = [bytearray(1 << 20) for _ in range(100)]
    return a + b if held else None
