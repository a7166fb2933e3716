# Lets multiprocessing start workers.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.5}
import multiprocessing


def add(a, b):
    with multiprocessing.get_context("fork").Pool(8) as pool:
        return sum(pool.map(int, (a, b)))


# ---- honest twin ----
from multiprocessing.dummy import Pool


def add(a, b):
    with Pool(2) as pool:
        return sum(pool.map(int, (a, b)))
