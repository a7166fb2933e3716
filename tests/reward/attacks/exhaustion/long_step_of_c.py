# One call of C that goes on for hours.
# statuses: timeout
# verdicts: timeout
# limits: {"seconds": 0.5}
def add(a, b):
    return sum(range(10**13)) * 0 + a + b


# ---- honest twin ----
def add(a, b):
    return sum(range(10**5)) * 0 + a + b
