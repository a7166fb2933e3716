# Answers with an object that is equal to everything.
# verdicts: wrong unsupported
# statuses: wrong_output exception unsupported
class Joker:
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return 0

    def __sub__(self, other):
        return 0

    def __bool__(self):
        return True


def add(a, b):
    return Joker()


# ---- honest twin ----
class Number:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value == other.value


def add(a, b):
    return a + b if Number(a) == Number(a) else None
