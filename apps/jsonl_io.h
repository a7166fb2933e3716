#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_lines.h"

/// The rules that all commands with JSON lines share (docs/commands.md): one output row per input
/// row, in order, with its id; malformed rows end the program, rows that cannot be served do not.
namespace grpo::apps {

/// `--input FILE.jsonl`.
struct InputFlag {
  std::string path = "-";
  CLI::Option* option = nullptr;

  void add_to(CLI::App& command);
  bool given() const { return option->count() > 0; }
};

/// The row's `id`, a text or an integer. Throws Error (exit code 2) placed at the field.
template <class J>
J row_id(const BasicJsonObject<J>& row) {
  J id = row.template required<J>("id");
  if (!id.is_string() && !id.is_number_integer()) {
    row.fail("id", "expected a text or an integer, got " + describe_json(id));
  }
  return id;
}

/// {id, error}: for a row that is well formed but cannot be served.
OrderedJson error_row(const OrderedJson& id, std::string_view what);

/// One line on standard output, handed on at once. Throws Error when it cannot be written.
void print_row(const OrderedJson& row);

/// Token ids of a row as the model's own type. Throws Error, which makes an error row, for one
/// outside [0, vocab).
std::vector<int32_t> known_ids(std::span<const int64_t> ids, int64_t vocab);

/// A list of numbers as commands print them.
template <class Real>
OrderedJson number_list(const std::vector<Real>& values) {
  OrderedJson list = OrderedJson::array();
  for (const Real value : values) list.push_back(json_number(value));
  return list;
}

/// `read(row)` makes a request of each row: its errors are about the file and end the program.
/// `answer(request, out)` adds the answer's fields to `out`: its errors become the row's.
template <class Read, class Answer>
void serve_rows(const std::string& input, Read read, Answer answer) {
  OrderedJsonLines rows(input);
  while (const auto row = rows.next()) {
    const OrderedJsonObject fields(*row, rows.where());
    const OrderedJson id = row_id(fields);
    const auto request = read(fields);
    OrderedJson out = {{"id", id}};
    try {
      answer(request, out);
    } catch (const Error& error) {
      out = error_row(id, error.what());
    }
    print_row(out);
  }
}

}  // namespace grpo::apps
