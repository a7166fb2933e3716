#include "policy/tokenizer/jinja_evaluator.h"

#include <deque>

#include "policy/tokenizer/jinja_filters.h"
#include "policy/tokenizer/jinja_format.h"
#include "policy/tokenizer/jinja_functions.h"
#include "policy/tokenizer/jinja_methods.h"
#include "policy/tokenizer/jinja_operators.h"
#include "policy/tokenizer/jinja_scope.h"
#include "policy/tokenizer/jinja_tests.h"

namespace grpo::policy::jinja {
namespace {

constexpr int kMaxRecursion = 1000;  // of statements and expressions: bounds the machine stack
constexpr int kMaxCalls = 100;       // of macros inside macros

enum class Flow { normal, break_loop, continue_loop };

/// Counts a level of recursion for as long as it lives.
class Level {
 public:
  Level(int& level, int limit) : level_(level) {
    if (level_ >= limit) fail("recursion deeper than {}", limit);
    ++level_;
  }
  ~Level() { --level_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;

 private:
  int& level_;
};

class Evaluator {
 public:
  Evaluation run(const std::vector<Statement>& program, const std::string& name,
                 std::vector<std::pair<std::string, Value>> variables) {
    for (auto& variable : variables) root_.set(variable.first, std::move(variable.second));
    try {
      execute(program, root_);
    } catch (const TemplateError& error) {
      throw TemplateError(
          fmt::format("{}:{}:{}: {}", name, position_.line, position_.column, error.what()));
    }
    return std::move(result_);
  }

 private:
  Flow execute(const std::vector<Statement>& body, Scope& scope) {
    for (const Statement& statement : body) {
      const Flow flow = execute(statement, scope);
      if (flow != Flow::normal) return flow;
    }
    return Flow::normal;
  }

  Flow execute(const Statement& statement, Scope& scope) {
    const Level level(recursion_, kMaxRecursion);
    budget_.spend();
    position_ = statement.position;
    switch (statement.kind) {
      case Statement::Kind::text:
        write(statement.text);
        return Flow::normal;
      case Statement::Kind::output:
        write(to_text(evaluate(*statement.value, scope), budget_));
        return Flow::normal;
      case Statement::Kind::condition:
        return run_condition(statement, scope);
      case Statement::Kind::loop:
        return run_loop(statement, scope);
      case Statement::Kind::set:
        assign(statement.target, evaluate(*statement.value, scope), scope);
        return Flow::normal;
      case Statement::Kind::set_block:
        run_set_block(statement, scope);
        return Flow::normal;
      case Statement::Kind::macro:
        scope.set(statement.text, Value(Value::Variant(Macro{&statement})));
        return Flow::normal;
      case Statement::Kind::generation:
        run_generation(statement, scope);
        return Flow::normal;
      case Statement::Kind::break_loop:
        return Flow::break_loop;
      case Statement::Kind::continue_loop:
        return Flow::continue_loop;
    }
    fail("unknown statement");
  }

  void write(std::string_view text) {
    budget_.spend_text(out_->size() + text.size() > Budget::kMaxText ? Budget::kMaxText + 1
                                                                     : text.size());
    out_->append(text);
  }

  /// What the body writes, as a text of its own.
  std::string capture(const std::vector<Statement>& body, Scope& scope) {
    std::string text;
    std::string* const outside = std::exchange(out_, &text);
    execute(body, scope);
    out_ = outside;
    return text;
  }

  Flow run_condition(const Statement& statement, Scope& scope) {
    for (const auto& branch : statement.branches) {
      if (truthy(evaluate(*branch.condition, scope))) return execute(branch.body, scope);
    }
    return execute(statement.otherwise, scope);
  }

  Flow run_loop(const Statement& statement, Scope& scope) {
    const Value iterable = evaluate(*statement.value, scope);
    position_ = statement.position;
    auto loop = std::make_shared<LoopState>();
    loop->next = iterate(iterable, budget_);
    if (statement.filter != nullptr) {
      loop->next = [this, &statement, &scope, all = std::move(loop->next)]() {
        return next_that_passes(statement, scope, all);
      };
    }
    Flow flow = Flow::normal;
    bool any_completed = false;
    while (flow != Flow::break_loop && loop->advance()) {
      Scope pass(&scope);
      pass.set("loop", Value(Value::Variant(loop)));
      assign(statement.target, *loop->current, pass);
      flow = execute(statement.body, pass);
      any_completed |= flow == Flow::normal;
    }
    // A loop that was stored somewhere must not reach into the scope that now ends.
    *loop = LoopState{{}, loop->index0, loop->length, {}, {}, {}, {}};
    // Jinja notes a pass at the end of the body: one left by break or continue does not count.
    if (any_completed) return Flow::normal;
    Scope otherwise(&scope);
    return execute(statement.otherwise, otherwise);
  }

  std::optional<Value> next_that_passes(const Statement& statement, Scope& scope, const Next& all) {
    while (std::optional<Value> item = all()) {
      Scope pass(&scope);
      assign(statement.target, *item, pass);
      if (truthy(evaluate(*statement.filter, pass))) return item;
    }
    return std::nullopt;
  }

  void assign(const Target& target, Value value, Scope& scope) {
    if (!target.attribute.empty()) {
      const Value* found = scope.find(target.names[0], budget_);
      if (found == nullptr || !found->is<Namespace*>()) {
        fail("cannot assign attribute on non-namespace object");
      }
      set_attribute(**found->get<Namespace*>(), target.attribute, std::move(value), budget_);
      return;
    }
    if (!target.is_tuple) {
      scope.set(target.names[0], std::move(value));
      return;
    }
    require_defined(value);
    std::vector<Value> items = to_vector(value, budget_);
    if (items.size() != target.names.size()) {
      fail("ValueError: expected {} values to unpack, got {}", target.names.size(), items.size());
    }
    for (size_t i = 0; i < items.size(); ++i) scope.set(target.names[i], std::move(items[i]));
  }

  void run_set_block(const Statement& statement, Scope& scope) {
    Scope inner(&scope);
    Value text(capture(statement.body, inner));
    if (statement.value != nullptr) text = filtered(*statement.value, text, scope);
    assign(statement.target, std::move(text), scope);
  }

  /// The chain of filters of a set block; its innermost subject is null and stands for `text`.
  Value filtered(const Expression& filter, const Value& text, Scope& scope) {
    const Expression* inner = filter.children[0].get();
    const Value subject = inner != nullptr ? filtered(*inner, text, scope) : text;
    const Arguments arguments = evaluate_arguments(filter, scope);
    position_ = filter.position;
    return find_filter(filter.name)(subject, arguments, budget_);
  }

  void run_generation(const Statement& statement, Scope& scope) {
    Scope inner(&scope);
    const std::string text = capture(statement.body, inner);
    if (out_ == &result_.text) {
      result_.generation_spans.emplace_back(out_->size(), out_->size() + text.size());
    } else {
      result_.has_all_spans = false;
    }
    write(text);
  }

  Value evaluate(const Expression& node, Scope& scope) {
    const Level level(recursion_, kMaxRecursion);
    budget_.spend();
    position_ = node.position;
    const auto child = [&](size_t i) { return evaluate(*node.children[i], scope); };
    switch (node.kind) {
      case Expression::Kind::constant:
        return node.constant;
      case Expression::Kind::name:
        return look_up(node.name, scope);
      case Expression::Kind::list:
        return Value::list(evaluate_all(node, 0, scope));
      case Expression::Kind::tuple:
        return Value::tuple(evaluate_all(node, 0, scope));
      case Expression::Kind::dict:
        return make_dict(evaluate_all(node, 0, scope));
      case Expression::Kind::conditional:
        return evaluate_conditional(node, scope);
      case Expression::Kind::logical_not:
        return Value(!truthy(child(0)));
      case Expression::Kind::logical_and: {
        Value left = child(0);
        return truthy(left) ? child(1) : left;
      }
      case Expression::Kind::logical_or: {
        Value left = child(0);
        return truthy(left) ? left : child(1);
      }
      case Expression::Kind::comparison:
        return evaluate_comparison(node, scope);
      case Expression::Kind::call:
        return call(node, scope);
      default:
        return evaluate_operation(node, scope);
    }
  }

  /// The kinds that evaluate all their children first.
  Value evaluate_operation(const Expression& node, Scope& scope) {
    if (node.kind == Expression::Kind::filter || node.kind == Expression::Kind::test) {
      const Value subject = evaluate(*node.children[0], scope);
      const Arguments arguments = evaluate_arguments(node, scope);
      position_ = node.position;
      if (node.kind == Expression::Kind::filter) {
        return find_filter(node.name)(subject, arguments, budget_);
      }
      return Value(find_test(node.name)(subject, arguments, budget_));
    }
    const std::vector<Value> operands = evaluate_all(node, 0, scope);
    position_ = node.position;
    switch (node.kind) {
      case Expression::Kind::attribute:
        return get_attribute(operands[0], node.name, budget_);
      case Expression::Kind::item:
        return get_item(operands[0], operands[1], budget_);
      case Expression::Kind::slice:
        return get_slice(operands[0], operands[1], operands[2], operands[3], budget_);
      case Expression::Kind::negative:
        return negate(operands[0]);
      case Expression::Kind::positive:
        return plus_sign(operands[0]);
      case Expression::Kind::binary:
        return binary(node.name, operands[0], operands[1], budget_);
      case Expression::Kind::concat: {
        std::string text;
        for (const Value& operand : operands) text += to_text(operand, budget_);
        budget_.spend_text(text.size());
        return Value(std::move(text));
      }
      default:
        fail("unknown expression");
    }
  }

  /// None for an absent child (an open end of a slice).
  std::vector<Value> evaluate_all(const Expression& node, size_t first, Scope& scope) {
    std::vector<Value> values;
    values.reserve(node.children.size());
    for (size_t i = first; i < node.children.size(); ++i) {
      values.push_back(node.children[i] ? evaluate(*node.children[i], scope) : Value());
    }
    return values;
  }

  Arguments evaluate_arguments(const Expression& node, Scope& scope) {
    Arguments arguments{evaluate_all(node, 1, scope), {}};
    for (const auto& [name, value] : node.named) {
      arguments.named.emplace_back(name, evaluate(*value, scope));
    }
    return arguments;
  }

  Value make_dict(std::vector<Value> flat) {
    std::vector<std::pair<Value, Value>> items;
    for (size_t i = 0; i < flat.size(); i += 2) {
      if (flat[i].dict() != nullptr ||
          (flat[i].sequence() != nullptr && flat[i].sequence()->kind == Sequence::Kind::list)) {
        fail("TypeError: unhashable type: '{}'", type_name(flat[i]));
      }
      insert(items, std::move(flat[i]), std::move(flat[i + 1]), budget_);
    }
    return Value::dict(std::move(items));
  }

  Value evaluate_conditional(const Expression& node, Scope& scope) {
    if (truthy(evaluate(*node.children[0], scope))) return evaluate(*node.children[1], scope);
    if (node.children[2] != nullptr) return evaluate(*node.children[2], scope);
    return Value::undefined(
        "UndefinedError: the inline if-expression evaluated to false and no else section was "
        "defined.");
  }

  Value evaluate_comparison(const Expression& node, Scope& scope) {
    Value left = evaluate(*node.children[0], scope);
    for (size_t i = 0; i < node.operators.size(); ++i) {
      Value right = evaluate(*node.children[i + 1], scope);
      position_ = node.position;
      if (!compare(node.operators[i], left, right, budget_)) return Value(false);
      left = std::move(right);
    }
    return Value(true);
  }

  Value look_up(const std::string& name, const Scope& scope) {
    if (const Value* found = scope.find(name, budget_)) return *found;
    if (const auto function = find_function(name)) return Value(Value::Variant(*function));
    return Value::undefined(fmt::format("UndefinedError: '{}' is undefined", name));
  }

  Value call(const Expression& node, Scope& scope) {
    const Value callee = evaluate(*node.children[0], scope);
    const Arguments arguments = evaluate_arguments(node, scope);
    position_ = node.position;
    require_defined(callee);
    if (const auto* method = callee.get<std::shared_ptr<const Method>>()) {
      return call_method(**method, arguments, budget_);
    }
    if (const Macro* macro = callee.get<Macro>()) return call_macro(*macro->definition, arguments);
    if (const Function* function = callee.get<Function>()) {
      return call_function(*function, arguments, namespaces_, budget_);
    }
    fail("TypeError: '{}' object is not callable", type_name(callee));
  }

  Value call_macro(const Statement& macro, const Arguments& arguments) {
    const Level level(calls_, kMaxCalls);
    if (arguments.positional.size() > macro.parameters.size()) {
      fail("TypeError: macro '{}' takes not more than {} argument(s)", macro.text,
           macro.parameters.size());
    }
    Scope inner(&root_);
    for (size_t i = 0; i < macro.parameters.size(); ++i) {
      set_parameter(macro, i, arguments, inner);
    }
    for (const auto& [name, value] : arguments.named) {
      bool is_known = false;
      for (const auto& parameter : macro.parameters) is_known |= parameter.name == name;
      if (!is_known) {
        fail("TypeError: macro '{}' takes no keyword argument '{}'", macro.text, name);
      }
    }
    return Value(capture(macro.body, inner));
  }

  void set_parameter(const Statement& macro, size_t index, const Arguments& arguments,
                     Scope& inner) {
    const Statement::Parameter& parameter = macro.parameters[index];
    const Value* given =
        index < arguments.positional.size() ? &arguments.positional[index] : nullptr;
    for (const auto& [name, value] : arguments.named) {
      if (name != parameter.name) continue;
      if (given != nullptr) {
        fail("TypeError: macro '{}' got multiple values for argument '{}'", macro.text, name);
      }
      given = &value;
    }
    if (given != nullptr) {
      inner.set(parameter.name, *given);
    } else if (parameter.fallback != nullptr) {
      inner.set(parameter.name, evaluate(*parameter.fallback, inner));
    } else {
      inner.set(parameter.name,
                Value::undefined(fmt::format("UndefinedError: parameter '{}' was not provided",
                                             parameter.name)));
    }
  }

  Budget budget_;
  std::deque<Namespace> namespaces_;  // stable addresses
  Scope root_{nullptr};
  Evaluation result_;
  std::string* out_ = &result_.text;
  Position position_;
  int recursion_ = 0;
  int calls_ = 0;
};

}  // namespace

Evaluation evaluate(const std::vector<Statement>& program, const std::string& name,
                    std::vector<std::pair<std::string, Value>> variables) {
  return Evaluator().run(program, name, std::move(variables));
}

}  // namespace grpo::policy::jinja
