"""The math verifier against Math-Verify on the same pairs, one core each, in one run.

    taskset -c 0 python benchmarks/verify_math.py --library build/release/libgrpo_reward.so \
        [--pairs pairs.jsonl] [--responses responses.jsonl.gz]

Needs math-verify 0.9.0. Without --pairs, the pairs of
tests/golden/verifier/pairs.txt. A pair is {gold, prediction}, a response {gold, response}. Both
sides parse and compare every pair, here through ctypes. Each side is measured in rounds, taken in
turns; the best round counts.
"""

import argparse
import ctypes
import gzip
import json
import logging
import pathlib
import time

from math_verify import parse, verify

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROUNDS = 3


def rows(path):
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def golden_pairs():
    lines = (ROOT / "tests/golden/verifier/pairs.txt").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(" ||| ")[:2]) for line in lines if line and line[0] != "#"]


def seconds(work):
    start = time.perf_counter()
    right = work()
    return time.perf_counter() - start, right


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--library", required=True)
    arguments.add_argument("--pairs")
    arguments.add_argument("--responses")
    arguments = arguments.parse_args()
    logging.disable(logging.CRITICAL)
    library = ctypes.CDLL(arguments.library)
    library.grpo_verify_math.argtypes = [ctypes.c_char_p] * 3 + [ctypes.c_double]

    def ours(pairs, extraction):
        coded = [(gold.encode(), answer.encode()) for gold, answer in pairs]
        judge = library.grpo_verify_math
        return seconds(lambda: sum(judge(g, a, extraction, 5.0) == 1 for g, a in coded))

    def peer(pairs):
        def one(gold, answer):
            try:
                return bool(verify(parse(f"${gold}$"), parse(f"${answer}$")))
            except Exception:
                return False

        return seconds(lambda: sum(one(gold, answer) for gold, answer in pairs))

    if arguments.pairs:
        found = [(r.get("gold"), r.get("prediction")) for r in rows(arguments.pairs)]
        pairs = [p for p in found if isinstance(p[0], str) and isinstance(p[1], str)]
    else:
        pairs = golden_pairs()
    peer(pairs[:20])  # both warm
    ours(pairs, None)
    rounds = [(ours(pairs, None), peer(pairs)) for _ in range(ROUNDS)]
    (here, right), (there, right_there) = (min(r[side] for r in rounds) for side in (0, 1))
    print(f"{len(pairs)} pairs: here {len(pairs) / here:,.0f}/s ({right} equal), "
          f"Math-Verify {len(pairs) / there:,.0f}/s ({right_there} equal), ratio {there / here:,.0f}")

    plain = [(str(n), f"{n + n % 2:,}") for n in range(1000, 21000)]
    best = min(ours(plain, None) for _ in range(ROUNDS))
    print(f"{len(plain)} plain answers: {len(plain) / best[0]:,.0f}/s")

    if arguments.responses:
        batch = [(r["gold"], r["response"]) for r in rows(arguments.responses)
                 if isinstance(r.get("response"), str)][:1024]
        best = min(ours(batch, b"") for _ in range(ROUNDS))
        size = sum(len(response) for _, response in batch) / len(batch)
        print(f"{len(batch)} responses of {size:.0f} characters: {1e3 * best[0]:.1f} ms")


main()
