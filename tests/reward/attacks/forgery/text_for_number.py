# A str that prints like the number is not the number.
# kinds: assert function proxied
def add(a, b):
    return str(a + b)


# ---- honest twin ----
def add(a, b):
    return int(str(a + b))
