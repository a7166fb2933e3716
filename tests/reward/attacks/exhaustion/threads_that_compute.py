# Spreads its endless loop over threads, so that no single one uses much.
# statuses: timeout exception
# verdicts: wrong timeout
# limits: {"seconds": 0.5}
import threading


def loop():
    while True:
        pass


def add(a, b):
    threads = [threading.Thread(target=loop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return a + b


# ---- honest twin ----
import threading


def add(a, b):
    parts = []
    threads = [threading.Thread(target=parts.append, args=(n,)) for n in (a, b)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(parts)
