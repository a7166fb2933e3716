"""What stands for the program's functions and objects in tests that run without it.

A function or class can be called. An object that the program gives stays there: its attributes are
got and set from here, and it can be called and passed back. Whatever else a test does with them makes
it unsupported.
"""

import builtins

import plain


class Unsupported(BaseException):
    """A test asks for more than plain data. No Exception: tests may catch these."""


class CandidateError(Exception):
    """Raised by the candidate, of a type that is not built in."""


OPERATORS = """
    bool bytes call complex contains copy deepcopy delattr delitem dir enter eq exit float floordiv
    format ge getitem gt hash index instancecheck int invert iter le len length_hint lt matmul mod
    mul ne neg add pos pow and or xor lshift rshift sub truediv divmod repr reversed round setitem
    str subclasscheck trunc floor ceil abs reduce reduce_ex radd rsub rmul rtruediv rfloordiv
    rmod rpow rand ror rxor rlshift rrshift rdivmod rmatmul iadd isub imul itruediv ifloordiv imod
    ipow iand ior ixor ilshift irshift imatmul""".split()


# A test that asks for one of these has plain data in mind: an object must not answer in its place.
PLAIN_ATTRIBUTES = frozenset().union(*(
    dir(x) for x in (0, 0.0, 0j, "", b"", bytearray(), [], (), {}, set(), frozenset(), range(0),
                     {}.keys(), {}.values(), {}.items(), iter([]), (x for x in ()), slice(0))))


def refuses_operators(cls):
    """Whatever the class does not define itself makes a test unsupported: the answer would be the
    program's to give, or would be this class's instead of the program's."""
    def refuse(self, *_, **__):
        raise Unsupported("the test uses %s for more than calls and attributes" % self._what)

    for operator in OPERATORS:
        if "__%s__" % operator not in vars(cls):
            setattr(cls, "__%s__" % operator, refuse)
    return cls


@refuses_operators
class StandIn:
    """A function or class of the program's. It can be called, and that is all."""

    def __init__(self, name, candidate):
        self.__dict__.update(_name=name, _candidate=candidate, _what=repr(name))

    def __call__(self, *arguments, **named):
        return ask({"name": self._name}, self._candidate, list(arguments), named)

    def __getattr__(self, *_):
        raise Unsupported("the test uses %s for more than calls" % self._what)

    __setattr__ = __getattr__


@refuses_operators
class Held:
    """An object that stays with the program. Two of them are one only if the program says so."""

    def __init__(self, number, candidate):
        self.__dict__.update(_number=number, _candidate=candidate, _what="an object")

    def _ask(self, operation, *arguments, **named):
        order = {"object": self._number, "operation": operation}
        return ask(order, self._candidate, list(arguments), named)

    def __call__(self, *arguments, **named):
        return self._ask("call", *arguments, **named)

    def __bool__(self):
        return self._ask("truth")

    def __getattr__(self, name):
        if name in PLAIN_ATTRIBUTES or name[:2] == "__":
            raise Unsupported("the test looks at %s of an object" % name)
        return self._ask("get", name)

    def __setattr__(self, name, value):
        self._ask("set", name, value)


def number_of(x):
    if type(x) is not Held:
        raise plain.Unplain("an object of type %s" % type(x).__name__)
    return x._number


calls = 0
held = {}


def ask(order, candidate, arguments, named):
    global calls
    calls += 1

    def object_of(number):
        return held.setdefault(number, Held(number, candidate))

    mutable = any(type(a) in (list, dict, set) for a in arguments)
    try:
        candidate.send(dict(order, call=calls, in_place=mutable,
                            args=plain.encode(arguments, True, number_of),
                            kwargs=plain.encode(named, True, number_of)))
    except plain.Unplain as error:
        raise Unsupported("the test gives the candidate %s" % error) from None
    reply = candidate.receive()
    if type(reply) is not dict or reply.get("call") != calls:
        raise plain.Protocol("an answer to another question")
    if "raised" in reply:
        raise raised(reply["raised"])
    if "unplain" in reply:
        raise Unsupported("the candidate gave %s" % str(reply["unplain"])[:200])
    if mutable:
        give_back(arguments, plain.decode(reply["args"], object_of=object_of))
    return plain.decode(reply["value"], object_of=object_of)


def raised(described):
    kind, text = described
    if type(kind) is not str or type(text) is not str:
        raise plain.Protocol("an exception expected")
    builtin = getattr(builtins, kind, None)
    if isinstance(builtin, type) and issubclass(builtin, Exception):
        try:
            return builtin(text)
        except TypeError:  # some want more than a text
            pass
    return CandidateError("%s: %s" % (kind, text))


def give_back(arguments, changed):
    """Changes lists, dicts and sets as the candidate changed its copies."""
    if type(changed) is not list or len(changed) != len(arguments):
        raise plain.Protocol("as many arguments expected")
    for mine, new in zip(arguments, changed):
        if type(mine) not in (list, dict, set) or type(new) is not type(mine):
            continue
        if type(mine) is list:
            mine[:] = new
        else:
            mine.clear()
            mine.update(new)
