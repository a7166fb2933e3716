#pragma once

#include <string>
#include <string_view>

namespace grpo {

/// The rest of the first line of `file` (/proc/cpuinfo, /proc/meminfo, …) that begins with `key`,
/// without blanks and colon; "unknown" when there is none.
std::string proc_value(const char* file, std::string_view key);

}  // namespace grpo
