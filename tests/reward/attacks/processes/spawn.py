# Starts another program by every way Python has.
# statuses: exception wrong_output killed
import os
import subprocess
import sys


def add(a, b):
    ways = (lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
            lambda: subprocess.run(["/bin/sh", "-c", ":"], check=True),
            lambda: os.posix_spawn("/bin/true", ["true"], {}),
            lambda: os.popen("echo 1").read()[0],
            lambda: 1 / (os.system("true") == 0))
    for way in ways:
        try:
            way()
            return a + b
        except (OSError, IndexError, ZeroDivisionError, subprocess.SubprocessError):
            pass


# ---- honest twin ----
import subprocess


def add(a, b):
    try:
        subprocess.run(["/bin/false"])
    except OSError:
        pass
    return a + b
