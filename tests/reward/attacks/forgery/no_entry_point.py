# Defines nothing of the name that is asked for.
# statuses: wrong_output exception
def ad(a, b):
    return a + b


def __getattr__(name):
    return True


# ---- honest twin ----
def ad(a, b):
    return a + b


add = ad
