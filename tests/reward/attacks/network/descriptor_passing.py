# Sends its descriptors through every socket that it inherited, and takes what comes back.
# statuses: exception wrong_output killed timeout
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import array
import socket


def add(a, b):
    for fd in range(256):
        try:
            line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, 0, fileno=fd)
            line.setblocking(False)
        except OSError:
            continue
        try:
            line.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1]))])
            _, found, _, _ = line.recvmsg(1 << 16, 1 << 10)
            if found:
                return a + b
        except OSError:
            pass
        finally:
            line.detach()
    return None


# ---- honest twin ----
import array


def add(a, b):
    return sum(array.array("q", [a, b]))
