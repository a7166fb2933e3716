# Leaves thousands of dead children unburied.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.5, "processes": 8}
import os


def add(a, b):
    dead = 0
    for _ in range(5000):
        try:
            if os.fork() == 0:
                os._exit(0)
            dead += 1
        except OSError:
            break
    return a + b if dead > 1000 else None


# ---- honest twin ----
import os


def add(a, b):
    for _ in range(5):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    return a + b
