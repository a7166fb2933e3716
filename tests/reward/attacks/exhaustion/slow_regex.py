# A regular expression that backtracks for ever inside one call of C.
# statuses: timeout
# verdicts: timeout
# limits: {"seconds": 0.5}
import re


def add(a, b):
    re.match(r"(a+)+$", "a" * 60 + "b")
    return a + b


# ---- honest twin ----
import re


def add(a, b):
    re.match(r"(a+)+$", "a" * 10 + "b")
    return a + b
