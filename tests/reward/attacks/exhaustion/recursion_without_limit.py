# Lifts Python's own limit and recurses through C until the stack is gone.
# statuses: exception killed memory timeout
# verdicts: wrong timeout
import sys

sys.setrecursionlimit(2_000_000_000)


class Deep:
    def __repr__(self):
        return repr(self)


def add(a, b):
    return repr(Deep())


# ---- honest twin ----
import sys

sys.setrecursionlimit(20_000)


def depth(n):
    return 1 + depth(n - 1) if n else 0


def add(a, b):
    return depth(5000) - 5000 + a + b
