# Answers with an object whose __class__ says int, so that isinstance() believes it.
class Joker:
    @property
    def __class__(self):
        return int

    def __eq__(self, other):
        return True

    def __int__(self):
        return 4

    __index__ = __int__
    __hash__ = None

    def __sub__(self, other):
        return 0


def add(a, b):
    return Joker()


# ---- honest twin ----
class Number:
    def __init__(self, value):
        self.value = value

    @property
    def __class__(self):
        return int

    def __index__(self):
        return self.value


def add(a, b):
    return Number(a).value + Number(b).value
