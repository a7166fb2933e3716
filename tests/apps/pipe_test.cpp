#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/apps/program.h"

namespace grpo::testing {
namespace {

/// The program as another program's tool: rows go in and out by one socket.
class Tool {
 public:
  explicit Tool(const std::string& command) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    process_ = fork();
    if (process_ == 0) {
      dup2(ends[1], STDIN_FILENO);
      dup2(ends[1], STDOUT_FILENO);
      close(ends[0]);
      const std::string line = std::string("exec ") + GRPO_BINARY + " " + command;
      execl("/bin/sh", "sh", "-c", line.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    fd_ = ends[0];
  }
  ~Tool() { close(fd_); }
  Tool(const Tool&) = delete;
  Tool& operator=(const Tool&) = delete;

  void send(const std::string& line) {
    ASSERT_EQ(write(fd_, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  }
  /// One line; "" when none comes.
  std::string receive() {
    std::string line;
    pollfd ready{fd_, POLLIN, 0};
    char c = 0;
    while (!line.ends_with('\n') && poll(&ready, 1, /*timeout_ms=*/30'000) == 1 &&
           read(fd_, &c, 1) == 1) {
      line += c;
    }
    return line;
  }
  int finish() {
    shutdown(fd_, SHUT_WR);
    int status = 0;
    waitpid(process_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  int fd_ = -1;
  pid_t process_ = -1;
};

void expect_answers_before_the_next_row(const std::string& command, const std::string& row) {
  Tool tool(command);
  for (int i = 0; i < 2; ++i) {
    tool.send(row);
    EXPECT_NE(tool.receive(), "") << command;
  }
  EXPECT_EQ(tool.finish(), 0) << command;
}

TEST(Pipe, EveryRowIsAnsweredBeforeTheNextOneIsSent) {
  expect_answers_before_the_next_row("verify math --workers 2",
                                     "{\"id\":1,\"gold\":\"4\",\"prediction\":\"4\"}\n");
  expect_answers_before_the_next_row(
      "generate --max-tokens 2 --input - --model " + tiny_model() + " 2> /dev/null",
      "{\"id\":1,\"ids\":[4]}\n");
  expect_answers_before_the_next_row("inspect tokens --model " + tiny_model(),
                                     "{\"id\":1,\"text\":\"a\"}\n");
}

TEST(Pipe, AMalformedRowEndsTheProgramThoughTheInputStaysOpen) {
  for (const std::string& command :
       {std::string("verify math 2> /dev/null"),
        "generate --input - --model " + tiny_model() + " 2> /dev/null"}) {
    Tool tool(command);
    tool.send("{\"id\":1}\n");
    EXPECT_EQ(tool.receive(), "") << command;  // the program's end closes its side
    EXPECT_EQ(tool.finish(), 2) << command;
  }
}

}  // namespace
}  // namespace grpo::testing
