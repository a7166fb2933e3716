"""Runs of a trivial program on standard input, per second and core: the code judge at its level `full`,
one bubblewrap per run, and verl's prime_code, in one run.

    taskset -c 0 python benchmarks/verify_code.py --library build/release/libgrpo_reward.so \
        [--verl FOLDER]

Needs `bwrap` (Debian: bubblewrap 0.8.0). FOLDER holds the package prime_code of verl 0.9.1
(verl/utils/reward_score/prime_code), called as it stands by its compute_score; it needs numpy. The
program reads two numbers and prints their sum; every judged text is a new one, so that no verdict is
remembered. Sides are measured in turns; the best round of each counts.

A program with one test costs verl a manager and a process. With ten, it runs all of them in that one
process and, with continuous=True after a failure, one process for each: both are shown. Here every
test has a process of its own.
"""

import argparse
import itertools
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "scripts"))
from grpo_library import CodeJudge  # noqa: E402

ROUNDS = 3
PROGRAM = "a, b = map(int, input().split())\nprint(a + b)\n"
BWRAP = ("bwrap --unshare-all --die-with-parent --ro-bind /usr /usr --symlink usr/lib /lib "
         "--symlink usr/lib64 /lib64 --symlink usr/bin /bin --tmpfs /tmp --dev /dev "
         "/usr/bin/python3 -I -S -c").split()
numbers = itertools.count()


def cases(count):
    inputs = [f"{next(numbers)} {i}\n" for i in range(count)]
    return inputs, [f"{sum(map(int, text.split()))}\n" for text in inputs]


def ours(judge, tests):
    inputs, outputs = cases(tests)
    row = {"id": 0, "code": PROGRAM, "tests": {"kind": "stdin", "inputs": inputs, "outputs": outputs}}
    assert judge.judge(row)["verdict"] == "correct"


def bwrap(tests):
    for given, expected in zip(*cases(tests)):
        done = subprocess.run(BWRAP + [PROGRAM], input=given, capture_output=True, text=True)
        assert done.stdout == expected, done.stderr


def prime_code(compute_score, tests, wrong):
    inputs, outputs = cases(tests)
    if wrong:  # the last one: continuous then runs every test by itself
        outputs[-1] = "no\n"
    score, _ = compute_score(f"```python\n{PROGRAM}```", {"inputs": inputs, "outputs": outputs},
                             continuous=wrong)
    assert score == ((tests - 1) / tests if wrong else True), score


def per_second(work, tests, budget_s=2.0):
    work()
    start, runs = time.perf_counter(), 0
    while time.perf_counter() < start + budget_s:
        work()
        runs += tests
    return runs / (time.perf_counter() - start)


def main():
    arguments = argparse.ArgumentParser(usage=__doc__)
    arguments.add_argument("--library", required=True)
    arguments.add_argument("--verl")
    arguments = arguments.parse_args()
    judge = CodeJudge(arguments.library, "full", 1)
    sides = {(f"grpo, full, {n} tests", n): lambda n=n: ours(judge, n) for n in (1, 10)}
    sides["cold bwrap", 1] = lambda: bwrap(1)
    if arguments.verl:
        sys.path.insert(0, arguments.verl)
        from prime_code import compute_score
        sides["verl prime_code, 1 test", 1] = lambda: prime_code(compute_score, 1, False)
        sides["verl prime_code, 10 tests in one process", 10] = \
            lambda: prime_code(compute_score, 10, False)
        sides["verl prime_code, 10 tests, continuous", 10] = lambda: prime_code(compute_score, 10, True)
    best = dict.fromkeys(sides, 0.0)
    for _ in range(ROUNDS):
        for side, work in sides.items():
            best[side] = max(best[side], per_second(work, side[1]))
    reference = best[next(iter(sides))]
    for (name, _), rate in best.items():
        print(f"{name:<42}{rate:8.1f} runs/s{reference / rate:8.2f} x slower than the first")
    if not arguments.verl:
        print("verl prime_code: not measured (--verl)")
    judge.close()


if __name__ == "__main__":
    main()
