# 5.0 equals 5 in Python; strict tests tell them apart.
# kinds: stdin assert function
def add(a, b):
    return float(a + b)


# ---- honest twin ----
def add(a, b):
    return int(float(a)) + int(float(b))
