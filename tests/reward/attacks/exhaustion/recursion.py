# Calls itself for ever.
# statuses: exception
def add(a, b):
    return add(a, b)


# ---- honest twin ----
def add(a, b, depth=500):
    return add(a, b, depth - 1) if depth else a + b
