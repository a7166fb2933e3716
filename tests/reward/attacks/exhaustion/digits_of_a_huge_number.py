# Prints the decimal digits of a huge number, which takes quadratic time.
# statuses: timeout memory killed exception
# verdicts: wrong timeout
# limits: {"seconds": 0.5}
import sys

sys.set_int_max_str_digits(0)


def add(a, b):
    return len(str(7 << 30_000_000)) * 0 + a + b


# ---- honest twin ----
import sys

sys.set_int_max_str_digits(0)


def add(a, b):
    return len(str(7 << 30_000)) * 0 + a + b
