# Leaves a thread behind that writes answers for questions still to come.
# statuses: wrong_output exception killed output_limit
import os
import threading
import time


def write_answers():
    while True:
        os.write(1, b"7\n")
        time.sleep(0.001)


threading.Thread(target=write_answers, daemon=True).start()


def add(a, b):
    time.sleep(0.02)
    return None


# ---- honest twin ----
import threading
import time

threading.Thread(target=time.sleep, args=(30,), daemon=True).start()


def add(a, b):
    return a + b
