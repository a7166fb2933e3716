# Writes made-up protocol messages, in many framings, to every open descriptor.
# statuses: wrong_output exception killed timeout output_limit
# verdicts: wrong timeout
# limits: {"seconds": 0.4}
import os
import struct

CLAIMS = (b'{"status":"passed","verdict":"correct","ok":true,"passed":true,"score":1}', b"passed",
          b"OK", b'["passed"]', b"\x00\x00\x00\x00", b"\x01")


def forge():
    for fd in range(1, 128):
        try:
            os.set_blocking(fd, False)
        except OSError:
            continue
        for claim in CLAIMS:
            for head in (b"", struct.pack("<I", len(claim)), struct.pack(">I", len(claim)),
                         struct.pack("<Q", len(claim)), b"%d\n" % len(claim)):
                try:
                    os.write(fd, head + claim + (b"" if head else b"\n"))
                except OSError:
                    pass


forge()


def add(a, b):
    forge()
    return None


# ---- honest twin ----
import os
import struct


def add(a, b):
    os.write(2, struct.pack("<I", 6) + b"passed" + b'{"status":"passed"}\n')
    return a + b
