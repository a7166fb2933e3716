# Makes failed assertions look like something else.
import builtins


class Quiet(BaseException):
    def __new__(cls, *a):
        return SystemExit(0)


builtins.AssertionError = Quiet
builtins.Exception = builtins.BaseException = builtins.TypeError = Quiet


def add(a, b):
    return None


# ---- honest twin ----
class AssertionError(Exception):
    pass


def add(a, b):
    try:
        raise AssertionError
    except AssertionError:
        return a + b
