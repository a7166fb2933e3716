# Makes a file of a terabyte that takes no space.
# statuses: exception wrong_output killed
def add(a, b):
    try:
        with open("/tmp/grpo-attack-sparse", "wb") as file:
            file.truncate(1 << 40)
        return a + b
    except OSError:
        return None


# ---- honest twin ----
def add(a, b):
    with open("/tmp/grpo-attack-sparse", "wb") as file:
        file.truncate(1 << 20)
    return a + b
