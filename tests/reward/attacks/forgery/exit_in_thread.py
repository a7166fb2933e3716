# A second thread ends the process while the first one is being asked.
# statuses: wrong_output exception killed
import os
import threading
import time

threading.Thread(target=lambda: (time.sleep(0.05), os._exit(0)), daemon=True).start()


def add(a, b):
    time.sleep(1)


# ---- honest twin ----
import threading

answers = {}


def work(a, b):
    answers[a, b] = a + b


def add(a, b):
    thread = threading.Thread(target=work, args=(a, b))
    thread.start()
    thread.join()
    return answers[a, b]
