# Computes for ever.
# statuses: timeout
# verdicts: timeout
# limits: {"seconds": 0.5}
def add(a, b):
    while True:
        a += 1


# ---- honest twin ----
def add(a, b):
    for _ in range(100_000):
        a += 1
    return a + b - 100_000
