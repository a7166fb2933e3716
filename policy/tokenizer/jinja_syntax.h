#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "policy/tokenizer/jinja_lexer.h"
#include "policy/tokenizer/jinja_value.h"

namespace grpo::policy::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

/// One node of an expression. `children` by kind:
/// list, tuple, concat: the items; dict: key, value, key, value ...; attribute: object; item:
/// object, index; slice: object, start, stop, step (null where absent); call: callee, arguments;
/// filter, test: subject, arguments (the subject is null in a filtered `set` block); conditional:
/// condition, then, else (may be null); comparison: operands, with `operators` between them.
struct Expression {
  enum class Kind {
    constant,
    name,
    list,
    tuple,
    dict,
    attribute,
    item,
    slice,
    call,
    filter,
    test,
    negative,
    positive,
    logical_not,
    logical_and,
    logical_or,
    conditional,
    comparison,
    binary,
    concat,
  };
  Kind kind;
  Position position;
  std::string name;  ///< of variable, attribute, filter, test or binary operator
  Value constant;
  std::vector<ExpressionPtr> children;
  std::vector<std::pair<std::string, ExpressionPtr>> named;  ///< keyword arguments
  std::vector<std::string> operators;
  int depth = 1;  ///< of the tree below; the parser bounds it
};

/// What `set` and `for` assign to: names (several unpack), or an attribute of a namespace.
struct Target {
  std::vector<std::string> names;
  std::string attribute;  ///< names[0].attribute, where not empty
  bool is_tuple = false;
};

/// One node of the template. Fields in use by kind, beside `position`:
/// text: text; output: value; condition: branches, otherwise; loop: target, value (iterable),
/// filter (may be null), body, otherwise; set: target, value; set_block: target, body, value (its
/// filters, may be null); macro: text (name), parameters, body; generation: body.
struct Statement {
  enum class Kind {
    text,
    output,
    condition,
    loop,
    set,
    set_block,
    macro,
    generation,
    break_loop,
    continue_loop,
  };
  struct Branch {
    ExpressionPtr condition;
    std::vector<Statement> body;
  };
  struct Parameter {
    std::string name;
    ExpressionPtr fallback;  ///< null: required
  };
  Kind kind;
  Position position;
  std::string text;
  ExpressionPtr value, filter;
  Target target;
  std::vector<Statement> body, otherwise;
  std::vector<Branch> branches;
  std::vector<Parameter> parameters;
};

/// Reads the subset of Jinja that chat templates use; names every filter and test it knows.
/// Throws Error "name:line:column: what" for all else, nesting beyond a fixed depth included.
std::vector<Statement> parse(std::string_view source, const std::string& name);

}  // namespace grpo::policy::jinja
