# Answers with far more data than an answer may have.
# task: minmax
# statuses: wrong_output exception memory output_limit
def minmax(numbers):
    return list(range(3_000_000))


# ---- honest twin ----
def minmax(numbers):
    rows = list(range(100_000))
    return [min(numbers), max(numbers)] if rows else None
