# Answers with a callable, a class or a generator.
# statuses: wrong_output exception unsupported
# verdicts: wrong unsupported
def add(a, b):
    return (lambda: a + b, int, (x for x in [a + b]))[a % 3]


# ---- honest twin ----
def add(a, b):
    return next(x for x in [a + b])
