# Replaces every function of the main module.
# statuses: wrong_output exception killed
import __main__
import types

for name, value in list(vars(__main__).items()):
    if isinstance(value, types.FunctionType):
        setattr(__main__, name, lambda *a, **k: True)


def add(a, b):
    return None


# ---- honest twin ----
import __main__


def add(a, b):
    return a + b if hasattr(__main__, "__name__") else None
