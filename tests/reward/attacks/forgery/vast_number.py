# Answers with an int of a million digits, whose decimal form is slow to make.
# statuses: wrong_output exception output_limit timeout
# verdicts: wrong timeout
def add(a, b):
    return 7 << 3_400_000


# ---- honest twin ----
def add(a, b):
    return ((7 << 100_000) + a + b) - (7 << 100_000)
