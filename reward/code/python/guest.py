"""What runs in a fork beside or instead of a candidate. Nothing here knows what is expected.

Descriptors: 0, 1, 2 as usual, 3 the task (JSON in a memory file), 4 a channel, 5 a second one; a
compiled program is in 4.
"""

import atexit
import builtins
import gc
import json
import os
import random
import signal
import sys
import threading
import traceback
import types
import _sitebuiltins
import _socket

import examiner
import plain

FILE = "<program>"

# Programs use them, and no `site` brings them.
builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D")
builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D")


def prepare(role):
    """The function that plays the role and returns the exit status; all that may fail for reasons
    of the sandbox is done here."""
    size = os.lseek(3, 0, os.SEEK_END)
    data = b""
    while len(data) < size:
        data += os.pread(3, size - len(data), len(data))
    os.close(3)
    task = json.loads(data)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = open(2, "w", 1, errors="backslashreplace", closefd=False)
    gc.enable()
    random.seed(0)  # a verdict should not depend on luck
    if role == "script":
        return lambda: finish(lambda: execute(task, "__main__"))
    if role == "compile":
        return lambda: finish(lambda: compile_program(task))
    if role == "execute":
        return become_program
    channels = [plain.Channel(_socket.socket(fileno=4), task.get("frame_bytes", plain.MAX_BYTES))]
    if role == "answer":
        return lambda: finish(lambda: answer(task, channels[0]))
    if role == "plan":
        return lambda: finish(lambda: channels[0].send(examiner.plan(task)))
    if role == "examine":
        channels.append(plain.Channel(_socket.socket(fileno=5)))
        return lambda: finish(lambda: examiner.examine(task, *channels))
    raise ValueError(role)


def finish(work):
    """Runs work and ends as the interpreter would; returns the exit status."""
    status = 0
    try:
        try:
            work()
        finally:
            threading._shutdown()
            atexit._run_exitfuncs()
    except SystemExit as end:
        status = exit_status(end.code)
    except BaseException as error:
        report(error)
        status = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.__stdout__.flush()
    except BaseException as error:
        report(error)
        status = 1
    return status


def compile_program(task):
    """Leaves what the compiler makes in descriptor 4."""
    os.set_inheritable(4, False)
    with open("program.cpp", "w", errors="replace") as source:
        source.write(task["source"])
    compiler = os.posix_spawn(task["command"][0], task["command"], dict(os.environ))
    _, status = os.waitpid(compiler, 0)
    if status != 0:
        raise SystemExit(1)
    with open("program", "rb") as program:
        while part := program.read(1 << 20):
            while part:
                part = part[os.write(4, part):]


def become_program():
    """The program in descriptor 4 goes on in this process."""
    os.set_inheritable(4, False)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and that would be inherited
    try:
        os.execve(4, ["program"], dict(os.environ))
    except OSError as error:
        report(error)
    return 1


def exit_status(code):
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def report(error):
    """The traceback without this file's frames, for people to read."""
    try:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename != FILE:
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
    except BaseException:
        os.write(2, type(error).__name__.encode())


def execute(task, name):
    """Runs the program as a module of this name; returns its globals."""
    module = types.ModuleType(name)
    module.__builtins__ = __builtins__
    sys.modules[name] = module
    entry_point = task.get("entry_point")
    for source in sources(task["program"], task.get("prompt"), entry_point):
        exec(compile(source, FILE, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def sources(program, prompt, entry_point):
    """A completion is the prompt gone on with; a whole program defines the entry point itself, and
    the prompt gives it only what it imports and helps with."""
    if not prompt:
        return [program]
    if entry_point in examiner.own_names(program):
        try:
            compile(prompt, FILE, "exec", dont_inherit=True)
        except SyntaxError:
            return [program]
        return [prompt, program]
    return [prompt + program]


def answer(task, channel):
    """Serves calls of the program's functions until nobody asks any more."""
    try:
        names = execute(task, "program")
    except BaseException as error:
        channel.send({"loaded": False, "raised": describe(error)})
        raise
    channel.send({"loaded": True})
    objects = Objects() if task.get("objects") else None
    while True:
        try:
            order = channel.receive()
        except plain.Protocol:
            return
        try:
            channel.send(respond(order, names, objects))
        except plain.TooLarge as error:
            channel.send({"call": order["call"], "raised": describe(error)})


class Objects:
    """What tests may hold of the program without its crossing: by number, the same object by the
    same one."""

    def __init__(self):
        self._all = []
        self._numbers = {}

    def number_of(self, x):
        if id(x) not in self._numbers:  # alive as long as this, so ids are not used again
            self._numbers[id(x)] = len(self._all)
            self._all.append(x)
        return self._numbers[id(x)]

    def object_of(self, number):
        return self._all[number]


def respond(order, names, objects):
    """Calls a function, by name or number, or asks an object for its truth or an attribute."""
    reply = {"call": order["call"]}
    number_of, object_of = (objects.number_of, objects.object_of) if objects else (None, None)
    try:
        target = object_of(order["object"]) if "object" in order else names[order["name"]]
        arguments = plain.decode(order["args"], True, object_of)
        operation = order.get("operation", "call")
        if operation == "call":
            value = target(*arguments, **plain.decode(order["kwargs"], True, object_of))
        else:
            value = {"get": getattr, "set": setattr, "truth": bool}[operation](target, *arguments)
        reply["value"] = plain.encode(value, number_of=number_of)
        if order.get("in_place"):
            reply["args"] = plain.encode(arguments, number_of=number_of)
    except plain.TooLarge as error:
        reply = {"call": order["call"], "raised": describe(error)}
    except plain.Unplain as error:
        reply["unplain"] = str(error)
    except BaseException as error:
        reply["raised"] = describe(error)
    return reply


def describe(error):
    """[type's name, text], within bounds."""
    try:
        return [type(error).__name__[:100], str(error)[:500]]
    except BaseException:
        return ["Exception", ""]
