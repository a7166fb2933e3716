#include <algorithm>
#include <array>

#include "policy/tokenizer/jinja_expression_parser.h"
#include "policy/tokenizer/jinja_syntax.h"

namespace grpo::policy::jinja {
namespace {

using Kind = Statement::Kind;

class Parser : private ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  std::vector<Statement> run() { return parse_body({}); }

 private:
  /// What stands around a statement, for what is allowed only in some places.
  struct Place {
    bool inside_loop = false;
    bool inside_scope = false;  // of a loop, macro, set or generation block
    bool inside_generation = false;
  };

  /// Up to one of the tags `ends`, which is left to be read (after its '{%'), or the end.
  std::vector<Statement> parse_body(std::vector<std::string_view> ends) {
    const Nesting nesting(*this);
    const Position begin = token().position;
    std::vector<Statement> body;
    while (!is(Token::Kind::end)) {
      Token first = next();
      if (first.kind == Token::Kind::text) {
        body.push_back(make_statement(Kind::text, first.position));
        body.back().text = std::move(first.text);
      } else if (first.kind == Token::Kind::output_begin) {
        body.push_back(make_statement(Kind::output, first.position));
        body.back().value = parse_tuple(Conditional::allowed);
        if (!is(Token::Kind::output_end)) unexpected("'}}'");
        next();
      } else {
        const bool ends_here =
            std::any_of(ends.begin(), ends.end(), [this](auto end) { return is_name(end); });
        if (ends_here) return body;
        body.push_back(parse_statement(first.position));
      }
    }
    if (!ends.empty()) error(begin, fmt::format("the block here has no '{}'", ends.back()));
    return body;
  }

  static Statement make_statement(Kind kind, Position position) {
    Statement statement;
    statement.kind = kind;
    statement.position = position;
    return statement;
  }

  Statement parse_statement(Position position) {
    if (!is(Token::Kind::name)) unexpected("the name of a tag");
    const std::string tag = next().text;
    if (tag == "if") return parse_condition(position);
    if (tag == "for") return parse_loop(position);
    if (tag == "set") return parse_set(position);
    if (tag == "macro") return parse_macro(position);
    if (tag == "generation") return parse_generation(position);
    if (tag == "break" || tag == "continue") {
      if (!place_.inside_loop) error(position, fmt::format("'{}' outside of a loop", tag));
      end_tag();
      return make_statement(tag == "break" ? Kind::break_loop : Kind::continue_loop, position);
    }
    error(position, fmt::format("the tag '{}' is not supported here", tag));
  }

  void end_tag() {
    if (!is(Token::Kind::block_end)) unexpected("'%}'");
    next();
  }

  void end_tag(std::string_view name) {
    if (!skip_name(name)) unexpected(fmt::format("'{}'", name));
    end_tag();
  }

  Statement parse_condition(Position position) {
    Statement statement = make_statement(Kind::condition, position);
    do {
      Statement::Branch branch;
      branch.condition = parse_tuple(Conditional::forbidden);
      end_tag();
      branch.body = parse_body({"elif", "else", "endif"});
      statement.branches.push_back(std::move(branch));
    } while (skip_name("elif"));
    if (skip_name("else")) {
      end_tag();
      statement.otherwise = parse_body({"endif"});
    }
    end_tag("endif");
    return statement;
  }

  Statement parse_loop(Position position) {
    Statement statement = make_statement(Kind::loop, position);
    statement.target = parse_target();
    const auto& names = statement.target.names;
    if (std::find(names.begin(), names.end(), "loop") != names.end()) {
      error(position, "'loop' cannot be a variable of a for");
    }
    if (!statement.target.attribute.empty()) error(position, "a for needs plain names");
    if (!skip_name("in")) unexpected("'in'");
    statement.value = parse_tuple(Conditional::forbidden);
    if (skip_name("if")) statement.filter = parse_expression();
    if (is_name("recursive")) unexpected("the end of the tag ('recursive' is not supported)");
    end_tag();
    const Place outside = place_;
    place_.inside_loop = place_.inside_scope = true;
    statement.body = parse_body({"else", "endfor"});
    place_.inside_loop = outside.inside_loop;
    if (skip_name("else")) {
      end_tag();
      statement.otherwise = parse_body({"endfor"});
    }
    place_ = outside;
    end_tag("endfor");
    return statement;
  }

  Target parse_target() {
    Target target;
    const bool parenthesis = skip_symbol("(");
    target.names.push_back(parse_target_name());
    if (!parenthesis && skip_symbol(".")) {
      target.attribute = expect_name();
      return target;
    }
    target.is_tuple = is_symbol(",");
    while (skip_symbol(",")) {
      if (!is(Token::Kind::name)) break;
      target.names.push_back(parse_target_name());
    }
    if (parenthesis) expect_symbol(")");
    return target;
  }

  std::string parse_target_name() {
    static constexpr std::array<std::string_view, 6> kConstants = {"true",  "True", "false",
                                                                   "False", "none", "None"};
    const Position position = token().position;
    std::string name = expect_name();
    if (std::find(kConstants.begin(), kConstants.end(), name) != kConstants.end()) {
      error(position, fmt::format("cannot assign to '{}'", name));
    }
    return name;
  }

  Statement parse_set(Position position) {
    Statement statement = make_statement(Kind::set, position);
    statement.target = parse_target();
    if (skip_symbol("=")) {
      statement.value = parse_tuple(Conditional::allowed);
      end_tag();
      return statement;
    }
    statement.kind = Kind::set_block;
    if (statement.target.is_tuple) error(position, "a set block has one target");
    if (is_symbol("|")) statement.value = parse_filters(nullptr);
    end_tag();
    statement.body = parse_scope({"endset"});
    end_tag("endset");
    return statement;
  }

  /// A body whose variables are its own and from which no loop can be left.
  std::vector<Statement> parse_scope(std::vector<std::string_view> ends) {
    const Place outside = place_;
    place_.inside_loop = false;
    place_.inside_scope = true;
    std::vector<Statement> body = parse_body(std::move(ends));
    place_ = outside;
    return body;
  }

  Statement parse_macro(Position position) {
    // Elsewhere a macro would have to keep alive the variables around it.
    if (place_.inside_scope) error(position, "a macro inside of another block than if");
    Statement statement = make_statement(Kind::macro, position);
    statement.text = parse_target_name();
    expect_symbol("(");
    while (!is_symbol(")")) {
      Statement::Parameter parameter;
      const Position at = token().position;
      parameter.name = parse_target_name();
      for (const auto& other : statement.parameters) {
        if (other.name == parameter.name) error(at, "two parameters of one name");
      }
      if (skip_symbol("=")) {
        parameter.fallback = parse_expression();
      } else if (!statement.parameters.empty() && statement.parameters.back().fallback) {
        error(at, "a parameter without a default after one with");
      }
      statement.parameters.push_back(std::move(parameter));
      if (!skip_symbol(",")) break;
    }
    expect_symbol(")");
    end_tag();
    statement.body = parse_scope({"endmacro"});
    end_tag("endmacro");
    return statement;
  }

  Statement parse_generation(Position position) {
    if (place_.inside_generation) error(position, "a generation block inside another");
    Statement statement = make_statement(Kind::generation, position);
    end_tag();
    place_.inside_generation = true;
    statement.body = parse_scope({"endgeneration"});
    place_.inside_generation = false;
    end_tag("endgeneration");
    return statement;
  }

  Place place_;
};

}  // namespace

std::vector<Statement> parse(std::string_view source, const std::string& name) {
  return Parser(tokenize(source, name), name).run();
}

}  // namespace grpo::policy::jinja
