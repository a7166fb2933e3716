#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include "tests/apps/program.h"

namespace grpo::testing {
namespace {

/// The program on a terminal of its own.
class Terminal {
 public:
  explicit Terminal(const std::vector<std::string>& arguments) {
    process_ = forkpty(&fd_, nullptr, nullptr, nullptr);
    if (process_ != 0) {
      // Else the terminal would throw away, at Ctrl-C, output that has not been read yet.
      termios settings{};
      EXPECT_EQ(tcgetattr(fd_, &settings), 0);
      settings.c_lflag |= NOFLSH;
      EXPECT_EQ(tcsetattr(fd_, TCSANOW, &settings), 0);
      return;
    }
    std::vector<char*> argv = {const_cast<char*>(GRPO_BINARY)};
    for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execv(GRPO_BINARY, argv.data());
    _exit(127);
  }
  ~Terminal() { close(fd_); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& text) {
    ASSERT_EQ(write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// What appears up to and including `end`; all of it when the program ends or stays silent.
  std::string read_until(const std::string& end) {
    std::string text;
    pollfd ready{fd_, POLLIN, 0};
    char buffer[512];
    while (!text.ends_with(end) && poll(&ready, 1, /*timeout_ms=*/30'000) == 1) {
      const ssize_t count = read(fd_, buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<size_t>(count));
    }
    return text;
  }
  int exit_code() {
    int status = 0;
    waitpid(process_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  int fd_ = -1;
  pid_t process_ = -1;
};

TEST(Chat, AnswersLinesAndStopsAtQuit) {
  Terminal terminal({"generate", "--model", tiny_model(), "--max-tokens", "4"});
  EXPECT_THAT(terminal.read_until("> "), ::testing::HasSubstr("/quit leaves"));
  terminal.type("hello\\\n");
  terminal.read_until("… ");
  terminal.type("there\n");
  EXPECT_THAT(terminal.read_until("\n> "), ::testing::EndsWith("\n> "));
  terminal.type("/quit\n");
  terminal.read_until("never");
  EXPECT_EQ(terminal.exit_code(), 0);
}

TEST(Chat, InterruptStopsTheAnswerAndNotTheProgram) {
  Terminal terminal({"generate", "--model", tiny_model(), "--max-tokens", "200"});
  terminal.read_until("> ");
  terminal.type("hello\n");
  terminal.read_until("hello\r\n");  // the terminal's own echo
  terminal.type("\x03");
  EXPECT_THAT(terminal.read_until("\n> "), ::testing::EndsWith("\n> "));
  terminal.type("/quit\n");
  terminal.read_until("never");
  EXPECT_EQ(terminal.exit_code(), 0);
}

}  // namespace
}  // namespace grpo::testing
