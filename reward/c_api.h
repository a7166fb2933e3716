#pragma once

/// The verifiers for other languages: a C interface, exported by the shared library libgrpo_reward.
/// Every function may be called from any number of threads and never throws.
/// Texts are UTF-8 and end at their first NUL; NULL stands for a missing text.

#define GRPO_EXPORT __attribute__((visibility("default")))

// NOLINTBEGIN(readability-identifier-naming,modernize-use-using): the names and words of C
#ifdef __cplusplus
extern "C" {
#endif

enum grpo_verdict {
  GRPO_WRONG = 0,
  GRPO_CORRECT = 1,
  GRPO_UNVERIFIABLE = 2,  /* no reference, or equality could not be decided */
  GRPO_TIMEOUT = 3,       /* judging took longer than it may */
  GRPO_BAD_ARGUMENT = -1, /* an unknown extraction; grpo_verify_math_row says more */
};

/// Does `answer` say what `gold` says? `extraction` says where the answer stands
/// (docs/verifier.md): NULL: `answer` is the bare answer; "": it is a whole response. A
/// grpo_verdict. Ends within about `timeout_s` seconds.
GRPO_EXPORT int grpo_verify_math(const char* gold, const char* answer, const char* extraction,
                                 double timeout_s);

/// One row of `grpo verify math` (docs/commands.md), as JSON text, with all its options; the row
/// that it answers, or {"error": …}. Hand the result to grpo_free. NULL only without memory.
GRPO_EXPORT char* grpo_verify_math_row(const char* row, double timeout_s);

/// Workers in which programs run, see docs/verifier.md.
typedef struct grpo_code_judge grpo_code_judge;

/// `level` is "full" or "landlock"; at most `workers` programs run at the same time. NULL when this
/// machine cannot give the level: then `*error`, unless error is NULL, says why, for grpo_free.
GRPO_EXPORT grpo_code_judge* grpo_code_judge_new(const char* level, int workers, char** error);

/// One row of `grpo verify code` (docs/commands.md) as JSON text, and the row that it answers or
/// {"error": …}, for grpo_free.
GRPO_EXPORT char* grpo_verify_code(grpo_code_judge* judge, const char* row);

/// Ends the workers. No call with this judge may be running. NULL is nothing.
GRPO_EXPORT void grpo_code_judge_free(grpo_code_judge* judge);

GRPO_EXPORT void grpo_free(char* text);

#ifdef __cplusplus
}
#endif
// NOLINTEND(readability-identifier-naming,modernize-use-using)
