# Raises an error whose text ends the process, loops or lies.
# statuses: wrong_output exception killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import os


class Trap(Exception):
    def __str__(self):
        os._exit(0)

    __repr__ = __str__


def add(a, b):
    raise Trap


# ---- honest twin ----
class Loud(Exception):
    def __str__(self):
        return "!" * 1000


def add(a, b):
    try:
        raise Loud
    except Loud as error:
        return a + b if str(error) else None
