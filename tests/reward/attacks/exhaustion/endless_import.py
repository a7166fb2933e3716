# Never finishes loading.
# statuses: timeout
# verdicts: timeout
# limits: {"seconds": 0.5}
while True:
    pass


def add(a, b):
    return a + b


# ---- honest twin ----
while True:
    break


def add(a, b):
    return a + b
