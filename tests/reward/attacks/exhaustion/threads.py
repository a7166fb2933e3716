# Starts threads without end.
# statuses: exception wrong_output memory timeout killed
# verdicts: wrong timeout
import threading
import time


def add(a, b):
    try:
        for _ in range(20_000):
            threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
        return a + b
    except RuntimeError:
        return None


# ---- honest twin ----
from concurrent.futures import ThreadPoolExecutor


def add(a, b):
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(int, (a, b)))
