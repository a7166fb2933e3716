"""Plain data between processes: frames of tagged JSON.

A frame is four bytes, the length in big-endian order, and as many bytes of JSON. Values:
    null, true, false, texts        themselves
    integers below 2^53             themselves, larger ones {"i": "-0x..."}
    floats                          {"f": "0x1.8p+0"}, {"f": "nan"}
    list [..]   tuple {"t": [..]}   set {"e": [..]}   dict {"d": [[key, value], ..]}
    iterators {"g": [..]}           their items: whoever asks again gets them from the start
    bytes {"b": "hex"}   complex {"c": [re, im]}   texts with lone surrogates {"u": "hex"}
    objects that stay where they are {"o": number}, where both sides agreed on that
Sub-classes travel as what they derive from. Anything else is Unplain, whoever encodes. Whoever
decodes believes nothing: every tag, depth and count is checked (reward/code/plain_value.cpp does
the same), and the values are of exact built-in types.
"""

import builtins
import collections.abc
import json

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_COUNT = 2_000_000
_LAZY = (range, collections.abc.Iterator, collections.abc.KeysView, collections.abc.ValuesView,
         collections.abc.ItemsView, map, zip, filter, reversed, enumerate)


class Unplain(Exception):
    """A value that does not cross; the text says which."""


class TooLarge(Unplain):
    """A value of which there is too much. Whoever gives one has failed: no test asks for it."""


class Protocol(Exception):
    """The other side does not speak this protocol, or is gone."""


class _Encoder:
    def __init__(self, types, number_of):
        self.count = 0
        self.types = types
        self.number_of = number_of

    def items(self, values, depth):
        out = []
        for value in values:
            out.append(self.value(value, depth + 1))
        return out

    def value(self, x, depth=0):
        self.count += 1
        if self.count > MAX_COUNT:
            raise TooLarge("more than %d values" % MAX_COUNT)
        if depth > MAX_DEPTH:
            raise TooLarge("nested deeper than %d" % MAX_DEPTH)
        if x is None or x is True or x is False:
            return x
        if isinstance(x, int):
            x = int(x)
            return x if -(1 << 53) < x < 1 << 53 else {"i": hex(x)}
        if isinstance(x, float):
            return {"f": float.hex(x)}
        if isinstance(x, str):
            x = str.__str__(x)
            try:
                x.encode()
            except UnicodeEncodeError:
                return {"u": x.encode("utf-8", "surrogatepass").hex()}
            return x
        if isinstance(x, list):
            return self.items(x, depth)
        if isinstance(x, tuple):
            return {"t": self.items(x, depth)}
        if isinstance(x, dict):
            return {"d": [self.items(pair, depth) for pair in x.items()]}
        if isinstance(x, (set, frozenset)):
            return {"e": self.items(x, depth)}
        if isinstance(x, (bytes, bytearray)):
            return {"b": bytes(x).hex()}
        if isinstance(x, complex):
            return {"c": [self.value(x.real), self.value(x.imag)]}
        if isinstance(x, _LAZY):
            return {"g": self.items(x, depth)}
        if self.types and isinstance(x, type) and getattr(builtins, x.__name__, None) is x:
            return {"n": x.__name__}
        if self.number_of is not None:
            return {"o": self.number_of(x)}
        raise Unplain("an object of type %s" % type(x).__name__)


def encode(x, types=False, number_of=None):
    """The JSON form of x as a Python structure; raises Unplain. With `types`, built-in types cross
    as {"n": name}: tests may give them to a candidate, no candidate answers with one. `number_of`
    gives the number of an object that stays here, or raises Unplain."""
    try:
        return _Encoder(types, number_of).value(x)
    except RecursionError:
        raise TooLarge("a structure that contains itself") from None


class _Decoder:
    def __init__(self, types, object_of):
        self.count = 0
        self.types = types
        self.object_of = object_of

    def items(self, values, depth):
        if type(values) is not list:
            raise Protocol("a list expected")
        return [self.value(value, depth + 1) for value in values]

    def value(self, x, depth=0):
        self.count += 1
        if self.count > MAX_COUNT or depth > MAX_DEPTH:
            raise Protocol("too much or too deep")
        if x is None or type(x) in (bool, int, str):
            return x
        if type(x) is list:
            return self.items(x, depth)
        if type(x) is not dict or len(x) != 1:
            raise Protocol("a tag expected")
        (tag, inner), = x.items()
        if tag in ("t", "e", "g"):
            return {"t": tuple, "e": set, "g": iter}[tag](self.items(inner, depth))
        if tag == "d":
            pairs = [self.items(pair, depth) for pair in inner]
            return {key: value for key, value in pairs}
        if tag == "c":
            re, im = self.items(inner, depth)
            return complex(re, im)
        if tag == "o" and self.object_of is not None and type(inner) is int:
            return self.object_of(inner)
        if type(inner) is not str:
            raise Protocol("a text expected")
        if tag == "n" and self.types and isinstance(getattr(builtins, inner, None), type):
            return getattr(builtins, inner)
        if tag == "i":
            return int(inner, 16)
        if tag == "f":
            return float.fromhex(inner)
        if tag == "b":
            return bytes.fromhex(inner)
        if tag == "u":
            return bytes.fromhex(inner).decode("utf-8", "surrogatepass")
        raise Protocol("an unknown tag")


def decode(x, types=False, object_of=None):
    """What encode was given, up to sub-classes; raises Protocol. `object_of`: the object of a number,
    or what stands for it here."""
    try:
        return _Decoder(types, object_of).value(x)
    except Protocol:
        raise
    except Exception as error:  # an unhashable key, a pair of three, bad digits: all the same
        raise Protocol(str(error)) from None


class Channel:
    """Frames over a stream socket. `sendall` and `recv` are bound early: a candidate that patches
    the socket module breaks its own answers only, but there is no reason to let it happen by
    accident."""

    def __init__(self, sock, max_bytes=MAX_BYTES):
        self._max_bytes = max_bytes
        self._sendall = sock.sendall
        self._recv = sock.recv
        self._dumps = json.JSONEncoder(separators=(",", ":")).encode

    def send(self, message):
        data = self._dumps(message).encode()
        if len(data) > self._max_bytes:
            raise TooLarge("%d bytes" % len(data))
        self._sendall(len(data).to_bytes(4, "big") + data)

    def _read(self, count):
        parts = []
        while count > 0:
            part = self._recv(min(count, 1 << 16))
            if not part:
                raise Protocol("the other side ended")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def receive(self):
        """The next frame; raises Protocol."""
        length = int.from_bytes(self._read(4), "big")
        if length > self._max_bytes:
            raise Protocol("a frame of %d bytes" % length)
        try:
            return json.loads(self._read(length))
        except (ValueError, RecursionError) as error:
            raise Protocol(str(error)) from None
