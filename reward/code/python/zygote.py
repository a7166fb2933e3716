"""The zygote: a Python with its imports done that forks once per run and never runs a candidate
itself.

Control socket (fd 3, one JSON object per packet):
    in   {"run": id, "roles": [role, ..], "limits": {..}}, with one list of descriptors per role
         {"kill": id}
    out  {"ready": version}
         {"started": role number}, sent by the fork itself: the kernel adds its process id
         {"ended": role number, "status": wait status, "cpu": seconds, "rss_kib": ..}
         {"idle": id} when every fork of a run is gone
Deadlines are the supervisor's: it reads the forks' CPU clocks and sends "kill".
"""

import array
import ctypes
import gc
import json
import os
import resource
import select
import signal
import sys
import _socket

import guest

# What programs usually import: loaded once here, there for every fork.
import abc, ast, bisect, cmath, collections, contextlib, copy, dataclasses, datetime  # noqa: E401
import decimal, enum, fractions, functools, hashlib, heapq, io, itertools, math  # noqa: E401
import numbers, operator, random, re, statistics, string, threading, time, traceback  # noqa: E401
import types, typing  # noqa: E401

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWPID = 0x00020000, 0x08000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 24, 38, 22
SECCOMP_MODE_FILTER = 2
CAPABILITY_VERSION_3 = 0x20080522
THREADS = 64  # of a program that may not fork
STACK_BYTES = 64 << 20
CONTROL = 60

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (name, os.strerror(number)))


class Filter:
    """A seccomp program, made by the supervisor; held in the form the kernel takes."""

    class _Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    def __init__(self, code):
        self._program = self._Program(len(code) // 8, code)

    def install(self):
        call("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(self._program), 0, 0)


def drop_capabilities():
    number = 0
    while libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())


def set_limits(limits, num_roles):
    def limit(what, value):
        resource.setrlimit(what, (value, value))

    limit(resource.RLIMIT_AS, limits["memory_bytes"])
    limit(resource.RLIMIT_CPU, limits["cpu_backstop_s"])
    limit(resource.RLIMIT_FSIZE, limits["file_bytes"])
    limit(resource.RLIMIT_NOFILE, 64)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_MEMLOCK, 0)
    limit(resource.RLIMIT_MSGQUEUE, 0)
    limit(resource.RLIMIT_SIGPENDING, 64)
    limit(resource.RLIMIT_STACK, STACK_BYTES)
    processes = limits["processes"]
    # The count is the user's within this worker: the zygote and every role are in it.
    limit(resource.RLIMIT_NPROC, num_roles + 1 + (THREADS if processes == 1 else processes))


class Zygote:
    def __init__(self, settings):
        # Above the places of a fork's own descriptors.
        self.control = _socket.socket(fileno=os.dup2(3, CONTROL, inheritable=False))
        os.close(3)
        self.namespaces = settings["namespaces"]
        self.filters = {name: Filter(bytes.fromhex(code))
                        for name, code in settings["filters"].items()}
        if self.namespaces:
            self.own_pidfd = os.pidfd_open(os.getpid())


    def serve(self):
        gc.collect()
        gc.freeze()
        gc.disable()
        self.send({"ready": sys.version.split()[0]})
        while True:
            message, descriptors = self.receive()
            if message is None:
                os._exit(0)
            if "run" in message:
                self.run(message, descriptors)

    def send(self, message):
        self.control.send(json.dumps(message).encode())

    def receive(self):
        data, ancillary, _, _ = self.control.recvmsg(1 << 16, 1 << 10)
        descriptors = array.array("i")
        for _, _, block in ancillary:
            descriptors.frombytes(block)
        return (json.loads(data) if data else None), descriptors.tolist()

    def run(self, message, descriptors):
        alive = {}  # pidfd -> (role number, pid)
        start = 0
        for number, role in enumerate(message["roles"]):
            count = role["descriptors"]
            pid = self.fork(message, number, descriptors[start:start + count])
            start += count
            alive[os.pidfd_open(pid)] = (number, pid)
        for descriptor in descriptors:
            os.close(descriptor)
        poll = select.poll()
        poll.register(CONTROL, select.POLLIN)
        for pidfd in alive:
            poll.register(pidfd, select.POLLIN)
        while alive:
            for descriptor, _ in poll.poll():
                if descriptor != CONTROL:
                    number, pid = alive.pop(descriptor)
                    poll.unregister(descriptor)
                    os.close(descriptor)
                    _, status, usage = os.wait4(pid, 0)
                    self.send({"ended": number, "status": status, "rss_kib": usage.ru_maxrss,
                               "cpu": usage.ru_utime + usage.ru_stime})
                    continue
                order, _ = self.receive()
                if order is None:  # the supervisor is gone; so are the forks, in this namespace
                    os._exit(0)
                if order.get("kill") == message["run"]:
                    for pidfd in alive:
                        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self.send({"idle": message["run"]})

    def fork(self, message, number, descriptors):
        if self.namespaces:
            # A namespace whose first process ended takes no other: go back to the own one, from
            # where a new one may be asked for.
            call("setns", self.own_pidfd, CLONE_NEWPID)
            call("unshare", CLONE_NEWPID)
        zygote = os.getpid()
        pid = os.fork()
        if pid != 0:
            return pid
        try:
            # In a namespace, it dies with the zygote anyway.
            call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if not self.namespaces and os.getppid() != zygote:
                os._exit(1)
            role = message["roles"][number]
            self.confine(message["limits"], len(message["roles"]), descriptors)
            program = guest.prepare(role["role"])
            if role["filter"]:
                self.filters[role["filter"]].install()
            self.send({"started": number})
            os.closerange(len(descriptors), 256)
        except BaseException as error:
            # A fork that ends without "started" is the sandbox's failure, never the program's.
            os.write(2, ("sandbox: %s: %s" % (type(error).__name__, error)).encode())
            os._exit(1)
        os._exit(program())

    def confine(self, limits, num_roles, descriptors):
        for place, descriptor in enumerate(descriptors):
            # All of them are above their places: the zygote's own ones come first.
            os.dup2(descriptor, place)
        if self.namespaces:
            call("unshare", CLONE_NEWNS | CLONE_NEWIPC)
            call("mount", b"tmpfs", b"/tmp", b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 b"mode=1777,nr_inodes=512,size=%d" % limits["file_bytes"])
            os.chdir("/tmp")
            drop_capabilities()
        call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        set_limits(limits, num_roles)


def main(settings):
    Zygote(settings).serve()
