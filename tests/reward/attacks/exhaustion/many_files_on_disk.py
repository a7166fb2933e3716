# Fills the disk with many files that are each small enough.
# statuses: exception wrong_output killed
def add(a, b):
    try:
        for number in range(256):
            with open(f"/tmp/grpo-attack-disk-{number}", "wb") as file:
                file.write(bytes(1 << 20))
        return a + b
    except OSError:
        return None


# ---- honest twin ----
def add(a, b):
    for number in range(8):
        with open(f"/tmp/grpo-attack-disk-{number}", "wb") as file:
            file.write(bytes(1 << 10))
    return a + b
