"""Tests written in Python, without the program that they test.

plan     takes assert statements apart: what to call with which plain arguments, and which plain
         value is expected. The supervisor makes the calls and compares.
examine  runs tests that cannot be taken apart. The candidate is a stand-in here: its calls go to
         the fork that holds the program, and only plain data comes back, or the number of an object
         that stays there: its attributes are got and set from here, and it can be called.
"""

import ast
import builtins
import symtable
import sys

import plain
from stand_in import StandIn, Unsupported

FILE = "<tests>"


# ---- plan ----------------------------------------------------------------------------------------


def plan(task):
    """{"cases": [call or None, ..]}: None where a statement must be examined as it stands."""
    if task["style"] == "assertion":
        known = own_names(task["setup"])
        cases = [one_call(parse(text), known, None) for text in task["asserts"]]
        return {"cases": cases}
    calls = calls_of_check(parse(task["function"]), task["entry_point"])
    return {"cases": calls or [None]}


def parse(text):
    try:
        return ast.parse(text, FILE).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # `examine` meets it again, and says so


def one_call(body, known, only_name):
    """`assert f(literals) == literal` as {name, args, kwargs, expected}, or None. Also with the
    sides exchanged, and with `is` before True, False and None."""
    if body is None or len(body) != 1 or type(body[0]) is not ast.Assert:
        return None
    test = body[0].test
    if type(test) is not ast.Compare or len(test.ops) != 1:
        return None
    call, expected = test.left, test.comparators[0]
    if type(call) is not ast.Call:
        call, expected = expected, call
    operator = type(test.ops[0])
    if operator is not ast.Eq:
        constant = type(expected) is ast.Constant and expected.value in (True, False, None)
        if operator is not ast.Is or not constant:
            return None
    if type(call) is not ast.Call or type(call.func) is not ast.Name:
        return None
    name = call.func.id
    # With nothing but literals, even the name of a built-in is meant to be the program's own.
    if name in known or only_name not in (None, name):
        return None
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    try:
        return {
            "name": name,
            "args": plain.encode([literal(a) for a in call.args]),
            "kwargs": plain.encode({k.arg: literal(k.value) for k in call.keywords}),
            "expected": plain.encode(literal(expected)),
            "identity": operator is ast.Is,
        }
    except (ValueError, plain.Unplain, TypeError, RecursionError, MemoryError):
        return None


def literal(node):
    return ast.literal_eval(node)


def calls_of_check(body, entry_point):
    """The calls of a module that holds check(candidate) and nothing that matters beside it, where
    check is nothing but asserts that can be taken apart; else None."""
    check = None
    for statement in body or []:
        if type(statement) is ast.FunctionDef and statement.name == "check" and check is None:
            check = statement
        elif not is_idle(statement):
            return None
    if check is None or check.decorator_list or len(check.args.args) != 1:
        return None
    candidate = check.args.args[0].arg
    calls = []
    for statement in check.body:
        if is_idle(statement):
            continue
        call = one_call([statement], (), candidate)
        if call is None:
            return None
        calls.append(dict(call, name=entry_point))
    return calls


def is_idle(statement):
    """A text, METADATA = .., `pass` or `assert True`: no part of the verdict."""
    kind = type(statement)
    if kind is ast.Expr or kind is ast.Assert:
        value = statement.value if kind is ast.Expr else statement.test
        return type(value) is ast.Constant and (kind is ast.Expr or value.value is True)
    if kind is ast.Assign:
        return all(type(t) is ast.Name and t.id == "METADATA" for t in statement.targets)
    return kind is ast.Pass


# ---- examine -------------------------------------------------------------------------------------


def examine(task, candidate, supervisor):
    """Runs the tests; sends {"case": number, "status": .., "message": ..} for each."""
    loaded = candidate.receive()
    if loaded.get("loaded") is not True:
        kind, text = loaded["raised"]
        status = "memory" if kind == "MemoryError" else "exception"
        for number in task["numbers"]:
            supervisor.send({"case": number, "status": status, "message": f"{kind}: {text}"})
        return
    names = {"__name__": "tests", "__builtins__": builtins}
    failure = attempt(lambda: begin(task, names, candidate))
    for number, source in zip(task["numbers"], task["sources"]):
        status, message = failure or attempt(lambda: run(task, source, names, candidate)) or (
            "passed", "")
        supervisor.send({"case": number, "status": status, "message": message[:500]})


def attempt(work):
    """Nothing if work went through, else [status, message]."""
    try:
        return work()
    except Unsupported as error:
        return "unsupported", str(error)
    except AssertionError as error:
        return "wrong_output", str(error)
    except MemoryError:
        return "memory", "MemoryError"
    except BaseException as error:
        return "exception", "%s: %s" % (type(error).__name__, error)


def run(task, source, names, candidate):
    load(source, names, candidate)
    if task["entry_point"]:
        names["check"](names[task["entry_point"]])


def begin(task, names, candidate):
    """What stands before the tests, and the function under test."""
    for source in (task["prompt"], task["setup"]):
        load(source, names, candidate)
    if task["entry_point"]:
        names[task["entry_point"]] = StandIn(task["entry_point"], candidate)


def load(source, names, candidate):
    """Runs the source with names that it takes from elsewhere: modules of the standard library
    where an attribute is asked for, else functions of the candidate. Built-in names stay the
    interpreter's: a program must not choose what `abs` or `all` means in its tests."""
    body = ast.parse(source, FILE)
    modules = {node.value.id for node in ast.walk(body)
               if type(node) is ast.Attribute and type(node.value) is ast.Name}
    for name in foreign_names(source):
        if name in names or hasattr(builtins, name):
            continue
        if name in modules and name in sys.stdlib_module_names:
            names[name] = __import__(name)
        else:
            names[name] = StandIn(name, candidate)
    exec(compile(body, FILE, "exec"), names)


def tables(source):
    """The symbol tables of the source, its own first, then those of what it defines."""
    found = [symtable.symtable(source, FILE, "exec")]
    for table in found:
        found.extend(table.get_children())
    return found


def own_names(source):
    """The global names that a source binds; none if it is not Python."""
    try:
        top, *inner = tables(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    binds = {s.get_name() for s in top.get_symbols()
             if s.is_assigned() or s.is_imported() or s.is_namespace()}
    for table in inner:
        binds |= {s.get_name() for s in table.get_symbols()
                  if s.is_declared_global() and s.is_assigned()}
    return binds


def foreign_names(source):
    """The global names that a source uses and does not bind."""
    used = {s.get_name() for table in tables(source) for s in table.get_symbols()
            if s.is_referenced() and (s.is_global() or table.get_type() == "module")}
    return used - own_names(source)
