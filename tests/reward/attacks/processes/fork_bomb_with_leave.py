# Every process makes two, where a few processes are allowed.
# statuses: exception wrong_output killed timeout memory
# verdicts: wrong timeout
# limits: {"seconds": 0.4, "processes": 8}
import os

made = 0
for _ in range(10):  # a thousand processes, where nothing stops it
    try:
        os.fork()
        made += 1
    except OSError:
        pass


def add(a, b):
    return a + b if made > 8 else None


# ---- honest twin ----
import os


def add(a, b):
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write_end, str(a + b).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(read_end, 100))
