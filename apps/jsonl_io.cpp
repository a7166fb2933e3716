#include "apps/jsonl_io.h"

#include <cstdio>

namespace grpo::apps {

void InputFlag::add_to(CLI::App& command) {
  option = command.add_option("--input", path, "JSON lines; - is standard input");
}

OrderedJson error_row(const OrderedJson& id, std::string_view what) {
  return {{"id", id}, {"error", std::string(what)}};
}

void print_row(const OrderedJson& row) {
  const std::string line = print_json(row) + "\n";
  const bool written =
      std::fwrite(line.data(), 1, line.size(), stdout) == line.size() && std::fflush(stdout) == 0;
  check(written, "standard output: cannot write");
}

std::vector<int32_t> known_ids(std::span<const int64_t> ids, int64_t vocab) {
  std::vector<int32_t> known;
  for (const int64_t id : ids) {
    check(id >= 0 && id < vocab, "ids: unknown token id {}: the vocabulary has {}", id, vocab);
    known.push_back(static_cast<int32_t>(id));
  }
  return known;
}

}  // namespace grpo::apps
