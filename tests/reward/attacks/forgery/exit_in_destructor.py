# Answers with an object whose destructor ends the process.
# verdicts: wrong unsupported
# statuses: wrong_output exception killed unsupported
import os


class Answer:
    def __del__(self):
        os._exit(0)


def add(a, b):
    return Answer()


# ---- honest twin ----
class Answer:
    def __init__(self, value):
        self.value = value

    def __del__(self):
        self.value = 0


def add(a, b):
    return Answer(a + b).value
