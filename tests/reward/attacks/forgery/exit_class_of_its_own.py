# Raises a BaseException that calls itself SystemExit with code 0.
# statuses: wrong_output exception killed
class SystemExit(BaseException):
    code = 0


def add(a, b):
    raise SystemExit


# ---- honest twin ----
class SystemExit(BaseException):
    code = 0


def add(a, b):
    try:
        raise SystemExit
    except BaseException:
        return a + b
