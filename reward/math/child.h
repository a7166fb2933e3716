#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "reward/math/evaluate.h"

namespace grpo::reward::math {

/// Runs `work` in a child process (fork) and returns its text, of at most kMaxChildText bytes.
/// Nothing when the child has not answered after `time`, takes more than a gigabyte of memory, is
/// ended by a signal or throws: it is killed, and its memory goes with it. No state is shared and
/// none kept: any thread may call; nothing is left behind, no process, descriptor or zombie.
///
/// A child of a process with threads inherits what locks they hold at that moment. malloc's are
/// made whole by the C library; should it wait for another, it is killed like any that takes too
/// long.
std::optional<std::string> run_in_child(std::chrono::milliseconds time,
                                        const std::function<std::string()>& work);
inline constexpr size_t kMaxChildText = 4000;

/// Runs `work` here, with a budget of kMillisecondsHere and of small numbers; if that is not
/// enough, anew in a child with what is left of `time`. Nothing when it does not end within `time`,
/// or is refused. Work that ends in microseconds, as nearly all does, costs no more than before.
std::optional<std::string> within_deadline(std::chrono::milliseconds time,
                                           const std::function<std::string(Budget&)>& work);
inline constexpr std::chrono::milliseconds kMillisecondsHere{20};

}  // namespace grpo::reward::math
