#include "base/config_table.h"

namespace grpo::config_detail {

std::string describe(const Constraints& constraints) {
  std::string text;
  for (const auto& constraint : constraints) {
    switch (constraint.kind) {
      case Constraint::Kind::range:
        text += ", " + range_text(constraint);
        break;
      case Constraint::Kind::one_of:
        text += fmt::format(", one of `{}`", fmt::join(constraint.choices, "`, `"));
        break;
      case Constraint::Kind::not_empty:
        text += ", not empty";
        break;
      case Constraint::Kind::required:
        text += ", required";
        break;
      case Constraint::Kind::existing_path:
        text += ", must exist";
        break;
    }
  }
  return text;
}

std::string print_table(const std::vector<TableRow>& rows) {
  const auto cell = [](const std::string& text) {
    std::string escaped;
    for (const char c : text) {
      if (c == '|') escaped += '\\';
      escaped += c;
    }
    return escaped;
  };
  std::string out = "| key | type | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const auto& row : rows) {
    out += fmt::format("| `{}` | {} | {} | {} |\n", row.key, cell(row.type),
                       cell(row.default_value), cell(row.meaning));
  }
  return out;
}

}  // namespace grpo::config_detail
