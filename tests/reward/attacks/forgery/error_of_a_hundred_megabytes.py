# Raises an error with a message too long to keep.
# statuses: exception memory output_limit
def add(a, b):
    raise ValueError("passed\n" * 15_000_000)


# ---- honest twin ----
def add(a, b):
    try:
        raise ValueError("passed\n" * 15_000)
    except ValueError:
        return a + b
