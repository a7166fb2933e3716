# Becomes another program that ends well.
# statuses: wrong_output exception killed
import os

for path in "/bin/true", "/usr/bin/true":
    try:
        os.execv(path, ["true"])
    except OSError:
        pass


def add(a, b):
    return None


# ---- honest twin ----
import os


def add(a, b):
    return a + b if callable(os.execv) else None
