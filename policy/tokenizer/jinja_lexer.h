#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace grpo::policy::jinja {

/// Where something stands in the template, from 1; columns count code points.
struct Position {
  int line = 1;
  int column = 1;
};

struct Token {
  enum class Kind {
    text,  // outside of any tag, after trimming
    output_begin,
    output_end,
    block_begin,
    block_end,
    name,
    string,
    integer,
    real,
    symbol,  // an operator or bracket
    end,     // of the template
  };
  Kind kind;
  std::string text;  ///< text, name, symbol, or the value of a string
  Position position;
  int64_t integer = 0;
  double real = 0;
};

/// Splits a template into tokens with Jinja's rules under trim_blocks and lstrip_blocks, as
/// transformers sets them: a newline after a block tag or comment goes, and so does blank space
/// before one on its line; `-` trims all white space, `+` keeps it. Newlines become \n, and one
/// at the very end of the template goes.
/// Throws Error "name:line:column: what" (exit code 2).
/// Source: Jinja documentation 3.1, "Whitespace Control".
std::vector<Token> tokenize(std::string_view source, const std::string& name);

/// Throws the Error of a template that cannot be read.
[[noreturn]] void syntax_error(const std::string& name, Position position, const std::string& what);

}  // namespace grpo::policy::jinja
