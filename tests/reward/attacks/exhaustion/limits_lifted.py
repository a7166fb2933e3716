# Lifts its own limits and then takes what it wants.
# statuses: exception wrong_output memory
import resource


def add(a, b):
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE):
        for pid in (0, 1):
            try:
                resource.prlimit(pid, limit, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            except (OSError, ValueError):
                pass
    try:
        return a + b if bytearray(3 << 30) else None
    except MemoryError:
        return None


# ---- honest twin ----
import resource


def add(a, b):
    return a + b if resource.getrlimit(resource.RLIMIT_AS) else None
