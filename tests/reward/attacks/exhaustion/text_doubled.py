# Doubles a text until memory ends.
# statuses: memory exception killed timeout
# verdicts: wrong timeout
def add(a, b):
    text = "x"
    for _ in range(40):
        text += text
    return a + b


# ---- honest twin ----
def add(a, b):
    text = "x"
    for _ in range(20):
        text += text
    return a + b if text else None
