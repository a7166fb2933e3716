#pragma once

#include <filesystem>
#include <stdexcept>
#include <string_view>

/// Readers of foreign bytes, each as one function: libFuzzer feeds it through entry.cpp
/// (tests/fuzz/run), fuzz_test.cpp feeds it every file of tests/fuzz/corpus. It returns when the
/// bytes were read or refused with Error; everything else is a bug: another exception, a crash, a
/// hang, an allocation out of proportion.
namespace grpo::fuzz {

void chat_template(std::string_view bytes);
void code_frame(std::string_view bytes);
void config(std::string_view bytes);
void extract(std::string_view bytes);
void gguf(std::string_view bytes);
void latex(std::string_view bytes);
void math_pair(std::string_view bytes);
void safetensors(std::string_view bytes);
void tokenizer_json(std::string_view bytes);
void verify_rows(std::string_view bytes);

/// For what must hold of bytes that were accepted. Not an Error, which means a refusal.
inline void require(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

/// A file in memory, for readers that want a path.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Replaces its bytes and returns its path.
  const std::filesystem::path& hold(std::string_view bytes);

 private:
  int fd_;
  std::filesystem::path path_;
};

}  // namespace grpo::fuzz
