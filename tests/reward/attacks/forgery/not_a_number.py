# Hopes that NaN equals something.
def add(a, b):
    return float("nan")


# ---- honest twin ----
import math


def add(a, b):
    best = float("nan")
    return a + b if math.isnan(best) else best
