"""libgrpo_reward.so from Python (reward/c_api.h), for scripts and benchmarks."""

import ctypes
import json


class CodeJudge:
    """Judges rows of `grpo verify code`; any number of threads may call."""

    def __init__(self, path, level="full", workers=2):
        lib = self._lib = ctypes.CDLL(path)
        text = ctypes.c_void_p
        lib.grpo_code_judge_new.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(text)]
        lib.grpo_code_judge_new.restype = text
        lib.grpo_verify_code.argtypes = [text, ctypes.c_char_p]
        lib.grpo_verify_code.restype = text
        lib.grpo_code_judge_free.argtypes = [text]
        lib.grpo_free.argtypes = [text]
        error = text()
        self._judge = lib.grpo_code_judge_new(level.encode(), workers, ctypes.byref(error))
        if not self._judge:
            raise RuntimeError(self._taken(error.value))

    def _taken(self, pointer):
        try:
            return ctypes.string_at(pointer).decode()
        finally:
            self._lib.grpo_free(pointer)

    def judge(self, row):
        return json.loads(
            self._taken(self._lib.grpo_verify_code(self._judge, json.dumps(row).encode())))

    def close(self):
        self._lib.grpo_code_judge_free(self._judge)
        self._judge = None
