# Makes a hundred thousand empty files.
# statuses: exception wrong_output timeout
# verdicts: wrong timeout
def add(a, b):
    try:
        for number in range(100_000):
            open(f"/tmp/grpo-attack-inode-{number}", "w").close()
        return a + b
    except OSError:
        return None


# ---- honest twin ----
def add(a, b):
    for number in range(100):
        open(f"/tmp/grpo-attack-inode-{number}", "w").close()
    return a + b
