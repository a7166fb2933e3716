# Unpacks a small text into 100 GiB.
# statuses: memory exception killed timeout
# verdicts: wrong timeout
import zlib


def add(a, b):
    packer, held = zlib.compressobj(9), b""
    for _ in range(64):
        held += packer.compress(bytes(1 << 20))
    held += packer.flush()
    for _ in range(10):
        held = zlib.decompress(held * 1600)
    return a + b


# ---- honest twin ----
import zlib


def add(a, b):
    return len(zlib.decompress(zlib.compress(bytes(1000)))) - 1000 + a + b
