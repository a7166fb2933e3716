# Nests source text until the compiler's stack is gone.
# statuses: exception killed memory timeout
# verdicts: wrong timeout
def add(a, b):
    return eval("-~" * 3_000_000 + "0")


# ---- honest twin ----
def add(a, b):
    return eval("-~" * 50 + "0") - 50 + a + b
