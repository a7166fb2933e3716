# Takes away its parent's memory and files by prlimit.
# statuses: exception wrong_output killed
import os
import resource


def add(a, b):
    for pid in {os.getppid(), 2, 3} - {0, os.getpid()}:
        try:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))
            return a + b
        except (OSError, ValueError):
            pass
    return None


# ---- honest twin ----
import resource


def add(a, b):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return a + b
