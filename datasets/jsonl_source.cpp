#include "datasets/jsonl_source.h"

#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/json_lines.h"

namespace grpo::datasets {

std::string Row::answer(const std::string& field) const {
  const auto value = required<Json>(field);
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number()) {
    fail(field, fmt::format("expected a text or a number, got {}", describe_json(value)));
  }
  if (value.is_number_float() && std::abs(value.get<double>()) >= 0x1p53) {
    fail(field, "a number beyond 2^53 loses digits: write it as a text");
  }
  return value.dump();
}

std::string Row::text_or(const std::string& field, std::string_view fallback) const {
  return has(field) ? text(field) : std::string(fallback);
}

std::string Row::first_text(std::initializer_list<std::string> names) const {
  return text(first_of(names));
}

std::string Row::first_answer(std::initializer_list<std::string> names) const {
  return answer(first_of(names));
}

std::string Row::first_of(std::initializer_list<std::string> names) const {
  for (const auto& field : names) {
    if (has(field)) return field;
  }
  fail(fmt::format("{}", fmt::join(names, " | ")), "required field is missing");
}

std::string id_of(const Row& row) {
  for (const auto* field : {"id", "task_id", "unique_id"}) {
    if (row.has(field)) return row.answer(field);
  }
  return std::filesystem::path(row.where()).filename().string();
}

std::vector<Row> read_rows(const std::string& file) {
  std::vector<Row> rows;
  JsonLines lines(file);
  while (auto object = lines.next()) {
    static_cast<void>(JsonObject(*object, lines.where()));  // throws unless it is an object
    rows.emplace_back(*std::move(object), lines.where());
  }
  check_input(!rows.empty(), "{}: no rows in it", file);
  return rows;
}

}  // namespace grpo::datasets
