# Never comes to an end: an exit handler and a thread that wait for ever.
# statuses: wrong_output exception timeout killed
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import atexit
import threading
import time

atexit.register(time.sleep, 3600)
threading.Thread(target=time.sleep, args=(3600,)).start()


def add(a, b):
    return None


# ---- honest twin ----
import atexit
import threading
import time

atexit.register(time.sleep, 0.01)
threading.Thread(target=time.sleep, args=(0.01,)).start()


def add(a, b):
    return a + b
