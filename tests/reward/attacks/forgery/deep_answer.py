# Answers with a list nested a million deep, to break whoever reads it.
# task: minmax
# statuses: wrong_output exception killed memory output_limit timeout
# verdicts: wrong timeout
def minmax(numbers):
    answer = []
    for _ in range(1_000_000):
        answer = [answer]
    return [answer, answer]


# ---- honest twin ----
def minmax(numbers):
    answer = []
    for _ in range(1000):
        answer = [answer]
    return [min(numbers), max(numbers)]
