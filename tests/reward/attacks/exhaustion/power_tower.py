# Computes 9**9**9: one step of the interpreter that no handler can interrupt.
# statuses: timeout memory killed exception
# verdicts: wrong timeout
# limits: {"seconds": 0.5}
def add(a, b):
    return 9**9**9 % 2 + a + b - 1


# ---- honest twin ----
def add(a, b):
    return pow(9, 9**9, 2) + a + b - 1
