#include "reward/code/program_text.h"

#include <algorithm>

namespace grpo::reward::code {
namespace {

struct Fence {
  char sign = 0;
  size_t length = 0;  // 0: no fence
  bool bare = false;  // nothing follows: it may close
};

/// CommonMark's rule for a line: up to three spaces, then the fence.
Fence fence_of(std::string_view line) {
  line.remove_prefix(std::min({line.find_first_not_of(' '), line.size(), size_t{3}}));
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return {};
  const size_t length = std::min(line.find_first_not_of(line[0]), line.size());
  if (length < 3) return {};
  const auto rest = line.substr(length);
  // "```x```" within a line is inline code.
  if (line[0] == '`' && rest.find('`') != std::string_view::npos) return {};
  return {line[0], length, rest.find_first_not_of(" \t\r") == std::string_view::npos};
}

}  // namespace

std::optional<std::string> last_fenced_block(std::string_view response) {
  std::optional<std::string> last;
  Fence open;
  size_t inside = 0;
  for (size_t start = 0; start < response.size();) {
    const size_t end = std::min(response.find('\n', start), response.size());
    const Fence fence = fence_of(response.substr(start, end - start));
    if (open.length == 0 && fence.length > 0) {
      open = fence;
      inside = std::min(end + 1, response.size());
      last.reset();  // unless it is closed, the last block is half a block
    } else if (open.length > 0 && fence.bare && fence.sign == open.sign &&
               fence.length >= open.length) {
      last = std::string(response.substr(inside, start - inside));
      open = {};
    }
    start = end + 1;
  }
  return last;
}

}  // namespace grpo::reward::code
