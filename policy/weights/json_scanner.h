#pragma once

#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

namespace grpo::policy {

/// JSON read front to back, without a tree: for headers of a hundred thousand entries. The reader
/// asks for what its format has next; anything else is an Error (exit code 2) that names file,
/// place and byte. Strict: RFC 8259, valid UTF-8.
class JsonScanner {
 public:
  /// Borrows `text`. `file` begins every error.
  JsonScanner(std::string_view text, std::string file) : text_(text), file_(std::move(file)) {}

  /// Enters an object; next_key then gives its keys, each to be followed by a call that reads the
  /// value, and false at its end.
  void begin_object();
  bool next_key(std::string_view& key);

  /// A string: a part of the text, or of strings() where it has escapes.
  std::string_view string();
  /// A number without fraction or exponent, within 64 bits.
  int64_t integer();
  /// Appends a list of them.
  void integers(std::vector<int64_t>& out);
  /// The text of any one value, itself not checked.
  std::string_view value();
  /// Nothing but white space may follow.
  void finish();

  /// What errors name after the file. Must stay valid.
  void set_place(std::string_view place) { place_ = place; }
  /// Throws Error: file, place, byte, `expected`, and what stands there.
  [[noreturn]] void fail(std::string_view expected) const;

  /// Strings that had escapes; take them along to keep the views valid.
  std::forward_list<std::string>&& take_strings() { return std::move(strings_); }

 private:
  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  /// Takes the character after white space when it is `c`.
  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// Up to the next quote, backslash or control character; whether all before it is ASCII.
  bool skip_plain();
  std::string_view unescape(size_t begin);
  uint32_t hex4();

  std::string_view text_;
  std::string file_;
  std::string_view place_;
  size_t at_ = 0;
  bool first_ = false;  // no key of the innermost object has been read
  std::forward_list<std::string> strings_;
};

}  // namespace grpo::policy
