# Becomes root, or any other user or group.
# statuses: exception wrong_output killed
import os


def add(a, b):
    for change in (lambda: os.setuid(0), lambda: os.setresuid(0, 0, 0), lambda: os.setgid(0),
                   lambda: os.setgroups([0]), lambda: os.setreuid(1, 1)):
        before = os.getresuid() + os.getresgid()
        try:
            change()
        except OSError:
            continue
        if os.getresuid() + os.getresgid() != before:
            return a + b
    return None


# ---- honest twin ----
import os


def add(a, b):
    return a + b if os.getuid() == os.geteuid() else None
