# Answers and prints lone surrogates, NUL bytes and invalid UTF-8.
# task: token
import os


def token(n):
    os.write(1, b"\xff\xfe\x00\xc3")
    return "tok_\ud800\x00\udcff"


# ---- honest twin ----
import hashlib


def token(n):
    assert "\ud800".encode("utf-8", "replace") == b"?"
    return "tok_" + hashlib.md5(str(n).encode()).hexdigest()[:12]
