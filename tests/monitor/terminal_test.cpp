#include "monitor/terminal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>

namespace grpo::monitor {
namespace {

Record example() {
  Record record{12, {}};
  record.set("perf/throughput", 12345);
  record.set("reward/mean", 0.51234);
  record.set("response_length/mean", 311.2);
  return record;
}

std::string read_available(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t got; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

TEST(Terminal, NumbersAndTimesAreShort) {
  EXPECT_EQ(short_number(0.51234), "0.512");
  EXPECT_EQ(short_number(311.2), "311");
  EXPECT_EQ(short_number(999.7), "1k");
  EXPECT_EQ(short_number(-12345), "-12.3k");
  EXPECT_EQ(short_number(4.567e6), "4.57M");
  EXPECT_EQ(short_number(1e-6), "1e-06");
  EXPECT_EQ(short_duration(45.4), "45s");
  EXPECT_EQ(short_duration(725), "12m05s");
  EXPECT_EQ(short_duration(3725), "1h02m");
  EXPECT_EQ(short_duration(273600), "3d04h");
}

TEST(Terminal, LineHoldsWhatTheRecordHas) {
  ProgressOptions options;
  options.total_steps = 200;
  EXPECT_EQ(progress_line(example(), options, 3725, 200, false),
            "step 12/200  ETA 1h02m  reward 0.512  length 311  tok/s 12.3k");
  EXPECT_EQ(progress_line(example(), options, 3725, 40, false),
            "step 12/200  ETA 1h02m  reward 0.512");
  EXPECT_THAT(progress_line(example(), options, 3725, 200, true),
              testing::HasSubstr("\x1b[2mreward\x1b[0m 0.512"));
}

TEST(Terminal, TheTimeLeftAndTheRewardFitEightyColumns) {
  Record record{123456, {}};
  for (const char* name : {"reward/mean", "reward/accuracy", "train/loss", "response_length/mean",
                           "perf/throughput"}) {
    record.set(name, -0.000123456);
  }
  ProgressOptions options;
  options.total_steps = 200000;
  EXPECT_EQ(progress_line(record, options, 273600, 79, false),
            "step 123456/200000  ETA 3d04h  reward -0.000123  accuracy -0.000123");
}

TEST(Terminal, APipeGetsAPlainLinePerStep) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  {
    ProgressOptions options;
    options.total_steps = 12;
    options.fd = ends[1];
    TerminalProgress progress(options);
    progress.note("sampling");
    progress.write(example());
    progress.write(example());
  }
  ::close(ends[1]);
  const std::string line = "step 12/12  reward 0.512  length 311  tok/s 12.3k\n";
  EXPECT_EQ(read_available(ends[0]), line + line);
  ::close(ends[0]);
}

TEST(Terminal, ATerminalGetsOneLineThatIsWrittenOver) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master), 0);
  ASSERT_EQ(::unlockpt(master), 0);
  const int terminal = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  winsize size{};
  size.ws_col = 41;
  ASSERT_EQ(::ioctl(terminal, TIOCSWINSZ, &size), 0);
  EXPECT_EQ(terminal_width(terminal), 41u);
  ::setenv("NO_COLOR", "1", 1);
  {
    ProgressOptions options;
    options.total_steps = 12;
    options.fd = terminal;
    TerminalProgress progress(options);
    progress.note("sampling 1/2");
    progress.write(example());
    progress.note("evaluating 3/400");
    progress.note("this note is too long for any line of so few columns");
  }
  ::unsetenv("NO_COLOR");
  ASSERT_EQ(::fcntl(master, F_SETFL, O_NONBLOCK), 0);
  EXPECT_EQ(read_available(master),
            "\r\x1b[Ksampling 1/2\r\x1b[Kstep 12/12  reward 0.512  length 311"
            "\r\x1b[Kstep 12/12  evaluating 3/400\r\n");
  ::close(terminal);
  ::close(master);
}

TEST(Terminal, WidthFallsBackToColumns) {
  ::setenv("COLUMNS", "123", 1);
  EXPECT_EQ(terminal_width(-1), 123u);
  ::setenv("COLUMNS", "wide", 1);
  EXPECT_EQ(terminal_width(-1), 80u);
  ::unsetenv("COLUMNS");
}

}  // namespace
}  // namespace grpo::monitor
