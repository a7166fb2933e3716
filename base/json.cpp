#include "base/json.h"

#include <cmath>
#include <limits>

#include "base/yaml.h"

namespace grpo {
namespace {

constexpr int kMaxDepth = 200;

/// Counted on the text, before the parser runs: it costs one pass, and nothing recurses yet.
void check_depth(std::string_view text, const std::string& where) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      check_input(++depth <= kMaxDepth, "{}: nested deeper than {} levels", where, kMaxDepth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

template <class J>
void print(const J& value, std::string& out) {
  switch (value.type()) {
    case J::value_t::object: {
      out += '{';
      bool first = true;
      for (const auto& [key, item] : value.items()) {
        if (!first) out += ',';
        first = false;
        print(J(key), out);
        out += ':';
        print(item, out);
      }
      out += '}';
      break;
    }
    case J::value_t::array: {
      out += '[';
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (i > 0) out += ',';
        print(value[i], out);
      }
      out += ']';
      break;
    }
    case J::value_t::number_float: {
      const auto number = value.template get<double>();
      check(std::isfinite(number), "a JSON number must be finite: json_number makes it a text");
      out += number_text(number);
      break;
    }
    default:
      out += value.dump(-1, ' ', false, J::error_handler_t::replace);
  }
}

template <class Real>
OrderedJson number_or_text(Real value) {
  const std::string text = number_text(value);
  // The double nearest to a float's shortest form has that same shortest form.
  if (const auto number = parse_number(text)) return *number;
  return text;
}

}  // namespace

template <class J>
J parse_json(std::string_view text, const std::string& where) {
  check_depth(text, where);
  try {
    return J::parse(text);
  } catch (const typename J::exception& error) {
    std::string_view what = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 3: …": the tag says nothing.
    if (const auto end = what.find("] "); end != std::string_view::npos)
      what.remove_prefix(end + 2);
    throw Error(fmt::format("{}: {}", where, what), 2);
  }
}
template Json parse_json<Json>(std::string_view, const std::string&);
template OrderedJson parse_json<OrderedJson>(std::string_view, const std::string&);

template <class J>
std::string print_json(const J& value) {
  std::string out;
  print(value, out);
  return out;
}
template std::string print_json(const Json&);
template std::string print_json(const OrderedJson&);

OrderedJson json_number(double value) { return number_or_text(value); }
OrderedJson json_number(float value) { return number_or_text(value); }

template <class J>
std::string describe_json(const J& value) {
  switch (value.type()) {
    case J::value_t::null:
      return "null";
    case J::value_t::boolean:
      return value.template get<bool>() ? "true" : "false";
    case J::value_t::object:
      return "an object";
    case J::value_t::array:
      return "a list";
    case J::value_t::string: {
      auto text = value.dump(-1, ' ', false, J::error_handler_t::replace);
      constexpr std::size_t kShown = 60;
      if (text.size() > kShown) text = text.substr(0, kShown) + "…";
      return "the text " + text;
    }
    default:
      return "the number " + value.dump();
  }
}
template std::string describe_json(const Json&);
template std::string describe_json(const OrderedJson&);

template <class J>
BasicJsonObject<J>::BasicJsonObject(const J& value, std::string where, std::string path)
    : value_(&value), where_(std::move(where)), path_(std::move(path)) {
  check_input(value.is_object(), "{}: {}{}expected an object, got {}", where_, path_,
              path_.empty() ? "" : ": ", describe_json(value));
}

template <class J>
const J* BasicJsonObject<J>::find(const std::string& key) const {
  const auto found = value_->find(key);
  return found == value_->end() || found->is_null() ? nullptr : &*found;
}

template <class J>
void BasicJsonObject<J>::fail(const std::string& key, std::string_view what) const {
  throw Error(fmt::format("{}: {}: {}", where_, path_of(key), what), 2);
}

template <class J>
BasicJsonObject<J> BasicJsonObject<J>::object(const std::string& key) const {
  const J* field = find(key);
  check_input(field != nullptr, "{}: {}: required field is missing", where_, path_of(key));
  return {*field, where_, path_of(key)};
}

template <class J>
std::vector<BasicJsonObject<J>> BasicJsonObject<J>::objects(const std::string& key) const {
  const J* field = find(key);
  check_input(field != nullptr, "{}: {}: required field is missing", where_, path_of(key));
  expect_list(*field, path_of(key));
  std::vector<BasicJsonObject> out;
  for (std::size_t i = 0; i < field->size(); ++i) {
    out.emplace_back((*field)[i], where_, fmt::format("{}[{}]", path_of(key), i));
  }
  return out;
}

template <class J>
void BasicJsonObject<J>::refuse_unknown(const std::vector<std::string_view>& known) const {
  for (const auto& [key, value] : value_->items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const auto near = nearest(key, known);
    fail(key, fmt::format("unknown field; {}known here: {}",
                          near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near),
                          fmt::join(known, ", ")));
  }
}

template <class J>
void BasicJsonObject<J>::expect_list(const J& field, const std::string& path) const {
  check_input(field.is_array(), "{}: {}: expected a list, got {}", where_, path,
              describe_json(field));
}

template <class J>
void BasicJsonObject<J>::read(const J& field, const std::string& path, bool& out) const {
  check_input(field.is_boolean(), "{}: {}: expected true or false, got {}", where_, path,
              describe_json(field));
  out = field.template get<bool>();
}

template <class J>
void BasicJsonObject<J>::read(const J& field, const std::string& path, int64_t& out) const {
  const bool fits = !field.is_number_unsigned() ||
                    field.template get<uint64_t>() <= std::numeric_limits<int64_t>::max();
  check_input(field.is_number_integer() && fits, "{}: {}: expected a 64-bit integer, got {}",
              where_, path, describe_json(field));
  out = field.template get<int64_t>();
}

template <class J>
void BasicJsonObject<J>::read(const J& field, const std::string& path, double& out) const {
  if (field.is_number()) {
    out = field.template get<double>();
    return;
  }
  const auto text = field.is_string() ? field.template get<std::string>() : "";
  if (text == "inf" || text == "-inf" || text == "nan") {
    out = text == "nan" ? std::nan("") : text == "inf" ? INFINITY : -INFINITY;
    return;
  }
  check_input(false, "{}: {}: expected a number, got {}", where_, path, describe_json(field));
}

template <class J>
void BasicJsonObject<J>::read(const J& field, const std::string& path, std::string& out) const {
  check_input(field.is_string(), "{}: {}: expected a text, got {}", where_, path,
              describe_json(field));
  out = field.template get<std::string>();
}

template class BasicJsonObject<Json>;
template class BasicJsonObject<OrderedJson>;

}  // namespace grpo
