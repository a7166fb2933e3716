# Asks for 64 GiB in one piece.
# statuses: memory exception killed
def add(a, b):
    bytearray(64 << 30)
    return a + b


# ---- honest twin ----
def add(a, b):
    try:
        bytearray(64 << 30)
    except MemoryError:
        return a + b
